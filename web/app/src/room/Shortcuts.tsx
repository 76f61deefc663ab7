// The sheet that says which key does what.

import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import { Sheet } from '../ui/Sheet'
import { Switch } from '../ui/Switch'
import type { Action } from './actions'
import { allowKeys, looks } from './looks'
import styles from './Shortcuts.module.css'

interface Props {
  actions: readonly Pick<Action, 'id' | 'label' | 'keys'>[]
  close: () => void
}

export const Shortcuts = ({ actions, close }: Props) => {
  const { keys: single } = useStore(looks)
  return (
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
      <Switch on={single} turn={allowKeys} label={strings.keys.single} how={strings.keys.singleHow} />
    </Sheet>
  )
}
