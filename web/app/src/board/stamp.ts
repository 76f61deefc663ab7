// Which of two forms of an element is the later one. Everybody decides alike, the server too.

export interface Stamp {
  version: number
  versionNonce: number
}

export const stampOf = ({ version, versionNonce }: Stamp): Stamp => ({ version, versionNonce })

export const same = (a: Stamp, b: Stamp | undefined): boolean =>
  b !== undefined && a.version === b.version && a.versionNonce === b.versionNonce

export const beats = (a: Stamp, b: Stamp): boolean =>
  a.version > b.version || (a.version === b.version && a.versionNonce < b.versionNonce)
