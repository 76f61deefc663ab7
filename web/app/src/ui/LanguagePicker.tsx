// Which language the page speaks, as a native select; each language under its own name.

import { ChevronDown, Languages } from 'lucide-react'
import { useStore } from '../store'
import { chooseLanguage, language, languages, strings } from '../strings'
import { testids } from '../testids'
import styles from './LanguagePicker.module.css'

export const LanguagePicker = () => {
  const { code } = useStore(language)
  return (
    <label className={styles.picker} title={strings.language}>
      <Languages size={18} aria-hidden="true" />
      <span className="unseen">{strings.language}</span>
      <select
        value={code}
        data-testid={testids.language}
        onChange={(event) => void chooseLanguage(event.target.value)}
      >
        {languages.map(({ code, name }) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
      <ChevronDown size={16} aria-hidden="true" />
    </label>
  )
}
