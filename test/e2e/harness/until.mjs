// Waiting for something to become true, by asking again and again from Node: a page that hangs cannot hang the test.

import { setTimeout as pause } from 'node:timers/promises'

export { pause }

/** Machines differ: a busy one may be given more time for everything. What is proved is proved at 1. */
export const PATIENCE = Number(process.env.E2E_PATIENCE ?? 1)

/**
 * Asks `probe` until it gives something true, and gives that. `what` completes the sentence "did not happen: …". A probe that
 * throws counts as "not yet"; what it said last is in the failure. `detail`, asked once at the end, adds to the failure.
 */
export async function until(what, probe, { within = 15_000, every = 100, detail } = {}) {
  const end = Date.now() + within * PATIENCE
  let last
  for (;;) {
    try {
      last = await limit(probe(), Math.max(5_000, within), `asking about: ${what}`)
      if (last) return last
    } catch (error) {
      last = error
    }
    if (Date.now() >= end) break
    await pause(every)
  }
  let text = `did not happen within ${within * PATIENCE} ms: ${what}\n  last seen: ${shown(last)}`
  if (detail !== undefined) {
    try {
      text += `\n  ${shown(await limit(detail(), 5_000, 'asking for details'))}`
    } catch (error) {
      text += `\n  (no details: ${error})`
    }
  }
  throw new Error(text)
}

/** A promise that is given up after `ms`. */
export async function limit(promise, duration, what) {
  const ms = duration * PATIENCE
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms: ${what}`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

export function shown(value) {
  if (value instanceof Error) return value.message
  if (typeof value === 'string') return value
  return JSON.stringify(value, null, 1)?.slice(0, 4_000) ?? String(value)
}
