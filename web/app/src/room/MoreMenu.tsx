// Everything that has no place in the bar.

import { Check, EllipsisVertical } from 'lucide-react'
import { Fragment, type KeyboardEvent } from 'react'
import { strings } from '../strings'
import { testids } from '../testids'
import { Popover } from '../ui/Popover'
import { type Action, GROUPS } from './actions'
import controls from './Controls.module.css'
import styles from './MoreMenu.module.css'

interface Props {
  actions: readonly Action[]
}

export const MoreMenu = ({ actions }: Props) => (
  <Popover
    label={strings.room.more}
    align="end"
    kind="menu"
    button={(trigger) => (
      <button
        type="button"
        className={`${controls.round} ${controls.more}`}
        data-testid={testids.more}
        aria-label={strings.room.more}
        title={strings.room.more}
        {...trigger}
      >
        <EllipsisVertical size={22} aria-hidden="true" />
      </button>
    )}
  >
    {(close) => (
      <div className={styles.menu} onKeyDown={walk}>
        {GROUPS.map((group) => {
          const members = actions.filter((a) => (a.group ?? 'room') === group)
          if (members.length === 0) return null
          return (
            <Fragment key={group}>
              <hr className={styles.line} />
              {members.map((action) =>
                action.opens === undefined ? (
                  <Item key={action.id} action={action} close={close} />
                ) : (
                  <div key={action.id} className={styles.more}>
                    {action.opens(true, close)}
                  </div>
                ),
              )}
            </Fragment>
          )
        })}
      </div>
    )}
  </Popover>
)

const Item = ({ action, close }: { action: Action; close: () => void }) => {
  const { label, icon: Icon, on, keys, badge, detail, testid, run } = action
  return (
    <button
      type="button"
      role={on === undefined ? 'menuitem' : 'menuitemcheckbox'}
      aria-checked={on}
      aria-label={detail === undefined ? undefined : `${label}, ${detail}`}
      aria-keyshortcuts={keys}
      className={styles.item}
      data-testid={testid}
      onClick={() => {
        close()
        run()
      }}
    >
      <Icon size={20} aria-hidden="true" />
      <span className={styles.label}>{label}</span>
      {badge !== undefined && badge > 0 && <span className={styles.badge}>{badge}</span>}
      {on === true && <Check size={18} aria-hidden="true" className={styles.on} />}
      {keys !== undefined && (
        <kbd className={styles.keys} aria-hidden="true">
          {keys}
        </kbd>
      )}
    </button>
  )
}

// Arrows, Home and End go through the items, as in any menu.
const walk = (event: KeyboardEvent<HTMLElement>) => {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role^="menuitem"]')]
  const at = items.indexOf(document.activeElement as HTMLElement)
  const to = {
    ArrowDown: at + 1,
    ArrowRight: at + 1,
    ArrowUp: Math.max(at, 0) - 1,
    ArrowLeft: Math.max(at, 0) - 1,
    Home: 0,
    End: items.length - 1,
  }[event.key]
  if (to === undefined || items.length === 0) return
  event.preventDefault()
  items[(to + items.length) % items.length]?.focus()
}
