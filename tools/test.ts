/**
 * `npm test`: every *.test.ts below packages, tools, test and bench, each file in a process of its own. Prints what failed and
 * the files that took longest; the last line is `N passed, N failed`. Installs nothing and needs no network.
 *   npm test                        everything
 *   npm test -- core spec/config    only files whose path holds one of the words
 *   npm test -- --verbose           every test as it ends
 * `--root` names another place to look for tests, for its own test.
 */
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { run } from 'node:test'
import { parseArgs } from 'node:util'
import { useCompileCache } from './compile-cache.ts'
import { FAILED_FILE_MARK, failureText } from './test/failure.ts'
import { longestFirst, noteTimes, readTimes } from './test/times.ts'

const PATTERNS = ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts']
/** A test file that takes longer hangs. */
const FILE_TIMEOUT_MS = 120_000
const SLOWEST_SHOWN = 5
const SLOW_MS = 1000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    verbose: { type: 'boolean', default: false },
    root: { type: 'string', default: join(import.meta.dirname, '..') },
  },
})
const paths = globSync(PATTERNS, { cwd: values.root, exclude: ['**/node_modules/**'] })
  .filter(path => positionals.length === 0 || positionals.some(word => path.includes(word)))
  .sort()
const files = longestFirst(paths, readTimes(values.root)).map(path => join(values.root, path))
if (files.length === 0) {
  console.error(`no test file matches ${positionals.join(' ')}\n0 passed, 1 failed`)
  process.exit(1)
}

const took = new Map<string, number>()
const begun = performance.now()
let passed = 0
let failed = 0
let skipped = 0

useCompileCache(values.root)
const events = run({ files, concurrency: availableParallelism(), timeout: FILE_TIMEOUT_MS, cwd: values.root })
events.on('test:pass', ({ name, file, skip, details }) => {
  if (details.type === 'suite') return
  if (skip === undefined) passed++
  else skipped++
  const path = relative(values.root, file ?? name)
  took.set(path, (took.get(path) ?? 0) + details.duration_ms)
  if (values.verbose) console.log(`ok    ${name}`)
})
events.on('test:fail', ({ name, file, todo, details }) => {
  if (todo !== undefined || details.type === 'suite') return
  failed++
  const where = file === undefined ? FAILED_FILE_MARK : relative(values.root, file)
  console.error(failureText(where, name, details.error))
})
events.on('test:stderr', ({ message }) => process.stderr.write(message))
events.on('end', () => {
  noteTimes(values.root, took)
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  const slow = [...took].filter(([, ms]) => ms >= SLOW_MS).sort((a, b) => b[1] - a[1])
  for (const [file, ms] of slow.slice(0, SLOWEST_SHOWN)) console.log(`${(ms / 1000).toFixed(1)} s in ${file}`)
  console.log(`${files.length} files in ${seconds} s${skipped === 0 ? '' : `, ${skipped} skipped`}`)
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1
})
events.resume()
