import { guarded } from './emitter'
import { ParlorError } from './errors'
import { utf8Length } from './measure'
import { bad, bytesOf, encodeValue } from './message'
import type { Outgoing } from './outbox'
import type { Cell, Limits, Op } from './wire'

/** How a change is made. Which of these matter is up to the rule of the key's prefix; see docs/protocol.md. */
export interface StateOptions {
  /** Deletes the key so many milliseconds after it was last set. */
  ttl?: number
  /** Only if this is the offset of the key's last change, 0: only if there is no such key; else `conflict`. */
  if?: number
  /** Under `ver/`: the higher one wins. */
  version?: number
  /** Under `ver/`, of equal versions: the lower one wins. */
  nonce?: number
}

/** A change of one key, as patch() takes it. */
export type StateChange = StateOptions & ({ key: string; value: unknown } | { key: string; delete: true })

/**
 * What get() gives for this key has changed; undefined: it is gone. `by` is the id of the participant who did it, empty if it
 * was the server or is not known. `offset` is its place in the room's order: 0 for a change of our own that is still on its
 * way, and where it is not known.
 */
export type StateListener = (key: string, value: unknown, by: string, offset: number) => void

export interface StateHost {
  post(outgoing: Outgoing): void
  limits(): Limits
  /** Our own id. */
  me(): string
  changed: StateListener
}

/** What the log says about a key. A value that is undefined was deleted; such cells stay only while they are covered. */
interface Stored {
  value: unknown
  o: number
  by: string
}

/** A change of our own that is not confirmed. It covers what the log says. */
interface Pending {
  key: string
  /** Undefined: deleted. */
  value: unknown
  /** The change in the log that it was made to; 0: none, it makes the key. */
  base: number
}

const maxOps = 100

/**
 * Values by key that everybody in the room shares. Our own changes show at once and are taken back if the server refuses them;
 * what the log says decides. Values are JSON, and not to be changed in place.
 */
export class RoomState {
  #ready!: Promise<void>
  readonly #host: StateHost
  readonly #subscribers = new Set<{ prefix: string; fn: StateListener }>()
  #cells = new Map<string, Stored>()
  /** Our own changes of each key, the last one is shown. */
  readonly #pending = new Map<string, Pending[]>()
  /** Changes of which only the next snapshot will tell what became of them. */
  #doubtful: Pending[] = []
  #epoch = ''
  #settleReady: [resolve: () => void, reject: (err: ParlorError) => void] | undefined

  /** @internal */
  constructor(host: StateHost) {
    this.#host = host
    this.expect()
  }

  /**
   * Resolves when the state as it was at joining is there, or while the room tells of a `reset`: as it is now. Changes are told from
   * the start, so most pages need not wait.
   */
  get ready(): Promise<void> {
    return this.#ready
  }

  /** The value of a key, our own changes included; undefined if there is none. */
  get(key: string): unknown {
    const own = this.#pending.get(key)?.at(-1)
    return own ? own.value : this.#cells.get(key)?.value
  }

  /** The offset of the last change of a key that the server has confirmed: what `if` takes. 0 if there is no such key. */
  offset(key: string): number {
    const cell = this.#cells.get(key)
    return cell?.value === undefined ? 0 : cell.o
  }

  /**
   * The id of the participant who set a key, its owner's under the rule `owner`; empty if there is no such key, if it was the
   * server, or if it is not known.
   */
  by(key: string): string {
    if (this.#pending.has(key)) return this.get(key) === undefined ? '' : this.#host.me()
    const cell = this.#cells.get(key)
    return cell?.value === undefined ? '' : cell.by
  }

  /** Keys that begin with `prefix`, and their values, in the order of the keys. */
  entries(prefix = ''): [key: string, value: unknown][] {
    const entries: [string, unknown][] = []
    const add = (key: string) => {
      const value = key.startsWith(prefix) ? this.get(key) : undefined
      if (value !== undefined) entries.push([key, value])
    }
    for (const key of this.#cells.keys()) add(key)
    for (const key of this.#pending.keys()) if (!this.#cells.has(key)) add(key)
    return entries.sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /** Sets a key. Shows at once; resolves when the server has it in the room's order, rejects if it refused. */
  set(key: string, value: unknown, options: StateOptions = {}): Promise<{ offset: number }> {
    return this.patch([{ ...options, key, value }])
  }

  /** Deletes a key. */
  delete(key: string, options: StateOptions = {}): Promise<{ offset: number }> {
    return this.patch([{ ...options, key, delete: true }])
  }

  /** Makes 1 to 100 changes, all of them or none. */
  patch(changes: readonly StateChange[]): Promise<{ offset: number }> {
    return new Promise((resolve, reject) => {
      const { messageBytes } = this.#host.limits()
      if (changes.length < 1 || changes.length > maxOps) throw bad(`a patch has 1 to ${maxOps} changes`)
      const own: Pending[] = []
      const members = `"ops":[${changes.map((change) => this.#encode(change, own)).join(',')}]`
      const bytes = utf8Length(members)
      if (bytes > messageBytes) throw new ParlorError('too_large', `a patch may have ${messageBytes} bytes`)
      this.#host.post({
        t: 's',
        members,
        raw: undefined,
        bytes,
        done: (offset) => {
          this.#uncover(own)
          this.#build(own)
          resolve({ offset })
        },
        failed: (err) => {
          if (err.code === 'unconfirmed') this.#doubtful.push(...own)
          else this.#uncover(own)
          reject(err)
        },
      })
      this.#update(
        own.map((p) => p.key),
        () => {
          for (const p of own) this.#pending.set(p.key, [...(this.#pending.get(p.key) ?? []), p])
        },
      )
    })
  }

  /** Calls fn whenever a key that begins with `prefix` changes; returns a function that ends it. */
  subscribe(prefix: string, fn: StateListener): () => void {
    const subscriber = { prefix, fn }
    this.#subscribers.add(subscriber)
    return () => void this.#subscribers.delete(subscriber)
  }

  /** @internal The next change in the log. */
  apply(ops: readonly Op[], by: string, o: number): void {
    this.#update(
      ops.map((op) => op.key),
      () => {
        for (const op of ops) this.#cells.set(op.key, { value: op.del ? undefined : op.value, o, by })
      },
    )
  }

