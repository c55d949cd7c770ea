/** From the folder of declarations to the texts of all generated files; reads declarations, writes nothing. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ApiDefinition, RecordDefinition } from '../../packages/ottla/src/wire/schema/language.ts'
import { type ApiModel, type RecordModel, resolveApi, resolveRecord } from './model.ts'
import { allModule, apiModule, type GeneratedFile, recordsModule, rowsModule } from './module.ts'
import { protocolPage } from './protocol-page.ts'

export interface Generated {
  /** Paths relative to wire/gen. */
  readonly modules: readonly GeneratedFile[]
  readonly protocolPage: string
}

export interface ApiSource {
  readonly model: ApiModel
  readonly schema: string
  readonly path: string
}

export interface RecordSource {
  readonly models: readonly RecordModel[]
  readonly schema: string
  readonly path: string
}

/** `schemaFolder` is wire/schema. Throws with the declaration's name when one is wrong. */
export async function generate(schemaFolder: string): Promise<Generated> {
  const apis = await readApis(schemaFolder)
  const records = await readRecords(schemaFolder)
  return {
    modules: [
      ...apis.map(({ model, schema, path }) => apiModule(model, schema, path)),
      ...records.map(({ models, schema, path }) => recordsModule(models, schema, path)),
      rowsModule(apis.map(({ model }) => model)),
      allModule(apis, records),
    ],
    protocolPage: protocolPage(
      apis,
      records.flatMap(({ models, schema }) => models.map(model => ({ model, schema }))),
    ),
  }
}

/** Every declared API, by key. */
export async function readApis(folder: string): Promise<ApiSource[]> {
  const found: ApiSource[] = []
  for (const file of (await readdir(folder)).filter(isSchema)) {
    const definitions = (await exportsOf(join(folder, file))).filter(isApi)
    const keyed = /^(\d+)-(.+)\.ts$/.exec(file)
    if (keyed === null) {
      if (definitions.length > 0) throw new Error(`${file}: an API's file is named by its key, as 00-produce.ts`)
      continue
    }
    const [definition] = definitions
    if (definition === undefined || definitions.length > 1)
      throw new Error(`${file}: one API expected, ${definitions.length} found`)
    if (definition.key !== Number(keyed[1])) throw new Error(`${file}: declares key ${definition.key}`)
    if (found.some(({ model }) => model.definition.key === definition.key))
      throw new Error(`two files declare key ${definition.key}: ${file} is one`)
    found.push({ model: resolveApi(definition), schema: file, path: `${keyed[2]}.ts` })
  }
  return found.sort((a, b) => a.model.definition.key - b.model.definition.key)
}

/** Every declared record, by file. */
export async function readRecords(folder: string): Promise<RecordSource[]> {
  const found: RecordSource[] = []
  for (const file of (await readdir(join(folder, 'records'))).filter(isSchema).sort()) {
    const definitions = (await exportsOf(join(folder, 'records', file))).filter(isRecord)
    if (definitions.length === 0) continue
    found.push({ models: definitions.map(resolveRecord), schema: `records/${file}`, path: `records/${file}` })
  }
  return found
}

const isSchema = (file: string): boolean => file.endsWith('.ts') && !file.endsWith('.test.ts')

async function exportsOf(file: string): Promise<unknown[]> {
  const module: Record<string, unknown> = await import(pathToFileURL(file).href)
  return Object.values(module)
}

const kindOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'kind' in value ? value.kind : null
const isApi = (value: unknown): value is ApiDefinition => kindOf(value) === 'api'
const isRecord = (value: unknown): value is RecordDefinition => kindOf(value) === 'record'
