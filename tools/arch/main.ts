/**
 * The architecture test: `node tools/arch/main.ts`. Prints each broken rule as path:line, exit 1 when there is one.
 * `--root` names another tree, for its own test.
 * `--write-exceptions` lowers size-exceptions.json to what the files have now; it never adds or raises an entry.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { checkImports } from './imports.ts'
import { checkPurity } from './purity.ts'
import { checkSizes, measureFunctions, type SizeException } from './sizes.ts'
import { type SourceFile, sourceFile } from './source-file.ts'
import { checkWalks, walksOf } from './walks.ts'

const HOME = join(import.meta.dirname, '..', '..')
const SOURCES = 'packages/ottla/src'

const { values } = parseArgs({
  options: {
    root: { type: 'string', default: HOME },
    'write-exceptions': { type: 'boolean', default: false },
  },
})
const ROOT = values.root
const EXCEPTIONS = join(ROOT, 'tools', 'arch', 'size-exceptions.json')

const files = readSources(join(ROOT, SOURCES))
const exceptions = JSON.parse(readFileSync(EXCEPTIONS, 'utf8')) as SizeException[]
const functions = measureFunctions(join(HOME, 'node_modules', '.bin', 'biome'), ROOT, SOURCES).filter(
  each => !files.find(file => file.path === each.path)?.isTest,
)
const findings = [
  ...checkImports(files),
  ...checkPurity(files),
  ...checkSizes(files, functions, exceptions),
  ...checkWalks(walksOf(readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8')), files),
]

if (values['write-exceptions']) writeFileSync(EXCEPTIONS, `${JSON.stringify(lowered(), null, 2)}\n`)
for (const { path, line, message } of findings) {
  console.error(`${path.endsWith('.md') ? path : `${SOURCES}/${path}`}:${line}: ${message}`)
}
console.log(`arch: ${files.length} files, ${findings.length} broken rules`)
if (findings.length > 0) process.exitCode = 1

function readSources(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => name.split(sep).join('/'))
    .sort()
    .map(path => sourceFile(path, readFileSync(join(folder, path), 'utf8')))
}

function lowered(): SizeException[] {
  return exceptions.flatMap(({ path, fileLines, functionLines, why }) => {
    const file = files.find(each => each.path === path)
    if (file === undefined) return []
    const longest = Math.max(0, ...functions.filter(each => each.path === path).map(each => each.lines))
    const lines = file.text.split('\n').length - 1
    return [
      {
        path,
        ...(fileLines === undefined ? {} : { fileLines: Math.min(fileLines, lines) }),
        ...(functionLines === undefined || longest === 0 ? {} : { functionLines: Math.min(functionLines, longest) }),
        why,
      },
    ]
  })
}
