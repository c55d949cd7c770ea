/** Ranges of versions as the declarations write them, and conditions on `version` made from them. */

/** Both ends inclusive; `max` is infinite for '3+'. Empty when `min > max`. */
export interface Range {
  readonly min: number
  readonly max: number
}

export const NO_VERSIONS: Range = { min: 1, max: 0 }

/** '3+', '3-7', '3' or 'none'. */
export function parseRange(text: string): Range {
  if (text === 'none') return NO_VERSIONS
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text)
  if (match === null) throw new Error(`'${text}' is no range of versions: write '3+', '3-7', '3' or 'none'`)
  const min = Number(match[1])
  if (match[2] === '+') return { min, max: Number.POSITIVE_INFINITY }
  const range = { min, max: match[3] === undefined ? min : Number(match[3]) }
  if (isEmpty(range)) throw new Error(`'${text}' ends before it begins`)
  return range
}

export const isEmpty = (range: Range): boolean => range.min > range.max

export const intersect = (a: Range, b: Range): Range => ({ min: Math.max(a.min, b.min), max: Math.min(a.max, b.max) })

/** The smallest range that holds both. */
export function hull(a: Range, b: Range): Range {
  if (isEmpty(a)) return b
  if (isEmpty(b)) return a
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }
}

export const covers = (outer: Range, inner: Range): boolean => outer.min <= inner.min && outer.max >= inner.max

/** TypeScript that tells, for a `version` within `context`, whether it lies in `range`; 'true' or 'false' where known. */
export function condition(range: Range, context: Range): string {
  const both = intersect(range, context)
  if (isEmpty(both)) return 'false'
  if (covers(range, context)) return 'true'
  if (both.min === both.max) return `version === ${both.min}`
  const low = both.min > context.min ? [`version >= ${both.min}`] : []
  const high = both.max < context.max ? [`version <= ${both.max}`] : []
  return [...low, ...high].join(' && ')
}

/** For people: '3 to 13', '3'. */
export function describeRange(range: Range): string {
  return range.min === range.max ? `${range.min}` : `${range.min} to ${range.max}`
}
