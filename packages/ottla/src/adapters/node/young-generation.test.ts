/** The bound of the young generation, in a process of its own: flags hold for the whole process. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

test('objects that outlive collections make the young generation no larger than the bound', async () => {
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8'
    import { boundYoungGeneration } from ${JSON.stringify(new URL('./young-generation.ts', import.meta.url).href)}
    const size = () => getHeapSpaceStatistics().find(space => space.space_name === 'new_space').space_size / 2 ** 20
    const bound = process.argv[1] === 'bound' ? boundYoungGeneration() / 2 ** 20 : null
    const kept = []
    for (let i = 0; i < 4_000_000; i++) kept[i % 20_000] = { i }
    console.log(JSON.stringify([bound, size()]))`
  const run = async (how: string) => {
    const args = ['--input-type=module', '-e', program, how]
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000, killSignal: 'SIGKILL' })
    return JSON.parse(stdout) as [number | null, number]
  }
  assert.deepEqual(await run('bound'), [8, 8])
  const [, unbound] = await run('free')
  assert.ok(unbound > 8, `without it: ${unbound} MB`)
})
