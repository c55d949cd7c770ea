/** What a start makes of swaps that it finds: ours at every step (crash-points.test.ts has all of them), and Kafka's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryDisk } from '../../adapters/memory/disk.ts'
import { readWhole } from '../files.ts'
import { segmentName } from '../segment.ts'
import { recoverSwaps } from './swap.ts'
import { keyedBatch } from './testing.ts'

const FOLDER = '/topic-0'

async function folderWith(files: Readonly<Record<string, Uint8Array | string>>): Promise<MemoryDisk> {
  const disk = new MemoryDisk()
  await disk.makeDirectory(FOLDER)
  for (const [name, content] of Object.entries(files)) {
    const file = await disk.open(`${FOLDER}/${name}`, { mode: 'replace' })
    await file.write(0, typeof content === 'string' ? new TextEncoder().encode(content) : content)
    await file.close()
  }
  return disk
}

const named = (base: number, rest: string) => `${segmentName(base)}.${rest}`

async function namesIn(disk: MemoryDisk): Promise<string[]> {
  return (await disk.list(FOLDER)).map(({ name }) => name)
}

async function textOf(disk: MemoryDisk, name: string): Promise<string> {
  return new TextDecoder().decode((await readWhole(disk, `${FOLDER}/${name}`)) ?? new Uint8Array(0))
}

test('a swap takes the place of what lies in its range, whatever of that is gone already', async () => {
  for (const gone of [[], [named(5, 'log')], [named(5, 'log'), named(5, 'index'), named(5, 'timeindex')]]) {
    const disk = await folderWith({
      [named(0, 'log')]: 'old',
      [named(0, 'index')]: 'old index',
      [named(5, 'log')]: 'old',
      [named(5, 'index')]: 'old',
      [named(5, 'timeindex')]: 'old',
      [named(9, 'log')]: 'stays',
      [named(0, `${segmentName(9)}.log.swap`)]: 'new',
      [named(0, 'index.swap')]: 'new index',
      [named(0, 'timeindex.swap')]: 'new times',
    })
    for (const name of gone) await disk.remove(`${FOLDER}/${name}`)
    await recoverSwaps(disk, FOLDER)
    assert.deepEqual(await namesIn(disk), [named(0, 'index'), named(0, 'log'), named(0, 'timeindex'), named(9, 'log')])
    assert.equal(await textOf(disk, named(0, 'log')), 'new')
    assert.equal(await textOf(disk, named(0, 'index')), 'new index')
    assert.equal(await textOf(disk, named(9, 'log')), 'stays')
  }
})

test('without the swap of the batches nothing is replaced', async () => {
  const files = { [named(0, 'log')]: 'old', [named(0, 'log.cleaned')]: 'new', [named(0, 'index.swap')]: 'new' }
  const disk = await folderWith(files)
  await recoverSwaps(disk, FOLDER)
  assert.deepEqual((await namesIn(disk)).sort(), Object.keys(files).sort())
})

test("Kafka's swap replaces what begins before its last batch ends", async () => {
  const { bytes } = keyedBatch(0, { records: ['a', 'b', 'c', 'd', 'e', 'f'].map(key => ({ key, value: 'v' })) })
  const disk = await folderWith({
    [named(0, 'log')]: 'old',
    [named(5, 'log')]: 'old',
    [named(6, 'log')]: 'stays',
    [named(0, 'log.swap')]: bytes,
    [named(0, 'txnindex.swap')]: 'new',
  })
  await recoverSwaps(disk, FOLDER)
  assert.deepEqual(await namesIn(disk), [named(0, 'log'), named(0, 'txnindex'), named(6, 'log')])
  assert.deepEqual(await readWhole(disk, `${FOLDER}/${named(0, 'log')}`), bytes)
})

test('a part of a split that Kafka did not finish is not taken (KAFKA-6264)', async () => {
  const { bytes } = keyedBatch(5, { records: [{ key: 'a', value: 'v' }] })
  const files = { [named(0, 'log')]: 'old', [named(0, 'log.cleaned')]: 'part', [named(5, 'log.swap')]: bytes }
  const disk = await folderWith(files)
  await recoverSwaps(disk, FOLDER)
  assert.deepEqual((await namesIn(disk)).sort(), Object.keys(files).sort())
})
