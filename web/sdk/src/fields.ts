// What may stand in a frame, read strictly.

/** What came is not the protocol. The link it came on is not to be trusted any more. */
export class WireError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'WireError'
  }
}

/** The bytes of a frame, handed out in order. */
export class Bytes {
  readonly #raw: Uint8Array
  #at = 0

  constructor(raw: Uint8Array) {
    this.#raw = raw
  }

  get left(): number {
    return this.#raw.length - this.#at
  }

  /** A copy of the next ones: whoever gets it may do with it what they want. */
  take(count: number): Uint8Array {
    if (count > this.left) throw new WireError('fewer bytes than a frame says')
    return this.#raw.slice(this.#at, (this.#at += count))
  }
}

/** The members of one object, each read as what it has to be. */
export class Fields {
  readonly #object: Readonly<Record<string, unknown>>
  readonly #what: string

  constructor(value: unknown, what: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new WireError(`${what} is not an object`)
    this.#object = value as Record<string, unknown>
    this.#what = what
  }

  value(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined
  }

  has(name: string): boolean {
    const v = this.value(name)
    return v !== undefined && v !== null
  }

  /** A string that says something. */
  string(name: string): string {
    const v = this.value(name)
    return typeof v === 'string' && v !== '' ? v : this.#wrong(name)
  }

  /** A string that may be empty or missing. */
  text(name: string): string {
    const v = this.value(name) ?? ''
    return typeof v === 'string' ? v : this.#wrong(name)
  }

  id(name: string): string {
    const v = this.string(name)
    return v.length <= 64 ? v : this.#wrong(name)
  }

  /** A whole number from 0. */
  count(name: string): number {
    const v = this.value(name)
    return typeof v === 'number' && Number.isSafeInteger(v) && v >= 0 ? v : this.#wrong(name)
  }

  countOr(name: string, missing: number): number {
    return this.has(name) ? this.count(name) : missing
  }

  boolean(name: string): boolean {
    const v = this.value(name)
    return typeof v === 'boolean' ? v : this.#wrong(name)
  }

  /** True or false; missing is false. */
  flag(name: string): boolean {
    return this.has(name) && this.boolean(name)
  }

  object(name: string): Fields {
    return new Fields(this.value(name), name)
  }

  /** A list of objects; missing is empty, as Go encodes a nil slice as null. */
  objects(name: string): Fields[] {
    const v = this.value(name) ?? []
    return Array.isArray(v) ? (v as unknown[]).map((item) => new Fields(item, name)) : this.#wrong(name)
  }

  /** A list of strings that may be missing. */
  strings(name: string): string[] {
    const v = this.value(name) ?? []
    if (!Array.isArray(v) || !v.every((item) => typeof item === 'string')) this.#wrong(name)
    return v as string[]
  }

  /** The members of an object of strings, which may be missing. */
  texts(name: string): [string, string][] {
    const v = this.value(name) ?? {}
    if (typeof v !== 'object' || Array.isArray(v)) this.#wrong(name)
    const members = Object.entries(v)
    return members.every((m): m is [string, string] => typeof m[1] === 'string') ? members : this.#wrong(name)
  }

  #wrong(name: string): never {
    throw new WireError(`${name} is missing or of a wrong type in ${this.#what}`)
  }
}
