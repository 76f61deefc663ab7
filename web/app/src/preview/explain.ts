// A device's problem in words: what happened, and what to do about it in this browser.

import type { Browser, Device, Problem } from '../media/problem'
import { strings } from '../strings'

export const explain = (
  problem: Problem,
  devices: readonly Device[],
  browser: Browser,
  origin: string,
): { title: string; how: string } => {
  const what = devices.length === 2 ? strings.problem.both : strings.problem[devices[0] ?? 'camera']
  switch (problem) {
    case 'denied':
      return { title: strings.problem.denied.title(what), how: strings.problem.denied[browser] }
    case 'insecure':
      return { title: strings.problem.insecure.title(), how: strings.problem.insecure.how(origin) }
    case 'unsupported':
      return { title: strings.problem.unsupported.title(), how: strings.problem.unsupported.how }
    default:
      return { title: strings.problem[problem].title(what), how: strings.problem[problem].how }
  }
}
