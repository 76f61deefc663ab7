// Who opened a panel is there again when it closes: the focus goes back to what had it before, or, where that was an
// entry of a menu, to the button of the menu.

import { useEffect, useState } from 'react'

const opener = (): HTMLElement | null => {
  const active = document.activeElement
  const menu = active?.closest('[role="menu"], [role="dialog"]')
  const button = menu?.id ? document.querySelector(`[aria-controls="${CSS.escape(menu.id)}"]`) : active
  return button instanceof HTMLElement ? button : null
}

export const useFocusReturn = (): void => {
  // While rendering: what opens takes the focus as soon as it is there.
  const [before] = useState(opener)
  useEffect(
    () => () => {
      // Unless it went elsewhere by itself.
      if (document.activeElement === document.body) before?.focus()
    },
    [before],
  )
}
