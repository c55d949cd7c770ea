/** Text helpers of error messages: names that were probably meant, and text from outside that is safe on a terminal. */

/** Longest piece of foreign text that a message repeats. Characters. */
const SHOWN_CHARS_MAX = 80

/** Control characters and line breaks shown as escapes, the end cut off: a value cannot forge a line of output. */
export function errorText(text: string): string {
  const shown = text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}...` : text
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return shown.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, char => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** The candidate that is nearest to `given`, or null when none is near enough to be a slip of the fingers. */
export function nearest(given: string, candidates: Iterable<string>): string | null {
  const wanted = plain(given).slice(0, SHOWN_CHARS_MAX)
  let best: string | null = null
  let bestDistance = Math.max(2, Math.floor(wanted.length / 5)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(wanted, plain(candidate), bestDistance)
    if (distance >= bestDistance) continue
    best = candidate
    bestDistance = distance
  }
  return best
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, '.')
}

/** Insertions, deletions, replacements and swaps of neighbours; `limit` or more is returned as `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, beforeLast[j - 2]! + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return Math.min(last[b.length]!, limit)
}
