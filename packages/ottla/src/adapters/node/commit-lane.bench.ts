/**
 * How long a commit takes, beside what the same write and sync take on the caller's thread and through Node's pool.
 * Run: `npx node packages/ottla/src/adapters/node/commit-lane.bench.ts [directory]` on a machine with nothing else to do.
 */
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeDisk } from './disk.ts'

const COMMITS = 3_000
const RING_BYTES = 8 << 20

async function measure(name: string, bytes: number, once: (i: number) => Promise<void>): Promise<void> {
  const times: number[] = []
  const cpu = process.cpuUsage()
  const commits = bytes > 100_000 ? COMMITS / 10 : COMMITS
  for (let i = 0; i < commits; i++) {
    const from = performance.now()
    await once(i)
    times.push(performance.now() - from)
  }
  const { user, system } = process.cpuUsage(cpu)
  times.sort((a, b) => a - b)
  const at = (share: number) => (times[Math.floor(times.length * share)] as number).toFixed(3)
  const cpuUs = ((user + system) / commits).toFixed(0)
  const row = [name.padEnd(22), `${bytes} B`.padEnd(10), `p50 ${at(0.5)} ms`, `p99 ${at(0.99)} ms`, `cpu ${cpuUs} us`]
  process.stdout.write(`${row.join('  ')}\n`)
}

const path = join(process.argv[2] ?? tmpdir(), `ottla-commit-bench-${process.pid}`)
const disk = new NodeDisk()
const lane = await disk.commitLane(process.argv[2] ?? tmpdir())
const ring = await lane.open(path, RING_BYTES)
const file = await disk.open(path, { mode: 'write', direct: true })
const slab = disk.slab(1 << 20)
const place = (i: number, bytes: number) => (i * bytes) % RING_BYTES
process.stdout.write(`direct I/O: ${file.direct}\n`)
for (const bytes of [4096, 131_072, 1_048_576]) {
  const piece = slab.subarray(0, bytes)
  await measure('commit lane', bytes, i => ring.commit(place(i, bytes), piece))
  await measure('pool: write, sync', bytes, async i => {
    await file.write(place(i, bytes), piece)
    await file.sync()
  })
}
await Promise.all([ring.close(), file.close()])
await lane.close()
await rm(path)
