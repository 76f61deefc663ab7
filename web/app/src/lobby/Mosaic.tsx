// A picture of a call, made of nothing but boxes. Decoration only.

import { Mic, MicOff } from 'lucide-react'
import { Avatar } from '../ui/Avatar'
import styles from './Mosaic.module.css'

const PEOPLE = [
  { id: 'noor', name: 'Noor', speaking: true },
  { id: 'tomasz', name: 'Tomasz K' },
  { id: 'ines', name: 'Inês Prado' },
  { id: 'obi', name: 'Obi', muted: true },
  { id: 'mei', name: 'Mei Lin' },
]

export const Mosaic = () => (
  <div className={styles.mosaic} aria-hidden="true">
    {PEOPLE.map(({ id, name, speaking, muted }, i) => (
      <div
        key={id}
        className={`${styles.tile} ${styles[`t${i}`]} ${speaking === true ? styles.speaking : ''}`}
      >
        <Avatar id={id} name={name} className={styles.face} />
        <span className={styles.mic}>{muted === true ? <MicOff size={14} /> : <Mic size={14} />}</span>
      </div>
    ))}
  </div>
)