  /** @internal The whole state, or with `since` what changed while we were away. */
  replace(cells: readonly Cell[], since: boolean, epoch: string): void {
    const same = epoch === this.#epoch
    this.#epoch = epoch
    const doubtful = this.#doubtful
    this.#doubtful = []
    const next = new Map(since ? this.#cells : [])
    for (const cell of cells) {
      const { key, o, by } = cell
      const known = this.#cells.get(key)
      const value = cell.del ? undefined : same && known?.o === o ? known.value : cell.value
      next.set(key, { value, o, by })
    }
    const keys = new Set([...doubtful.map((p) => p.key), ...cells.map((c) => c.key)])
    if (!since) for (const key of this.#cells.keys()) keys.add(key)
    this.#update(keys, () => {
      this.#cells = next
      for (const p of doubtful) this.#remove(p)
    })
    this.#settleReady?.[0]()
    this.#settleReady = undefined
  }

  /** @internal A whole state is to come. */
  expect(): void {
    if (this.#settleReady) return
    this.#ready = new Promise((...settle) => (this.#settleReady = settle))
    // Nobody has to wait for it.
    this.#ready.catch(() => undefined)
  }

  /** @internal The room was left. */
  end(err: ParlorError): void {
    this.#settleReady?.[1](err)
    this.#settleReady = undefined
  }

  /** One change as the server wants it; notes in `own` what it shows. */
  #encode(change: StateChange, own: Pending[]): string {
    const { key } = change
    const { keyBytes, valueBytes } = this.#host.limits()
    if (key === '' || utf8Length(key) > keyBytes) throw bad(`a key has 1 to ${keyBytes} bytes`)
    const deletes = 'delete' in change
    if (!deletes && bytesOf(change.value)) throw bad('a value has to be a JSON value')
    const json = deletes ? 'true' : encodeValue(change.value, 'a value')
    if (utf8Length(json) > valueBytes)
      throw new ParlorError('too_large', `a value may have ${valueBytes} bytes`)
    const last = own.filter((p) => p.key === key).at(-1) ?? this.#pending.get(key)?.at(-1)
    // On top of a change of our own: it stands or falls with what that one was made for.
    const base = last ? (last.value === undefined ? 0 : last.base) : this.offset(key)
    own.push({ key, value: deletes ? undefined : (JSON.parse(json) as unknown), base })
    const { ttl, if: at, version: ver, nonce } = change
    const head = `{"k":${JSON.stringify(key)},"${deletes ? 'del' : 'v'}":${json},`
    return head + JSON.stringify({ base, if: at, ver, nonce, ttl }).slice(1)
  }

  #uncover(own: readonly Pending[]): void {
    this.#update(
      own.map((p) => p.key),
      () => {
        for (const p of own) this.#remove(p)
      },
    )
  }

  /**
   * Of keys that we made ourselves the log has a change now: what we do to them from here on is done to that one, and must not
   * bring it back once somebody deleted it. What follows a deletion of our own still makes the key anew.
   */
  #build(confirmed: readonly Pending[]): void {
    for (const { key } of confirmed) {
      for (const own of this.#pending.get(key) ?? []) {
        if (own.value === undefined) break
        own.base ||= this.offset(key)
      }
    }
  }

  #remove(own: Pending): void {
    const rest = this.#pending.get(own.key)?.filter((p) => p !== own)
    if (rest?.length) this.#pending.set(own.key, rest)
    else this.#pending.delete(own.key)
  }

  /** Does something to these keys, all of it, and then tells what shows otherwise than before. */
  #update(keys: Iterable<string>, change: () => void): void {
    const before = new Map<string, unknown>()
    for (const key of keys) before.set(key, this.get(key))
    change()
    const news: Parameters<StateListener>[] = []
    for (const [key, was] of before) {
      const value = this.get(key)
      const covered = this.#pending.has(key)
      const cell = this.#cells.get(key)
      if (!equal(was, value))
        news.push([key, value, covered ? this.#host.me() : (cell?.by ?? ''), covered ? 0 : (cell?.o ?? 0)])
      if (!covered && cell?.value === undefined) this.#cells.delete(key)
    }
    for (const change of news) {
      this.#host.changed(...change)
      for (const { prefix, fn } of [...this.#subscribers])
        if (change[0].startsWith(prefix)) guarded(() => fn(...change))
    }
  }
}

/** Whether two JSON values are the same. */
function equal(a: unknown, b: unknown): boolean {
  return a === b || (a !== undefined && b !== undefined && JSON.stringify(a) === JSON.stringify(b))
}
