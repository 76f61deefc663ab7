// How others come here: the link to copy, to pass on with what the system has for that, or to read with a phone.

import { Copy, Share2 } from 'lucide-react'
import { useState } from 'react'
import { strings } from '../strings'
import { testids } from '../testids'
import { Button } from '../ui/Button'
import { Sheet } from '../ui/Sheet'
import { canShareLink, copy, inviteLink, shareLink } from './invite'
import styles from './InviteSheet.module.css'
import { QrCode } from './QrCode'

interface Props {
  room: string
  watch: boolean
  close: () => void
}

export const InviteSheet = ({ room, watch, close }: Props) => {
  const link = inviteLink(room, watch)
  const [said, setSaid] = useState('')
  return (
    <Sheet heading={strings.invite.heading} testid={testids.inviteSheet} close={close}>
      <p className={styles.how}>{strings.invite.how}</p>
      <p className={styles.link} data-testid={testids.inviteLink}>
        {link}
      </p>
      <div className={styles.ways}>
        <Button
          look="primary"
          data-testid={testids.inviteCopy}
          onClick={() =>
            void copy(link).then((done) => setSaid(done ? strings.room.copied : strings.invite.byHand))
          }
        >
          <Copy size={18} aria-hidden="true" />
          {strings.invite.copy}
        </Button>
        {canShareLink() && (
          <Button onClick={() => void shareLink(room, link)}>
            <Share2 size={18} aria-hidden="true" />
            {strings.invite.share}
          </Button>
        )}
      </div>
      <p className={styles.said} role="status">
        {said}
      </p>
      <QrCode text={link} label={strings.invite.code} />
    </Sheet>
  )
}
