// Whether a machine keeps up with drawing its camera's pictures anew. Pure: it is told how long each took, and when.

// Slower than twelve pictures a second for so long, it is not worth it; the first ones are always slow.
const MOST_MS = 80
const FOR_MS = 6_000
const WARM_UP_MS = 4_000

export class KeepsUp {
  private began: number | undefined
  private average = 0
  private slowSince: number | undefined

  // False: it does not, and has not for a while.
  took(ms: number, now: number): boolean {
    this.began ??= now
    if (now - this.began < WARM_UP_MS) return true
    this.average = this.average === 0 ? ms : this.average * 0.9 + ms * 0.1
    if (this.average <= MOST_MS) {
      this.slowSince = undefined
      return true
    }
    this.slowSince ??= now
    return now - this.slowSince < FOR_MS
  }
}
