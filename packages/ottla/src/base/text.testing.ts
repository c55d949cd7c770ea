/** Random text for property tests. */
import fc from 'fast-check'

const SURROGATES_FROM = 0xd800
const SURROGATES = 0x800

/**
 * Any well-formed text, as `fc.string({ unit: 'binary' })`: that one builds a table of all 1.1 million characters first, for
 * most of a second.
 */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  const character = fc
    .integer({ min: 0, max: 0x10_ffff - SURROGATES })
    .map(n => String.fromCodePoint(n < SURROGATES_FROM ? n : n + SURROGATES))
  return fc.array(character, { maxLength }).map(characters => characters.join(''))
}
