/** A decoded message against the field values of a corpus line, led by the declaration: same fields, same values. */
import type { FieldModel, StructModel } from '../../tools/gen/model.ts'

export interface Context {
  readonly struct: StructModel
  readonly version: number
  /** Our name of the corpus's field at a dotted path. */
  nameOf(path: string): string
  /** Dotted path of the struct in the corpus, with a dot at its end; empty for the message. */
  readonly path?: string
}

type Values = Readonly<Record<string, unknown>>

/** What differs, in words; empty when nothing does. */
export function compareFields(decoded: Values, wanted: Values, context: Context): string[] {
  const differences: string[] = []
  const { struct, version, path = '' } = context
  const left = new Set(struct.fields.filter(field => inVersion(field, version)).map(field => field.name))
  for (const [corpusName, value] of Object.entries(wanted)) {
    const name = context.nameOf(`${path}${corpusName}`)
    const field = struct.fields.find(one => one.name === name)
    if (field === undefined || !left.delete(name)) {
      differences.push(`${path}${corpusName}: version ${version} of ${struct.name} has no ${name}`)
      continue
    }
    differences.push(...compareField(field, decoded[name], value, { ...context, path: `${path}${corpusName}` }))
  }
  for (const name of left) differences.push(`${path}: the corpus has no ${struct.name}.${name} in version ${version}`)
  return differences
}

const inVersion = (field: FieldModel, version: number): boolean =>
  version >= field.range.min && version <= field.range.max

function compareField(field: FieldModel, have: unknown, want: unknown, context: Context & { path: string }): string[] {
  if (have === null || want === null)
    return have === want ? [] : [`${context.path}: wanted ${show(want)}, got ${show(have)}`]
  if (!field.array) return compareValue(field, have, want, context)
  const haveList = have as readonly unknown[]
  const wantList = want as readonly unknown[]
  if (haveList.length !== wantList.length)
    return [`${context.path}: wanted ${wantList.length} elements, got ${haveList.length}`]
  return wantList.flatMap((element, index) => compareValue(field, haveList[index], element, context))
}

function compareValue(field: FieldModel, have: unknown, want: unknown, context: Context & { path: string }): string[] {
  if (field.struct !== undefined) {
    return compareFields(have as Values, want as Values, { ...context, struct: field.struct, path: `${context.path}.` })
  }
  const expected = expectedValue(field, want)
  const actual = have instanceof Uint8Array ? Buffer.from(have).toString('hex') : have
  return Object.is(actual, expected) ? [] : [`${context.path}: wanted ${show(expected)}, got ${show(actual)}`]
}

/** The corpus writes 64-bit integers as text, bytes and ids as hex. */
function expectedValue(field: FieldModel, want: unknown): unknown {
  if (field.kind === 'int64') return BigInt(want as string)
  if (field.kind === 'int53') return saturate(BigInt(want as string))
  if (field.kind === 'uuid') return Buffer.from(want as string, 'hex').toString('base64url')
  return want
}

function saturate(value: bigint): number {
  const most = BigInt(Number.MAX_SAFE_INTEGER)
  if (value > most) return Number.MAX_SAFE_INTEGER
  return value < -most ? -Number.MAX_SAFE_INTEGER : Number(value)
}

const show = (value: unknown): string => (typeof value === 'bigint' ? `${value}n` : JSON.stringify(value))
