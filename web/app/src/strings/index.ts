// The words of the page in the language that is spoken now. `strings` is bound anew when it changes, so read it where
// the words are shown (`strings.room.copied` in a function), never when a module begins: the linter sees to that.

import { remember, remembered } from '../preferences'
import { Store } from '../store'
import { en } from './en'
import { choose, english, type Language, localeOf } from './languages'
import { complete, type Strings } from './shape'

export type { Strings } from './shape'
export { languages } from './languages'

export let strings: Strings = en

export const language = new Store<Language>(english)

// What this visitor wants: the address says it (?lang=de), or they chose it once, or their browser knows.
const wishes = (): readonly string[] => [
  new URLSearchParams(location.search).get('lang') ?? '',
  remembered('language'),
  ...navigator.languages,
]

let clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit' })

export const timeOfDay = (at: Date): string => clock.format(at)

// English it is too where the words of the language do not come.
const speak = async (wanted: Language): Promise<void> => {
  const words = await wanted.load?.().catch(() => undefined)
  const spoken = words === undefined ? english : wanted
  strings = words === undefined ? en : complete(en, words)
  clock = new Intl.DateTimeFormat(localeOf(spoken, navigator.languages), {
    hour: '2-digit',
    minute: '2-digit',
  })
  document.documentElement.lang = spoken.code
  document.documentElement.dir = spoken.rtl === true ? 'rtl' : 'ltr'
  language.set(spoken)
}

export const speakAsWished = (): Promise<void> => speak(choose(wishes()))

// Chosen by hand: it is remembered, and what the address said does not count any more.
export const chooseLanguage = (code: string): Promise<void> => {
  remember('language', code)
  const address = new URL(location.href)
  if (address.searchParams.has('lang')) {
    address.searchParams.delete('lang')
    history.replaceState(history.state, '', address)
  }
  return speak(choose([code]))
}
