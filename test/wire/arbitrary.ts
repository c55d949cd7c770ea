/** Random messages of a declared struct in one version, for property tests. */
import fc from 'fast-check'
import { anyText } from '../../packages/ottla/src/base/text.testing.ts'
import type { FieldModel, StructModel } from '../../tools/gen/model.ts'

export type Fields = Record<string, unknown>

const bytes = fc.uint8Array({ maxLength: 40 })

const values: Record<string, fc.Arbitrary<unknown>> = {
  int8: fc.integer({ min: -128, max: 127 }),
  int16: fc.integer({ min: -32_768, max: 32_767 }),
  uint16: fc.integer({ min: 0, max: 65_535 }),
  int32: fc.integer(),
  uint32: fc.integer({ min: 0, max: 4_294_967_295 }),
  int53: fc.maxSafeInteger(),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float64: fc.double({ noNaN: true }),
  bool: fc.boolean(),
  string: fc.oneof(fc.string({ maxLength: 20 }), anyText(10)),
  uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(id => Buffer.from(id).toString('base64url')),
  bytes,
  records: bytes,
}

/** Fields of that version only; sometimes with tagged fields that no version knows. */
export function messageOf(struct: StructModel, version: number): fc.Arbitrary<Fields> {
  const members: Record<string, fc.Arbitrary<unknown>> = {}
  for (const field of struct.fields) {
    if (holds(field.range, version)) members[field.name] = fieldValue(field, version)
  }
  const known = fc.record(members)
  if (!holds(struct.flexible, version)) return known
  const unknownTags = fc.option(unknownFields, { nil: undefined, freq: 4 })
  return fc
    .tuple(known, unknownTags)
    .map(([message, tags]) => (tags === undefined ? message : { ...message, unknownTags: tags }))
}

/** Numbered above every tag that is known, ascending. */
const unknownFields = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 50, max: 2 ** 32 - 1 }), bytes), {
    selector: ([tag]) => tag,
    minLength: 1,
    maxLength: 3,
  })
  .map(fields => fields.sort(([a], [b]) => a - b).map(([tag, content]) => ({ tag, bytes: content })))

function fieldValue(field: FieldModel, version: number): fc.Arbitrary<unknown> {
  const one = field.struct === undefined ? values[field.kind]! : messageOf(field.struct, version)
  const whole = field.array ? fc.array(one, { maxLength: 3 }) : one
  return holds(field.nullable, version) ? fc.option(whole, { freq: 4 }) : whole
}

const holds = (range: { min: number; max: number }, version: number): boolean =>
  version >= range.min && version <= range.max
