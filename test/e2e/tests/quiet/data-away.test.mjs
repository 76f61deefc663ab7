// Pages that go without a word: what others see of it.

import { enterBySdk, ownId } from '../../harness/people.mjs'
import { scene } from '../../harness/scene.mjs'
import { carriedBy } from '../../harness/talk.mjs'
import { until } from '../../harness/until.mjs'

const people = (tab) => tab.evaluate(() => [...window.parlor.participants.keys()])

// Case 48.
scene(
  'a tab that is closed on events or polls vanishes from the others within 2 s',
  { within: 60_000 },
  async (stage) => {
    const server = await stage.serve()
    const proxy = await stage.proxy(server, { webSockets: 'refuse' })
    const holding = await stage.proxy(server, { webSockets: 'refuse', responses: 'whole' })
    const browser = await stage.chromium()
    const ada = await browser.tab('Ada')
    await enterBySdk(ada, server, { room: 'closing' })
    for (const [kind, place] of [
      ['sse', proxy],
      ['poll', holding],
    ]) {
      const tab = await browser.tab(kind, { probe: { noWebRTC: true } })
      await enterBySdk(tab, place, { room: 'closing' })
      await carriedBy(tab, kind)
      const id = await ownId(tab)
      await until(`Ada sees who came by ${kind}`, async () => (await people(ada)).includes(id))
      await tab.page.close({ runBeforeUnload: false })
      await until(`who came by ${kind} is gone`, async () => !(await people(ada)).includes(id), {
        within: 2_000,
        every: 50,
      })
    }
  },
)
