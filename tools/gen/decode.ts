/** TypeScript for decoders: one function for each struct, its fields in order, version branches in line. */
import { elementBytesMin, type FieldModel, hasFixedSize, type StructModel } from './model.ts'
import { condition, intersect, isEmpty } from './range.ts'
import { defaultText, fieldType } from './types.ts'

/** Records are read as bytes are: a view. */
const READ_AS: Record<string, string> = { records: 'bytes' }

/** The body of a decoder; `r` and `version` are in scope. */
export function emitDecodeBody(struct: StructModel): string[] {
  const flexible = condition(struct.flexible, struct.range)
  const lines: string[] = []
  for (const field of struct.fields)
    lines.push(...(isEmpty(field.plain) ? emitTaggedLocal(field) : emitPlain(struct, field)))
  const members = struct.fields.map(field =>
    field.name === field.local ? field.name : `${field.name}: ${field.local}`,
  )
  const literal = members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
  if (flexible === 'false') return [...lines, `  return ${literal}`]
  return [...lines, ...emitTagsAndReturn(struct, literal, flexible)]
}

function emitTagsAndReturn(struct: StructModel, literal: string, flexible: string): string[] {
  const always = flexible === 'true'
  const known = struct.fields.filter(field => !isEmpty(field.tagged))
  if (known.length === 0) {
    const pad = always ? '  ' : '    '
    const keep = [
      `${pad}const unknownTags = r.unknownTags()`,
      `${pad}if (unknownTags !== undefined) m.unknownTags = unknownTags`,
    ]
    return [
      `  const m: ${struct.name} = ${literal}`,
      ...(always ? keep : [`  if (${flexibleText(flexible)}) {`, ...keep, '  }']),
      '  return m',
    ]
  }
  const loop = emitTagLoop(struct, known, always ? '  ' : '    ')
  return [
    '  let unknownTags: UnknownTag[] | undefined',
    ...(always ? loop : [`  if (${flexibleText(flexible)}) {`, ...loop, '  }']),
    `  const m: ${struct.name} = ${literal}`,
    '  if (unknownTags !== undefined) m.unknownTags = unknownTags',
    '  return m',
  ]
}

/** A decoder that is sometimes flexible has the answer in a local; see `emitFlexible`. */
const flexibleText = (flexible: string): string => (flexible === 'true' || flexible === 'false' ? flexible : 'flexible')

/** The local that says whether the version at hand is flexible, where that depends on the version. */
export function emitFlexible(struct: StructModel): string[] {
  const flexible = condition(struct.flexible, struct.range)
  return flexible === 'true' || flexible === 'false' ? [] : [`  const flexible = ${flexible}`]
}

function emitTaggedLocal(field: FieldModel): string[] {
  return [`  let ${field.local}: ${fieldType(field)} = ${defaultText(field)}`]
}

function emitTagLoop(struct: StructModel, known: readonly FieldModel[], pad: string): string[] {
  const lines = [
    `${pad}const tagCount = r.tagCount()`,
    `${pad}for (let i = 0, tag = -1; i < tagCount; i++) {`,
    `${pad}  tag = r.tag(tag)`,
    `${pad}  const outer = r.enterTag()`,
  ]
  const context = intersect(struct.flexible, struct.range)
  let word = 'if'
  for (const field of known) {
    const versions = condition(field.tagged, context)
    const test = versions === 'true' ? `tag === ${field.tag}` : `tag === ${field.tag} && ${versions}`
    lines.push(`${pad}  ${word} (${test}) {`, ...emitAssign(struct, field, 'true', `${pad}    `))
    word = '} else if'
  }
  lines.push(`${pad}  } else {`, `${pad}    unknownTags = r.keepTag(unknownTags, tag)`, `${pad}  }`)
  return [...lines, `${pad}  r.leaveTag(outer)`, `${pad}}`]
}

function emitPlain(struct: StructModel, field: FieldModel): string[] {
  const exists = condition(field.plain, struct.range)
  const flexible = flexibleText(condition(struct.flexible, intersect(field.plain, struct.range)))
  // A field that became tagged later is assigned in either place.
  if (!isEmpty(field.tagged) || (field.array && exists !== 'true')) {
    return [
      `  let ${field.local}: ${fieldType(field, false, field.array && isEmpty(field.tagged))} = ${defaultText(field)}`,
      `  if (${exists}) {`,
      ...emitAssign(struct, field, flexible, '    '),
      '  }',
    ]
  }
  if (field.array) return emitArray(struct, field, flexible)
  const read = readText(field, flexible, struct)
  if (exists === 'true') return [`  const ${field.local} = ${read}`]
  return [`  const ${field.local} = ${exists} ? ${parenthesized(read)} : ${defaultText(field)}`]
}

const parenthesized = (text: string): string => (text.includes(' ? ') ? `(${text})` : text)

function emitArray(struct: StructModel, field: FieldModel, flexible: string): string[] {
  const count = `${field.local}Count`
  const nullable = !isEmpty(field.nullable)
  return [
    `  const ${count} = ${lengthText(struct, field, flexible)}`,
    `  const ${field.local}: ${fieldType(field, false, true)} = ${nullable ? `${count} < 0 ? null : []` : '[]'}`,
    `  for (let i = 0; i < ${count}; i++) ${field.local}${nullable ? '!' : ''}.push(${elementText(field, flexible)})`,
  ]
}

/** Statements that read the field and put it into its local, declared before. */
function emitAssign(struct: StructModel, field: FieldModel, flexible: string, pad: string): string[] {
  if (!field.array) return [`${pad}${field.local} = ${readText(field, flexible, struct)}`]
  const nullable = !isEmpty(field.nullable)
  const element = fieldType({ ...field, nullable: { min: 1, max: 0 } }, false, true)
  return [
    `${pad}const count = ${lengthText(struct, field, flexible)}`,
    `${pad}const kept: ${element} = []`,
    `${pad}for (let i = 0; i < count; i++) kept.push(${elementText(field, flexible)})`,
    `${pad}${field.local} = ${nullable ? 'count < 0 ? null : kept' : 'kept'}`,
  ]
}

function lengthText(struct: StructModel, field: FieldModel, flexible: string): string {
  const call = (name: string) => `r.${name}(${flexible}, ${elementBytesMin(field, struct)}, '${field.name}')`
  return byNullability(struct, field, call('arrayLength'), call('nullableArrayLength'))
}

function elementText(field: FieldModel, flexible: string): string {
  return valueText(field, flexible, READ_AS[field.kind] ?? field.kind)
}

function readText(field: FieldModel, flexible: string, struct: StructModel): string {
  const kind = READ_AS[field.kind] ?? field.kind
  const plain = valueText(field, flexible, kind)
  if (isEmpty(field.nullable)) return plain
  if (field.struct !== undefined) return byNullability(struct, field, plain, `r.present() ? ${plain} : null`)
  const nullable = valueText(field, flexible, `nullable${kind[0]!.toUpperCase()}${kind.slice(1)}`)
  return byNullability(struct, field, plain, nullable)
}

function byNullability(struct: StructModel, field: FieldModel, plain: string, nullable: string): string {
  const test = condition(field.nullable, intersect(field.range, struct.range))
  if (test === 'true') return nullable
  return test === 'false' ? plain : `${test} ? ${parenthesized(nullable)} : ${plain}`
}

function valueText(field: FieldModel, flexible: string, method: string): string {
  if (field.struct !== undefined) return `decode${field.struct.name}(r, version)`
  return hasFixedSize(field.kind) ? `r.${method}()` : `r.${method}(${flexible}, '${field.name}')`
}
