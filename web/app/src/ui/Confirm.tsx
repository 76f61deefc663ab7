// Asks once more before something is done that cannot be undone.

import { strings } from '../strings'
import { testids } from '../testids'
import { Button } from './Button'
import styles from './Confirm.module.css'
import { Sheet } from './Sheet'

export interface Question {
  heading: string
  text: string
  // What the button says that does it.
  yes: string
  act: () => void
}

export const Confirm = ({ question, close }: { question: Question; close: () => void }) => (
  <Sheet heading={question.heading} testid={testids.confirm} close={close}>
    <p className={styles.text}>{question.text}</p>
    <div className={styles.ways}>
      <Button onClick={close} autoFocus>
        {strings.host.cancel}
      </Button>
      <Button
        look="danger"
        data-testid={testids.yes}
        onClick={() => {
          close()
          question.act()
        }}
      >
        {question.yes}
      </Button>
    </div>
  </Sheet>
)
