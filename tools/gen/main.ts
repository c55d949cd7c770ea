/**
 * Generates wire/gen and docs/generated/protocol.md from wire/schema.
 *   node tools/gen/main.ts           writes what differs, removes what is no longer generated
 *   node tools/gen/main.ts --check   writes nothing; exit 1 with the names of files that differ
 * `--schema`, `--out` and `--page` name other places, for its tests.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { generate } from './generate.ts'
import { differences, settle } from './output.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const WIRE = join(ROOT, 'packages', 'ottla', 'src', 'wire')

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    schema: { type: 'string', default: join(WIRE, 'schema') },
    out: { type: 'string', default: join(WIRE, 'gen') },
    page: { type: 'string', default: join(ROOT, 'docs', 'generated', 'protocol.md') },
  },
})

const { modules, protocolPage } = await generate(values.schema)
const wanted = new Map(modules.map(({ path, text }) => [join(values.out, path), text]))
wanted.set(values.page, protocolPage)
const changes = await differences(wanted, values.out)

if (!values.check) {
  await settle(wanted, changes)
  console.log(`gen: ${changes.length} of ${wanted.size} files changed`)
} else if (changes.length > 0) {
  console.error('gen: these files are not what the declarations give; run `node tools/gen/main.ts`:')
  for (const { path, why } of changes) console.error(`  ${path}: ${why}`)
  process.exitCode = 1
} else {
  console.log(`gen: ${wanted.size} files agree with the declarations`)
}
