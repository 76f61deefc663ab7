// The languages there are, and which of them somebody gets. Each but English is a file of its own that is fetched when
// it is wanted (docs/languages.md).

import type { PartOfStrings } from './shape'

export interface Language {
  // BCP 47.
  code: string
  // In the language itself.
  name: string
  rtl?: true
  // English has none: it is always here.
  load?: () => Promise<PartOfStrings>
}

export const english: Language = { code: 'en', name: 'English' }

export const languages: readonly Language[] = [
  english,
  { code: 'de', name: 'Deutsch', load: async () => (await import('./de')).de },
  { code: 'es', name: 'Español', load: async () => (await import('./es')).es },
  { code: 'ar', name: 'العربية', rtl: true, load: async () => (await import('./ar')).ar },
]

const base = (tag: string): string => tag.toLowerCase().split('-')[0] ?? ''

export const languageOf = (tag: string): Language | undefined => languages.find((l) => l.code === base(tag))

// The first wish that can be met; wishes are BCP 47 tags, the dearest first.
export const choose = (wishes: readonly string[]): Language => {
  for (const wish of wishes) {
    const language = languageOf(wish)
    if (language !== undefined) return language
  }
  return english
}

// Where its speakers write times: 'en-GB' rather than 'en' for somebody whose browser says so.
export const localeOf = (language: Language, wishes: readonly string[]): string =>
  wishes.find((wish) => base(wish) === language.code) ?? language.code
