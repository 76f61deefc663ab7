// Turns the pages of the stage when not everybody fits.

import { ChevronLeft, ChevronRight } from 'lucide-react'
import { strings } from '../strings'
import { testids } from '../testids'
import styles from './Pages.module.css'

interface Props {
  page: number
  of: number
  turn: (page: number) => void
}

export const Pages = ({ page, of, turn }: Props) => (
  <nav
    className={styles.pages}
    aria-label={strings.room.pages}
    data-testid={testids.pages}
    data-page={page + 1}
    data-of={of}
  >
    <button
      type="button"
      aria-label={strings.room.previousPage}
      title={strings.room.previousPage}
      data-testid={testids.previousPage}
      disabled={page === 0}
      onClick={() => turn(page - 1)}
    >
      <ChevronLeft className="flips" size={20} aria-hidden="true" />
    </button>
    <span role="status" aria-label={strings.room.page(page + 1, of)}>
      {page + 1} / {of}
    </span>
    <button
      type="button"
      aria-label={strings.room.nextPage}
      title={strings.room.nextPage}
      data-testid={testids.nextPage}
      disabled={page === of - 1}
      onClick={() => turn(page + 1)}
    >
      <ChevronRight className="flips" size={20} aria-hidden="true" />
    </button>
  </nav>
)
