/** TypeScript for the types: an interface for each struct, a looser one for what encode accepts, texts of defaults. */
import type { FieldModel, StructModel } from './model.ts'
import { covers, describeRange, isEmpty } from './range.ts'

const WIDTH = 120

const TYPES: Record<string, string> = {
  int8: 'number',
  int16: 'number',
  uint16: 'number',
  int32: 'number',
  uint32: 'number',
  int53: 'number',
  int64: 'bigint',
  float64: 'number',
  bool: 'boolean',
  string: 'string',
  bytes: 'Uint8Array',
  uuid: 'Uuid',
  records: 'Uint8Array',
}

const IMPLICIT_DEFAULTS: Record<string, string> = {
  int8: '0',
  int16: '0',
  uint16: '0',
  int32: '0',
  uint32: '0',
  int53: '0',
  int64: '0n',
  float64: '0',
  bool: 'false',
  string: "''",
  bytes: 'new Uint8Array(0)',
  uuid: 'ZERO_UUID',
  records: 'new Uint8Array(0)',
}

export const inputName = (struct: StructModel): string => (struct.looseInput ? `${struct.name}Input` : struct.name)
export const defaultName = (struct: StructModel): string => `default${struct.name}`

/** Type of one element, without null. */
function elementType(field: FieldModel, input: boolean): string {
  if (field.struct !== undefined) return input ? inputName(field.struct) : field.struct.name
  if (input && field.kind === 'records') return 'Uint8Array | readonly Uint8Array[]'
  return TYPES[field.kind]!
}

/** Type of the whole field; `mutable` is for the local variable that collects an array. */
export function fieldType(field: FieldModel, input = false, mutable = false): string {
  const element = elementType(field, input)
  const type = field.array ? `${mutable ? '' : 'readonly '}${element}[]` : element
  return isEmpty(field.nullable) ? type : `${type} | null`
}

/** The value that a field has where it is not on the wire. */
export function defaultText(field: FieldModel): string {
  if (field.default === null) return 'null'
  if (field.array) return '[]'
  if (field.struct !== undefined) {
    if (field.default === 'fields') return defaultName(field.struct)
    return isEmpty(field.nullable) ? defaultLiteral(field.struct) : 'null'
  }
  if (field.default === undefined) return IMPLICIT_DEFAULTS[field.kind]!
  if (field.kind === 'uuid') return 'ZERO_UUID'
  if (field.kind === 'string') return `'${String(field.default)}'`
  return field.kind === 'int64' ? `${String(field.default)}n` : String(field.default)
}

export function defaultLiteral(struct: StructModel): string {
  return `{ ${struct.fields.map(field => `${field.name}: ${defaultText(field)}`).join(', ')} }`
}

export function emitTypes(struct: StructModel, exported: boolean): string[] {
  const lines = [...comment(struct.doc, ''), `export interface ${struct.name} {`]
  for (const field of struct.fields) {
    lines.push(...comment(describe(field, struct), '  '), `  ${field.name}: ${fieldType(field)}`)
  }
  if (!isEmpty(struct.flexible)) lines.push('  unknownTags?: readonly UnknownTag[]')
  lines.push('}', '')
  if (struct.looseInput) lines.push(...emitInput(struct))
  else if (exported) lines.push(`export type ${struct.name}Input = ${struct.name}`, '')
  return lines
}

function emitInput(struct: StructModel): string[] {
  const lines = [`/** What encode accepts for ${struct.name}. */`, `export interface ${inputName(struct)} {`]
  for (const field of struct.fields) {
    const type = fieldType(field, true)
    lines.push(field.optional ? `  ${field.name}?: ${type} | undefined` : `  ${field.name}: ${type}`)
  }
  if (!isEmpty(struct.flexible)) lines.push('  unknownTags?: readonly UnknownTag[] | undefined')
  return [...lines, '}', '']
}

function describe(field: FieldModel, struct: StructModel): string {
  const facts: string[] = []
  if (!covers(field.range, struct.range)) facts.push(`Versions ${describeRange(field.range)}.`)
  if (!isEmpty(field.nullable) && !covers(field.nullable, field.range)) {
    facts.push(`Null from version ${field.nullable.min} on.`)
  }
  return [field.doc, ...facts].join(' ')
}

/** A doc comment, wrapped; nothing for an empty text. */
export function comment(text: string, indent: string): string[] {
  if (text === '') return []
  if (indent.length + text.length + 7 <= WIDTH) return [`${indent}/** ${text} */`]
  const lines = [`${indent}/**`]
  let line = `${indent} *`
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = `${indent} *`
    }
    line += ` ${word}`
  }
  return [...lines, line, `${indent} */`]
}
