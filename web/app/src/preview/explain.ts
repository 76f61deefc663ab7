// A device's problem in words: what happened, and what to do about it in this browser.

import type { Browser, Device, Problem } from '../media/problem'
import { strings } from '../strings'

const words = strings.problem

export const explain = (
  problem: Problem,
  devices: readonly Device[],
  browser: Browser,
  origin: string,
): { title: string; how: string } => {
  const what = devices.length === 2 ? words.both : words[devices[0] ?? 'camera']
  switch (problem) {
    case 'denied':
      return { title: words.denied.title(what), how: words.denied[browser] }
    case 'insecure':
      return { title: words.insecure.title(), how: words.insecure.how(origin) }
    case 'unsupported':
      return { title: words.unsupported.title(), how: words.unsupported.how }
    default:
      return { title: words[problem].title(what), how: words[problem].how }
  }
}
