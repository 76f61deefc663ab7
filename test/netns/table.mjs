// What the rows found, as a table of Markdown, and its place in a page.

const HEAD = ['network', 'media by', 'messages by', 'picture after', 'back after', '']

export function table(results) {
  const lines = [HEAD, HEAD.map(() => '---')]
  for (const { row, rounds } of results) {
    const good = rounds.filter((r) => !r.error)
    const [first] = good
    if (!first) lines.push([row.name, 'FAILED', '', '', '', ''])
    else {
      const time = (key) => (first[key] === undefined ? '' : seconds(p95(good.map((r) => r[key]))))
      const more = []
      if (first.home !== undefined) more.push(`by UDP again after ${time('home')}, with a pause of ${time('pause')}`)
      if (first.says !== undefined) more.push('the page says why')
      lines.push([row.name, first.way, first.by, time('join'), time('recover'), more.join('; ')])
    }
  }
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`

/** The 95th of 100; of few, the largest. */
export function p95(times) {
  const sorted = [...times].sort((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * 0.95) - 1]
}

const BEGIN = '<!-- table: make test-net -->'
const END = '<!-- end -->'

/** The page with the table in its place. */
export function copied(page, text) {
  const [before, rest] = page.split(BEGIN)
  const after = rest?.split(END)[1]
  if (after === undefined) throw new Error(`the page has no place for the table: ${BEGIN} … ${END}`)
  return `${before}${BEGIN}\n\n${text}\n\n${END}${after}`
}
