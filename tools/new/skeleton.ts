/**
 * The files with which the work on an API begins: they compile, and they fail until somebody has done it. The handler is
 * in no table, so the API is never advertised before it answers.
 */

export interface NewApi {
  /** 0 to 999. */
  readonly key: number
  /** Kafka's name, without "Request". */
  readonly name: string
}

/** Text of each file by its path from the root. */
export function skeletonFiles(api: NewApi): ReadonlyMap<string, string> {
  const file = fileName(api)
  return new Map([
    [`packages/ottla/src/wire/schema/${file}.ts`, schemaText(api)],
    [`packages/ottla/src/broker/api/${file}.ts`, handlerText(api)],
    [`packages/ottla/src/broker/api/${file}.test.ts`, testText(api)],
  ])
}

/** `57-update-features`: one number finds schema, handler, fixtures and tests. */
export function fileName({ key, name }: NewApi): string {
  return `${String(key).padStart(2, '0')}-${kebab(name)}`
}

export function kebab(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase()
}

function camel(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

function schemaText({ key, name }: NewApi): string {
  return `/** ${name}: say here what it is for, and what each version brought. */
import { errorCode, throttleTimeMs } from './common.ts'
import { defineApi } from './language.ts'

export const ${camel(name)} = defineApi({
  key: ${key},
  name: '${name}',
  versions: '0-0',
  flexible: '0+',
  source: 'Kafka 4.2 ${name}',
  request: {},
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    errorCode: errorCode('0+', 'the request'),
  },
})
`
}

function handlerText({ name }: NewApi): string {
  const module = kebab(name)
  return `/** ${name}: say here what it does, for whom, and what each version changes in that. */
import { Bug } from '../../base/assert.ts'
import { type ${name}Request, type ${name}ResponseInput, ${camel(name)}Api } from '../../wire/gen/${module}.ts'
import { type Handler, serve } from './handler.ts'

export const handle${name}: Handler<${name}Request, ${name}ResponseInput> = context => {
  throw new Bug('${name} has no answer yet', { apiVersion: context.apiVersion })
}

export const ${camel(name)} = serve(${camel(name)}Api, handle${name})
`
}

function testText(api: NewApi): string {
  return `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ${camel(api.name)} } from './${fileName(api)}.ts'

test('${api.name} answers', () => {
  assert.equal(${camel(api.name)}.api.key, ${api.key})
  assert.fail('replace this by what ${api.name} must answer: facts first, in all its versions')
})
`
}

/** The omissions page with the API's row saying that it was begun; the row is added in its place when there is none. */
export function withOmission(page: string, { key, name }: NewApi): string {
  const row = `| ${key} | ${name} | begun: declared, no answer |`
  const lines = page.split('\n')
  const rows = lines.flatMap((line, index) => {
    const found = /^\| (\d+) \| \w+ \|/.exec(line)?.[1]
    return found === undefined ? [] : [{ key: Number(found), index }]
  })
  const same = rows.find(each => each.key === key)
  if (same !== undefined) return lines.with(same.index, row).join('\n')
  const before = rows.findLast(each => each.key < key)
  if (before === undefined) throw new Error('docs/omissions.md has no table of APIs')
  return lines.toSpliced(before.index + 1, 0, row).join('\n')
}
