/**
 * Damage to a decoded message: values at their limits, nasty names, lists emptied, repeated and shuffled, batches damaged.
 * The message still encodes, so what reads it gets past the framing and into its own checks.
 */
import type { Prng } from '../../packages/ottla/src/base/random.ts'
import { mutateBatch } from './mutate-batch.ts'
import { LIMITS } from './mutate-bytes.ts'

const NAMES: readonly string[] = [
  '',
  '.',
  '..',
  'a/b',
  '..%2f',
  'C:\\x',
  '__proto__',
  'constructor',
  'toString',
  'a.b',
  'a_b',
  'x'.repeat(249),
  'x'.repeat(250),
  'x'.repeat(32_767),
  'größe',
  '한국',
  'a\u0000b',
  '__consumer_offsets',
  '__cluster_metadata',
  'fuzz',
  'fuzz-compacted',
]
const LARGE: readonly number[] = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 40, -6, -5, -4, -3]
const LARGE_INTS: readonly bigint[] = [0n, 1n, -1n, -2n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n]
const REPEATS_MAX = 50

type Fields = Record<string, unknown>

/** A damaged deep copy: one to three values changed. */
export function mutateMessage(message: object, rng: Prng): object {
  const copy = structuredClone(message)
  for (let left = rng.int(1, 3); left > 0; left--) {
    const places = placesIn(copy as Fields)
    if (places.length === 0) return copy
    const { holder, key } = rng.pick(places)
    holder[key] = changed(holder[key], rng)
  }
  return copy
}

interface Place {
  readonly holder: Fields
  readonly key: string
}

/** Every field of the message and of what it holds. */
function placesIn(holder: Fields): Place[] {
  return Object.entries(holder).flatMap(([key, value]) => {
    const here: Place[] = [{ holder, key }]
    if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return here
    return here.concat(placesIn(value as Fields))
  })
}

function changed(value: unknown, rng: Prng): unknown {
  if (typeof value === 'number') return rng.chance(0.7) ? rng.pick(LIMITS) : rng.pick(LARGE)
  if (typeof value === 'bigint') return rng.pick(LARGE_INTS)
  if (typeof value === 'boolean') return !value
  if (typeof value === 'string')
    return value.length === 22 && rng.chance(0.5) ? 'AAAAAAAAAAAAAAAAAAAAAA' : rng.pick(NAMES)
  if (value instanceof Uint8Array) return rng.chance(0.1) ? new Uint8Array(0) : mutateBatch(value, rng)
  if (Array.isArray(value)) return changedList(value, rng)
  return rng.chance(0.5) ? null : rng.pick(NAMES)
}

function changedList(list: readonly unknown[], rng: Prng): unknown {
  switch (rng.int(0, 3)) {
    case 0:
      return []
    case 1:
      return list.length === 0 ? null : Array.from({ length: rng.int(2, REPEATS_MAX) }, () => structuredClone(list[0]))
    case 2:
      return rng.shuffle([...list])
    default:
      return [...list, ...list]
  }
}
