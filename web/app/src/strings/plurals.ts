// Counted things in a language: which of its forms a number takes, with the number in its digits for #.

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }

export const pluralsOf = (language: string) => {
  const rules = new Intl.PluralRules(language)
  const digits = new Intl.NumberFormat(language)
  return (n: number, forms: Forms): string =>
    (forms[rules.select(n)] ?? forms.other).replace('#', digits.format(n))
}
