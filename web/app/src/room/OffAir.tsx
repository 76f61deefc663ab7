import { Radio } from 'lucide-react'
import { strings } from '../strings'
import styles from './OffAir.module.css'

// For those who watch, while nobody is there to be seen.
export const OffAir = () => (
  <section className={styles.offAir} role="status">
    <Radio size={32} aria-hidden="true" />
    <h2>{strings.room.offAir}</h2>
    <p>{strings.room.offAirHow}</p>
  </section>
)
