/** TypeScript for encoders: one function for each struct, its fields in order, version branches in line. */
import { type FieldModel, hasFixedSize, type StructModel } from './model.ts'
import { condition, intersect, isEmpty } from './range.ts'
import { defaultName, defaultText, inputName } from './types.ts'

/** The body of an encoder; `w`, `version` and `m` are in scope. */
export function emitEncodeBody(struct: StructModel): string[] {
  const flexible = condition(struct.flexible, struct.range)
  const lines: string[] = []
  for (const field of struct.fields) if (!isEmpty(field.plain)) lines.push(...emitPlain(struct, field))
  if (flexible === 'false') return lines
  const known = struct.fields.filter(field => !isEmpty(field.tagged))
  const guard = flexible === 'true' ? '' : 'flexible'
  if (known.length === 0) return [...lines, `  ${guard === '' ? '' : 'if (flexible) '}w.unknownTags(m.unknownTags)`]
  if (guard === '') return [...lines, ...emitTags(struct, known, '  ')]
  return [...lines, '  if (flexible) {', ...emitTags(struct, known, '    '), '  }']
}

/** The function that tells whether a struct holds nothing but defaults, and the shared instance that does. */
export function emitDefault(struct: StructModel): string[] {
  const tests = struct.fields.map(field => negated(differs(field, valueText(field))))
  if (!isEmpty(struct.flexible)) tests.push('(m.unknownTags === undefined || m.unknownTags.length === 0)')
  const members = struct.fields.map(field => `${field.name}: ${defaultText(field)}`)
  return [
    `const ${defaultName(struct)}: ${struct.name} = Object.freeze({ ${members.join(', ')} })`,
    '',
    `function isDefault${struct.name}(m: ${inputName(struct)}): boolean {`,
    `  if (m === ${defaultName(struct)}) return true`,
    `  return (\n    ${tests.join(' &&\n    ')}\n  )`,
    '}',
    '',
  ]
}

function flexibleText(struct: StructModel, field: FieldModel): string {
  const text = condition(struct.flexible, intersect(field.plain, struct.range))
  return text === 'true' || text === 'false' ? text : 'flexible'
}

function emitPlain(struct: StructModel, field: FieldModel): string[] {
  const exists = condition(field.plain, struct.range)
  const pad = exists === 'true' ? '  ' : '    '
  const lines = emitWrite(struct, field, flexibleText(struct, field), pad)
  if (exists === 'true') return lines
  if (lines.length === 1) return [`  if (${exists}) ${lines[0]!.trim()}`]
  return [`  if (${exists}) {`, ...lines, '  }']
}

/** What encode takes for a field: what it was given, else the default. */
function valueText(field: FieldModel): string {
  const given = `m.${field.name}`
  if (!field.optional) return given
  const fallback = defaultText(field)
  const nullable = !isEmpty(field.nullable)
  return nullable && fallback !== 'null' ? `${given} === undefined ? ${fallback} : ${given}` : `${given} ?? ${fallback}`
}

function emitWrite(
  struct: StructModel,
  field: FieldModel,
  flexible: string,
  pad: string,
  value = valueText(field),
): string[] {
  if (field.array) return emitArray(struct, field, flexible, pad, value)
  const nullable = condition(field.nullable, intersect(field.range, struct.range))
  if (field.struct !== undefined) return emitStruct(field, nullable, pad, value)
  if (hasFixedSize(field.kind)) return [`${pad}w.${field.kind}(${value})`]
  const call = (method: string) => `w.${method}(${flexible}, ${value}, '${field.name}')`
  const plain = call(field.kind)
  const orNull = call(`nullable${field.kind[0]!.toUpperCase()}${field.kind.slice(1)}`)
  if (nullable === 'false') return [`${pad}${plain}`]
  if (nullable === 'true') return [`${pad}${orNull}`]
  return [`${pad}if (${nullable}) ${orNull}`, `${pad}else ${plain}`]
}

