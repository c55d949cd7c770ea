/**
 * The language in which wire messages, and records kept in logs, are declared: one declaration for all versions. The
 * declarations are data for tools/gen, which makes the types and codecs in wire/gen from them; nothing reads them at
 * run time. Fields are listed in wire order, under Kafka's own names.
 *
 * Versions are written '3+' (to the newest), '3-7', or '3'. A field that a version lacks decodes as its default; encode
 * leaves it out without complaint. A field with a `default` may be left out of what encode is given.
 * Source: Kafka's message definitions (KIP-482); the sentences are ours.
 */

export type PrimitiveKind =
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int53'
  | 'int64'
  | 'float64'
  | 'bool'
  | 'string'
  | 'bytes'
  | 'uuid'
  | 'records'

/** A group of fields with a name of its own, unique in its declaration's file. */
export interface StructType {
  readonly name: string
  readonly fields: Fields
}

export type Fields = Readonly<Record<string, Field>>

/** Made by `f`. */
export interface Field {
  readonly type: PrimitiveKind | StructType
  readonly array: boolean
  readonly versions: string
  readonly nullable: string | undefined
  /** Undefined when the declaration gives none: the field must then be spelled by whoever encodes. */
  readonly default: unknown
  readonly tag: number | undefined
  readonly taggedVersions: string | undefined
  readonly doc: string
}

export interface FieldOptions<Default> {
  /** Versions in which null is legal. */
  readonly nullable?: string
  /** The value in versions that lack the field, and where encode is given none. */
  readonly default?: Default | null
  /** Number of the tagged field; it is tagged in `taggedVersions`, or wherever it exists. */
  readonly tag?: number
  readonly taggedVersions?: string
  /** Meaning, unit, range, special values. */
  readonly doc: string
}

export interface ApiDefinition {
  readonly kind: 'api'
  readonly key: number
  /** Kafka's name, without "Request". */
  readonly name: string
  /** Versions that exist here: `min-max`. */
  readonly versions: string
  /** Versions told to clients, where they differ from `versions`: more may be told than is answered (Produce). */
  readonly advertise: string | undefined
  /** First version with compact forms and tagged fields: '9+', or 'none'. */
  readonly flexible: string
  readonly source: string
  readonly request: Fields
  readonly response: Fields
}

/**
 * A record kept in a log, or carried as bytes inside a message. It begins with an int16: its version, or for keys of
 * Kafka's coordinators the type of the key, which then stands in `versions`.
 */
export interface RecordDefinition {
  readonly kind: 'record'
  readonly name: string
  readonly versions: string
  readonly flexible: string
  /** What a version above the newest means: 'refuse' (the default), or 'as-newest' where later versions only append. */
  readonly newer: 'refuse' | 'as-newest'
  readonly source: string
  readonly fields: Fields
}

export function defineApi(
  api: Omit<ApiDefinition, 'kind' | 'advertise'> & { readonly advertise?: string },
): ApiDefinition {
  return { ...api, kind: 'api', advertise: api.advertise }
}

export function defineRecord(
  record: Omit<RecordDefinition, 'kind' | 'newer'> & { readonly newer?: 'as-newest' },
): RecordDefinition {
  return { ...record, kind: 'record', newer: record.newer ?? 'refuse' }
}

export function struct(name: string, fields: Fields): StructType {
  return { name, fields }
}

function field(
  type: PrimitiveKind | StructType,
  array: boolean,
  versions: string,
  options: FieldOptions<unknown>,
): Field {
  return {
    type,
    array,
    versions,
    nullable: options.nullable,
    default: options.default,
    tag: options.tag,
    taggedVersions: options.taggedVersions,
    doc: options.doc,
  }
}

function primitive<Default>(type: PrimitiveKind) {
  return (versions: string, options: FieldOptions<Default>): Field => field(type, false, versions, options)
}

export const f = {
  int8: primitive<number>('int8'),
  int16: primitive<number>('int16'),
  uint16: primitive<number>('uint16'),
  int32: primitive<number>('int32'),
  uint32: primitive<number>('uint32'),
  /** 64 bits as a number, saturating at decode: offsets, sizes, times. */
  int53: primitive<number>('int53'),
  /** 64 bits as a bigint: what a peer chose and must get back exactly, such as producer ids. */
  int64: primitive<bigint>('int64'),
  float64: primitive<number>('float64'),
  bool: primitive<boolean>('bool'),
  string: primitive<string>('string'),
  bytes: primitive<never>('bytes'),
  uuid: primitive<string>('uuid'),
  /** Record batches: a view at decode; at encode also a list of views, referenced and not copied. */
  records: primitive<never>('records'),
  struct: (versions: string, type: StructType, options: FieldOptions<'fields'>): Field =>
    field(type, false, versions, options),
  array: (versions: string, element: PrimitiveKind | StructType, options: FieldOptions<readonly []>): Field =>
    field(element, true, versions, options),
}
