// The sheet that says which key does what.

import { strings } from '../strings'
import { testids } from '../testids'
import { Sheet } from '../ui/Sheet'
import type { Action } from './actions'
import styles from './Shortcuts.module.css'

interface Props {
  actions: readonly Pick<Action, 'id' | 'label' | 'keys'>[]
  close: () => void
}

export const Shortcuts = ({ actions, close }: Props) => (
  <Sheet heading={strings.keys.heading} testid={testids.keys} close={close}>
    <dl className={styles.keys}>
      {actions.map(({ id, label, keys }) =>
        keys === undefined ? null : (
          <div key={id}>
            <dt>{label}</dt>
            <dd>
              <kbd>{keys}</kbd>
            </dd>
          </div>
        ),
      )}
      <div>
        <dt>{strings.keys.escape}</dt>
        <dd>
          <kbd>Esc</kbd>
        </dd>
      </div>
    </dl>
  </Sheet>
)
