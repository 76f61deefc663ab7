// A link that a phone reads off the screen. What draws it is fetched when it is wanted.

import { useEffect, useState } from 'react'
import styles from './QrCode.module.css'

export const QrCode = ({ text, label }: { text: string; label: string }) => {
  const [cells, setCells] = useState<boolean[][]>()
  useEffect(() => {
    let over = false
    import('uqr')
      .then(({ encode }) => {
        // The margin is the plate's.
        if (!over) setCells(encode(text, { ecc: 'M', border: 0 }).data)
      })
      .catch(() => undefined)
    return () => {
      over = true
    }
  }, [text])
  const size = cells?.length ?? 1
  return (
    <div className={styles.plate}>
      {cells !== undefined && (
        <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shapeRendering="crispEdges">
          <path
            d={cells.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('')}
          />
        </svg>
      )}
    </div>
  )
}
