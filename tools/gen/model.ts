/**
 * Declarations resolved and checked: ranges parsed, structs found once with the versions that use them, smallest sizes
 * computed. What the emitters need, and nothing about TypeScript's text except the names of locals.
 */
import type {
  ApiDefinition,
  Field,
  Fields,
  PrimitiveKind,
  RecordDefinition,
  StructType,
} from '../../packages/ottla/src/wire/schema/language.ts'
import { condition, hull, intersect, isEmpty, NO_VERSIONS, parseRange, type Range } from './range.ts'

export interface StructModel {
  readonly name: string
  readonly doc: string
  /** Versions in which the struct is in use, within those declared. */
  range: Range
  flexible: Range
  readonly fields: FieldModel[]
  /** Whether encode accepts less than decode gives: then there is a type of its own for it. */
  looseInput: boolean
  /** Whether some message has the struct as a tagged field that is not null by default. */
  needsDefault: boolean
}

export interface FieldModel {
  readonly name: string
  /** Name of the local variable: the field's, unless TypeScript or the codec's frame needs that name. */
  readonly local: string
  readonly kind: PrimitiveKind | 'struct'
  readonly struct: StructModel | undefined
  readonly array: boolean
  readonly range: Range
  /** Part of `range` in which the field is not tagged. */
  readonly plain: Range
  readonly tagged: Range
  readonly tag: number
  readonly nullable: Range
  /** Whether encode may be given no value. */
  readonly optional: boolean
  readonly default: unknown
  readonly doc: string
}

export interface ApiModel {
  readonly definition: ApiDefinition
  readonly range: Range
  readonly advertised: Range
  readonly flexible: Range
  readonly request: StructModel
  readonly response: StructModel
}

export interface RecordModel {
  readonly definition: RecordDefinition
  readonly range: Range
  readonly body: StructModel
}

const RESERVED = new Set(
  'r w m i version flexible tag tagCount outer unknownTags next mark count element kept default delete new in class enum function return null true false'.split(
    ' ',
  ),
)

export function resolveApi(definition: ApiDefinition): ApiModel {
  const range = parseRange(definition.versions)
  const flexible = parseRange(definition.flexible)
  const about = (what: string) => `Kafka’s ${definition.name} ${what}. Source: ${definition.source}.`
  const resolver = new Resolver(definition.name, flexible)
  const request = resolver.top(`${definition.name}Request`, about('request'), definition.request, range)
  const response = resolver.top(`${definition.name}Response`, about('response'), definition.response, range)
  const advertised = definition.advertise === undefined ? range : parseRange(definition.advertise)
  return { definition, range, advertised, flexible, request, response }
}

export function resolveRecord(definition: RecordDefinition): RecordModel {
  const range = parseRange(definition.versions)
  const resolver = new Resolver(definition.name, parseRange(definition.flexible))
  const body = resolver.top(definition.name, `Source: ${definition.source}.`, definition.fields, range)
  return { definition, range, body }
}

/** All structs reachable from `tops`, each after those that it holds. */
export function structsOf(tops: readonly StructModel[]): StructModel[] {
  const found = new Set<StructModel>()
  const visit = (struct: StructModel): void => {
    for (const field of struct.fields) if (field.struct !== undefined && !found.has(field.struct)) visit(field.struct)
    found.add(struct)
  }
  for (const top of tops) visit(top)
  return [...found]
}

/** Fewest bytes that one element of the field takes, over the versions that have it. */
export function elementBytesMin(field: FieldModel, context: StructModel): number {
  let least = Number.POSITIVE_INFINITY
  const range = intersect(field.range, context.range)
  for (let version = range.min; version <= range.max; version++) {
    least = Math.min(least, valueBytesMin(field, context.flexible, version))
  }
  return Math.max(1, least)
}

const FIXED_BYTES: Partial<Record<PrimitiveKind | 'struct', number>> = {
  int8: 1,
  bool: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int53: 8,
  int64: 8,
  float64: 8,
  uuid: 16,
}

/** Whether a value takes the same bytes in every version, flexible or not. */
export function hasFixedSize(kind: FieldModel['kind']): boolean {
  return FIXED_BYTES[kind] !== undefined
}

