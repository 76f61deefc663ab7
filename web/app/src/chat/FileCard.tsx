// A file in the chat: a picture is shown, anything else is a card with its name. Both can be saved.

import { Download, FileText, X } from 'lucide-react'
import { useState } from 'react'
import { language, strings } from '../strings'
import { testids } from '../testids'
import { type ChatFile, endingOf, isPicture, sizeOf } from './file'
import styles from './FileCard.module.css'

interface Props {
  file: ChatFile
  // Where it is; undefined while it is on its way.
  url: string | undefined
  // How much of it has gone, from 0 to 1; undefined: it is not on its way.
  progress: number | undefined
  cancel: () => void
}

export const FileCard = ({ file, url, progress, cancel }: Props) => {
  const [gone, setGone] = useState(false)
  const { name } = file
  const save = url !== undefined && !gone && (
    <a
      className={styles.save}
      href={url}
      download={name}
      aria-label={strings.chat.save(name)}
      title={strings.chat.save(name)}
    >
      <Download size={18} aria-hidden="true" />
    </a>
  )
  if (url !== undefined && isPicture(file.type) && !gone)
    return (
      <div className={styles.picture} data-testid={testids.chatPicture}>
        <a href={url} target="_blank" rel="noopener noreferrer" title={name}>
          <img src={url} alt={name} loading="lazy" decoding="async" onError={() => setGone(true)} />
        </a>
        {save}
      </div>
    )
  return (
    <div className={styles.card} data-testid={testids.chatCard}>
      <span className={styles.icon} aria-hidden="true">
        <FileText size={22} />
        <small>{endingOf(name)}</small>
      </span>
      <div className={styles.about}>
        <bdi className={styles.name} title={name}>
          {name}
        </bdi>
        {progress === undefined ? (
          <span className={styles.size}>
            {gone ? strings.chat.gone : sizeOf(file.size, language.get().code)}
          </span>
        ) : (
          <progress
            className={styles.progress}
            value={progress}
            aria-label={strings.chat.sendingFile(name)}
          />
        )}
      </div>
      {progress === undefined ? (
        save
      ) : (
        <button
          type="button"
          className={styles.save}
          onClick={cancel}
          aria-label={strings.chat.cancel(name)}
          title={strings.chat.cancel(name)}
        >
          <X size={18} aria-hidden="true" />
        </button>
      )}
    </div>
  )
}