function emitStruct(field: FieldModel, nullable: string, pad: string, value: string): string[] {
  const name = field.struct!.name
  if (nullable === 'false') return [`${pad}encode${name}(w, version, ${value})`]
  if (nullable !== 'true') throw new Error(`${name}: a struct that is nullable in some versions only is not supported`)
  return [
    ...(value === field.local ? [] : [`${pad}const ${field.local} = ${value}`]),
    `${pad}w.present(${field.local} !== null)`,
    `${pad}if (${field.local} !== null) encode${name}(w, version, ${field.local})`,
  ]
}

function emitArray(struct: StructModel, field: FieldModel, flexible: string, pad: string, value: string): string[] {
  const write =
    field.struct !== undefined
      ? `encode${field.struct.name}(w, version, element)`
      : hasFixedSize(field.kind)
        ? `w.${field.kind}(element)`
        : `w.${field.kind}(${flexible}, element, '${field.name}')`
  const body = (inner: string) => [
    `${inner}w.arrayLength(${flexible}, ${field.local}.length)`,
    `${inner}for (const element of ${field.local}) ${write}`,
  ]
  const head = value === field.local ? [] : [`${pad}const ${field.local} = ${value}`]
  if (isEmpty(field.nullable)) return [...head, ...body(pad)]
  const allowed = condition(field.nullable, intersect(field.range, struct.range))
  return [
    ...head,
    `${pad}if (${field.local} === null) {`,
    `${pad}  w.nullArray(${flexible}, ${allowed}, '${field.name}')`,
    `${pad}} else {`,
    ...body(`${pad}  `),
    `${pad}}`,
  ]
}

/** Tests whether a value, given as TypeScript, differs from the field's default. */
function differs(field: FieldModel, value: string): string {
  const subject = value.includes(' ') ? `(${value})` : value
  if (field.default === null) return `${subject} !== null`
  if (field.array || field.kind === 'bytes' || field.kind === 'records') {
    return isEmpty(field.nullable) ? `${subject}.length !== 0` : `${subject} === null || ${subject}.length !== 0`
  }
  if (field.struct !== undefined) return `!isDefault${field.struct.name}(${subject})`
  if (field.kind === 'bool') return defaultText(field) === 'true' ? `!${subject}` : subject
  return `${subject} !== ${defaultText(field)}`
}

/** The opposite of a test made by `differs`. */
function negated(test: string): string {
  if (test.includes(' || ')) return `!(${test})`
  if (test.startsWith('!')) return test.slice(1)
  return test.includes(' !== ') ? test.replace(/ !== (?!.* !== )/, ' === ') : `!${test}`
}

function emitTags(struct: StructModel, known: readonly FieldModel[], pad: string): string[] {
  const context = intersect(struct.flexible, struct.range)
  const lines = [`${pad}const kept = m.unknownTags`]
  const counts: string[] = []
  for (const field of known) {
    const exists = condition(field.tagged, context)
    const has = `has${field.name[0]!.toUpperCase()}${field.name.slice(1)}`
    const test = differs(field, field.local)
    lines.push(`${pad}const ${field.local} = ${valueText(field)}`)
    lines.push(
      `${pad}const ${has} = ${exists === 'true' ? test : `${exists} && ${test.includes('||') ? `(${test})` : test}`}`,
    )
    counts.push(`(${has} ? 1 : 0)`)
  }
  lines.push(`${pad}w.uvarint((kept === undefined ? 0 : kept.length) + ${counts.join(' + ')})`)
  // Unknown tags go between the known ones; below tag 0 there is none.
  const between = known.some(field => field.tag > 0)
  if (between) lines.push(`${pad}let next = 0`)
  for (const field of [...known].sort((a, b) => a.tag - b.tag)) {
    lines.push(
      `${pad}if (has${field.name[0]!.toUpperCase()}${field.name.slice(1)}) {`,
      ...(field.tag > 0 ? [`${pad}  next = w.unknownTagsFrom(kept, next, ${field.tag})`] : []),
      `${pad}  const mark = w.beginTag(${field.tag})`,
      ...emitWrite(struct, field, 'true', `${pad}  `, field.local),
      `${pad}  w.endTag(mark)`,
      `${pad}}`,
    )
  }
  lines.push(`${pad}w.unknownTagsFrom(kept, ${between ? 'next' : '0'}, Number.POSITIVE_INFINITY)`)
  return lines
}
