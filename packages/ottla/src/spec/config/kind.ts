/**
 * Kinds of config values: how a value is read from text, what is allowed, how it is printed back. A kind refuses with a
 * sentence that says what is allowed, never with an exception. Source: the types of Kafka's ConfigDef.
 */

/** What DescribeConfigs and the docs call the type of a key. */
export type KindName = 'boolean' | 'int' | 'long' | 'double' | 'string' | 'list' | 'password'

/** `why`: what is wrong, in the words that Kafka's tools show and people search for. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string }

export interface Kind<T> {
  readonly name: KindName
  /** What may stand there, as the end of the sentence `allowed: ...`. */
  readonly allowed: string
  /** Surrounding blanks do not count. */
  parse(text: string): Parsed<T>
  format(value: T): string
}

/** Int32 and Int64 ends. Above 2^53 - 1 a value is kept as 2^53 - 1 and printed as 2^63 - 1: nobody can tell them apart. */
export const INT_MAX = 2_147_483_647
export const LONG_MAX: number = Number.MAX_SAFE_INTEGER
const LONG_MAX_TEXT = '9223372036854775807'

function refused(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why }
}

/** A 32-bit integer from `min` to `max`, both inclusive. */
export function int(min: number, max: number = INT_MAX): Kind<number> {
  return wholeNumber('int', min, max)
}

/** A 64-bit integer from `min` to `max`, both inclusive; see LONG_MAX for values beyond 2^53. */
export function long(min: number, max: number = LONG_MAX): Kind<number> {
  return wholeNumber('long', min, max)
}

function wholeNumber(name: 'int' | 'long', min: number, max: number): Kind<number> {
  return {
    name,
    allowed: `a whole number from ${min} to ${formatWhole(max)}`,
    parse(text) {
      const digits = text.trim()
      const exact = /^[+-]?\d{1,19}$/.test(digits) ? BigInt(digits.startsWith('+') ? digits.slice(1) : digits) : null
      const end = name === 'int' ? BigInt(INT_MAX) : 9_223_372_036_854_775_807n
      if (exact === null || exact > end || exact < -end - 1n)
        return refused(`Not a number of type ${name.toUpperCase()}`)
      return within(exact > BigInt(LONG_MAX) ? LONG_MAX : Number(exact), min, max)
    },
    format: formatWhole,
  }
}

function within(value: number, min: number, max: number): Parsed<number> {
  if (value < min) return refused(`Value must be at least ${formatWhole(min)}`)
  return value > max ? refused(`Value must be no more than ${formatWhole(max)}`) : { ok: true, value }
}

function formatWhole(value: number): string {
  return value >= LONG_MAX ? LONG_MAX_TEXT : String(value)
}

/** A decimal number from `min` to `max`, both inclusive. */
export function fraction(min: number, max: number): Kind<number> {
  return {
    name: 'double',
    allowed: `a number from ${min} to ${max}`,
    parse(text) {
      const digits = text.trim()
      if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(digits)) return refused('Not a number of type DOUBLE')
      return within(Number(digits), min, max)
    },
    format: String,
  }
}

export const bool: Kind<boolean> = {
  name: 'boolean',
  allowed: 'true or false',
  parse(text) {
    const word = text.trim().toLowerCase()
    if (word === 'true') return { ok: true, value: true }
    return word === 'false' ? { ok: true, value: false } : refused('Expected value to be either true or false')
  },
  format: String,
}

/** One of the words, written exactly so. */
export function oneOf<const W extends string>(...words: readonly W[]): Kind<W> {
  return {
    name: 'string',
    allowed: words.join(', '),
    parse(text) {
      const value = words.find(word => word === text.trim())
      return value === undefined ? refused(`String must be one of: ${words.join(', ')}`) : { ok: true, value }
    },
    format: String,
  }
}

/** Any of the words, separated by commas, in any order; also none. */
export function setOf<const W extends string>(...words: readonly W[]): Kind<ReadonlySet<W>> {
  return {
    name: 'list',
    allowed: `any of ${words.join(', ')}, separated by commas`,
    parse(text) {
      const chosen = new Set<W>()
      for (const item of commaSeparated(text)) {
        const word = words.find(each => each === item)
        if (word === undefined) return refused(`String must be one of: ${words.join(', ')}`)
        chosen.add(word)
      }
      return { ok: true, value: chosen }
    },
    format: value => words.filter(word => value.has(word)).join(','),
  }
}

/** Any text. `allowed` describes it for people; what needs more than text is checked where the key is used. */
export function text(allowed: string): Kind<string> {
  return { name: 'string', allowed, parse: value => ({ ok: true, value: value.trim() }), format: String }
}

/** A secret: replies to clients and logs never show it. */
export function password(allowed: string): Kind<string> {
  return { ...text(allowed), name: 'password' }
}

/** Texts separated by commas; empty items do not count. */
export function list(allowed: string, options: { readonly min: number } = { min: 0 }): Kind<readonly string[]> {
  return {
    name: 'list',
    allowed,
    parse(value) {
      const items = commaSeparated(value)
      return items.length < options.min ? refused('Configuration must not be empty') : { ok: true, value: items }
    },
    format: value => value.join(','),
  }
}

function commaSeparated(value: string): string[] {
  return value
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
}
