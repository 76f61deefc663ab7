// A network that lets no UDP through: the browser finds the way over TCP by itself.

import { dropUdp, inside, runInside, whyNot } from '../harness/network.mjs'
import { enterBySdk } from '../harness/people.mjs'
import { scene } from '../harness/scene.mjs'
import { carriedBy } from '../harness/talk.mjs'

const skip = inside ? undefined : whyNot()
const PORT = 8443 // of a network that is ours alone

scene('where no UDP gets through, the PeerConnection is there within 5 s, over TCP', { within: 60_000, skip }, async (stage) => {
  if (!inside) return runInside(import.meta.url, { within: 60_000 })
  dropUdp()
  const server = await stage.serve({ port: PORT, args: ['--listen', `:${PORT}`] })
  const browser = await stage.chromium()
  const ada = await browser.tab('Ada')
  const ben = await browser.tab('Ben')
  for (const tab of [ada, ben]) await enterBySdk(tab, server, { room: 'tcp' })
  for (const tab of [ada, ben]) await carriedBy(tab, 'webrtc', { within: 5_000 })
})
