// What stands behind oneself, as a native select. Not there where the browser cannot do it.

import { ChevronDown, ScanFace } from 'lucide-react'
import styles from '../media/DevicePicker.module.css'
import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import { background, type Background, canBlur, chooseBackground, gaveUp } from './background'

export const BackgroundPicker = () => {
  const chosen = useStore(background)
  const why = useStore(gaveUp)
  if (!canBlur()) return null
  return (
    <div>
      <label className={styles.picker}>
        <ScanFace size={18} aria-hidden="true" className={styles.icon} />
        <span className="unseen">{strings.background.heading}</span>
        <select
          data-testid={testids.background}
          value={chosen}
          onChange={(event) => chooseBackground(event.target.value as Background)}
        >
          {(['none', 'blur'] as const).map((kind) => (
            <option key={kind} value={kind}>
              {strings.background.heading}: {strings.background[kind]}
            </option>
          ))}
        </select>
        <ChevronDown size={16} aria-hidden="true" className={styles.chevron} />
      </label>
      <p className={styles.why} role="status">
        {why !== undefined && strings.background[why]}
      </p>
    </div>
  )
}
