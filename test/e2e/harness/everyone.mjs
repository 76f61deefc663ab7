// What keeps people out of a page, as far as a machine can tell: axe in both schemes, what scrolls sideways on a small
// phone, and what is too small for a finger.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const bad = new Set(['serious', 'critical'])

/** Nothing serious is wrong for those who see, hear or point otherwise, with dark and with light colours. */
export async function forEveryone(tab, name) {
  await tab.page.evaluate(AXE)
  for (const colorScheme of ['dark', 'light']) {
    await tab.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const violations = await tab.evaluate(
      async (only) => {
        // Colours have changed, what glides has arrived.
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
        await Promise.allSettled(
          document
            .getAnimations()
            .filter((a) => a.effect.getComputedTiming().iterations !== Infinity)
            .map((a) => a.finished),
        )
        return (await window.axe.run(document, { resultTypes: ['violations'], ...only })).violations
      },
      // What is no matter of colour is the same in both.
      colorScheme === 'dark' ? {} : { runOnly: ['color-contrast'] },
    )
    assert.deepEqual(
      violations
        .filter((v) => bad.has(v.impact))
        .flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')} ${n.failureSummary.split('\n')[1] ?? ''}`)),
      [],
      `${name}, ${colorScheme}`,
    )
  }
}

/** It fits a phone of 320 px, and a finger what can be pressed. For a tab with touch. */
export async function fitsPhone(tab, name) {
  const wrong = await tab.evaluate(() => {
    const sideways = document.documentElement.scrollWidth - 320
    const small = [...document.querySelectorAll('button, select, input, textarea')]
      .filter((e) => e.checkVisibility({ visibilityProperty: true }))
      .map((e) => ({ e, box: e.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 1)
      .filter(({ box }) => box.width < 43.5 || box.height < 39.5 || box.left < -1 || box.right > 321)
      .map(
        ({ e, box }) =>
          `${e.outerHTML.slice(0, 90)} ${Math.round(box.width)}x${Math.round(box.height)} at ${Math.round(box.left)}`,
      )
    return { sideways: Math.max(0, sideways), small }
  })
  assert.deepEqual(wrong, { sideways: 0, small: [] }, `${name} at 320 px`)
}
