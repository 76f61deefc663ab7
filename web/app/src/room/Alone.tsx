import { UserPlus } from 'lucide-react'
import { strings } from '../strings'
import { Button } from '../ui/Button'
import styles from './Alone.module.css'
import { inviteLink } from './invite'

// Nobody else yet: what brings them here.
export const Alone = ({ room, invite }: { room: string; invite: () => void }) => (
  <section className={styles.alone}>
    <div>
      <h2>{strings.room.alone}</h2>
      <p dir="ltr">{inviteLink(room).replace(/^https?:\/\//u, '')}</p>
    </div>
    <Button look="primary" size="small" onClick={invite}>
      <UserPlus size={18} aria-hidden="true" />
      {strings.invite.heading}
    </Button>
  </section>
)
