// The button that opens the files of the machine.

import { Paperclip } from 'lucide-react'
import { useRef } from 'react'
import { strings } from '../strings'
import { testids } from '../testids'
import styles from './Attach.module.css'

export const Attach = ({ attach }: { attach: (files: readonly File[]) => void }) => {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        data-testid={testids.chatFile}
        aria-label={strings.chat.attach}
        onChange={(event) => {
          attach([...(event.target.files ?? [])])
          event.target.value = '' // or the same file could not be chosen again
        }}
      />
      <button
        type="button"
        className={styles.attach}
        data-testid={testids.chatAttach}
        aria-label={strings.chat.attach}
        title={strings.chat.attach}
        onClick={() => input.current?.click()}
      >
        <Paperclip size={20} aria-hidden="true" />
      </button>
    </>
  )
}