function valueBytesMin(field: FieldModel, flexible: Range, version: number): number {
  const fixed = FIXED_BYTES[field.kind]
  if (fixed !== undefined) return fixed
  if (field.struct !== undefined) return structBytesMin(field.struct, version)
  if (condition(flexible, { min: version, max: version }) === 'true') return 1
  return field.kind === 'string' ? 2 : 4
}

function structBytesMin(struct: StructModel, version: number): number {
  const at = { min: version, max: version }
  const flexible = condition(struct.flexible, at) === 'true'
  let bytes = flexible ? 1 : 0
  for (const field of struct.fields) {
    if (condition(field.plain, at) !== 'true') continue
    if (field.array) bytes += flexible ? 1 : 4
    else if (field.struct !== undefined && !isEmpty(field.nullable)) bytes += 1
    else bytes += valueBytesMin(field, struct.flexible, version)
  }
  return bytes
}

class Resolver {
  readonly #where: string
  readonly #flexible: Range
  readonly #structs = new Map<StructType, StructModel>()
  readonly #names = new Set<string>()

  constructor(where: string, flexible: Range) {
    this.#where = where
    this.#flexible = flexible
  }

  top(name: string, doc: string, fields: Fields, range: Range): StructModel {
    return this.#struct({ name, fields }, doc, range)
  }

  #refuse(name: string, problem: string): never {
    throw new Error(`${this.#where}.${name}: ${problem}`)
  }

  #struct(type: StructType, doc: string, range: Range): StructModel {
    const known = this.#structs.get(type)
    if (known === undefined && this.#names.has(type.name)) this.#refuse(type.name, 'two structs have this name')
    const struct: StructModel = known ?? {
      name: type.name,
      doc,
      range: NO_VERSIONS,
      flexible: this.#flexible,
      fields: [],
      looseInput: false,
      needsDefault: false,
    }
    this.#structs.set(type, struct)
    this.#names.add(type.name)
    struct.range = hull(struct.range, range)
    struct.fields.length = 0
    for (const [name, field] of Object.entries(type.fields)) {
      if (field.tag !== undefined && struct.fields.some(other => other.tag === field.tag))
        this.#refuse(`${type.name}.${name}`, `tag ${field.tag} is that of another field`)
      struct.fields.push(this.#field(struct, name, field))
    }
    struct.looseInput = struct.fields.some(
      field => field.optional || field.kind === 'records' || field.struct?.looseInput === true,
    )
    return struct
  }

  #field(owner: StructModel, name: string, field: Field): FieldModel {
    const where = `${owner.name}.${name}`
    const range = intersect(parseRange(field.versions), owner.range)
    if (isEmpty(range)) this.#refuse(where, `no version in use has it (${field.versions})`)
    const tagged =
      field.tag === undefined ? NO_VERSIONS : intersect(parseRange(field.taggedVersions ?? field.versions), range)
    const plain = isEmpty(tagged) ? range : { min: range.min, max: tagged.min - 1 }
    if (!isEmpty(tagged) && tagged.max !== range.max) this.#refuse(where, 'a tagged field stays tagged')
    if (!isEmpty(tagged) && intersect(tagged, this.#flexible).min !== tagged.min)
      this.#refuse(where, 'tagged before flexible')
    if (field.tag !== undefined && field.default === undefined) this.#refuse(where, 'a tagged field needs a default')
    const nullable = field.nullable === undefined ? NO_VERSIONS : intersect(parseRange(field.nullable), range)
    if (field.default === null && isEmpty(nullable)) this.#refuse(where, 'its default is null, but it cannot be null')
    if (!/^[A-Z].*[.?]$/s.test(field.doc) && !/^[0-9].*\.$/s.test(field.doc))
      this.#refuse(where, 'its doc is no sentence')
    const struct = typeof field.type === 'string' ? undefined : this.#struct(field.type, '', range)
    if (struct !== undefined && !field.array && field.default === 'fields') struct.needsDefault = true
    return {
      name,
      local: RESERVED.has(name) ? `${name}Field` : name,
      kind: typeof field.type === 'string' ? field.type : 'struct',
      struct,
      array: field.array,
      range,
      plain,
      tagged,
      tag: field.tag ?? -1,
      nullable,
      optional: field.default !== undefined,
      default: field.default,
      doc: field.doc,
    }
  }
}
