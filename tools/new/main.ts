/**
 * `npm run new api 57` (declared already) or `npm run new api 71 GetTelemetrySubscriptions`: writes what is missing of
 * schema, handler and test, marks the API in docs/omissions.md, and runs the generator. Overwrites nothing.
 * `--root` names another place, for its test.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fileName, type NewApi, skeletonFiles, withOmission } from './skeleton.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { root: { type: 'string', default: ROOT } },
})
const SCHEMA = join(values.root, 'packages', 'ottla', 'src', 'wire', 'schema')
const OMISSIONS = join(values.root, 'docs', 'omissions.md')

const api = chosenApi(positionals)
for (const [path, text] of skeletonFiles(api)) {
  if (existsSync(join(values.root, path))) {
    console.log(`kept    ${path}`)
  } else {
    writeFileSync(join(values.root, path), text)
    console.log(`written ${path}`)
  }
}
writeFileSync(OMISSIONS, withOmission(readFileSync(OMISSIONS, 'utf8'), api))
console.log('changed docs/omissions.md')
const generator = join(ROOT, 'tools', 'gen', 'main.ts')
const places = [
  ...['--schema', SCHEMA],
  ...['--out', join(values.root, 'packages', 'ottla', 'src', 'wire', 'gen')],
  ...['--page', join(values.root, 'docs', 'generated', 'protocol.md')],
]
execFileSync(process.execPath, [generator, ...places], { stdio: 'inherit' })
console.log(`next: write ${fileName(api)}.test.ts, then the handler; add it to the broker's table of APIs last`)

/** The API that the arguments name; ends the program with one line when they name none. */
function chosenApi([what, number, name]: readonly string[]): NewApi {
  const key = Number(number)
  if (what !== 'api' || !/^\d{1,3}$/.test(number ?? '')) return refuse('usage: npm run new api KEY [NAME]')
  const declared = declaredName(key)
  if (declared !== null && name !== undefined && name !== declared)
    return refuse(`API ${key} is declared as ${declared}, not ${name}`)
  const chosen = declared ?? name
  if (chosen === undefined)
    return refuse(`API ${key} is not declared: give its name, as in npm run new api 71 GetTelemetrySubscriptions`)
  if (!/^([A-Z][a-z0-9]*)+$/.test(chosen)) return refuse(`${chosen}: a name is written as in GetTelemetrySubscriptions`)
  return { key, name: chosen }
}

function declaredName(key: number): string | null {
  const file = readdirSync(SCHEMA).find(name => Number.parseInt(name, 10) === key)
  if (file === undefined) return null
  return /^ {2}name: '(\w+)',$/m.exec(readFileSync(join(SCHEMA, file), 'utf8'))?.[1] ?? null
}

function refuse(why: string): never {
  console.error(why)
  process.exit(2)
}
