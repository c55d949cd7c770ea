/** What every MetaLog adapter must do. Each test gets a log of its own. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MetaLog } from './meta-log.ts'

const record = (text: string) => new TextEncoder().encode(text)
const texts = (records: readonly Uint8Array[]) => records.map(bytes => new TextDecoder().decode(bytes))

export function metaLogContract(name: string, open: () => Promise<MetaLog>): void {
  describe(`${name} keeps the MetaLog contract`, () => {
    test('a new log is empty', async () => {
      const log = await open()
      assert.deepEqual(await log.read(0), { snapshot: null, entries: [], head: 0 })
    })

    test('entries come back in order, whole, from any offset', async () => {
      const log = await open()
      assert.deepEqual(await log.append(1, 0, [record('a'), record('b')]), { kind: 'ok', head: 1 })
      assert.deepEqual(await log.append(1, 1, [record('c')]), { kind: 'ok', head: 2 })
      const { entries, head } = await log.read(0)
      assert.equal(head, 2)
      assert.deepEqual(
        entries.map(({ offset, epoch, records }) => [offset, epoch, texts(records)]),
        [
          [0, 1, ['a', 'b']],
          [1, 1, ['c']],
        ],
      )
      assert.deepEqual((await log.read(1)).entries.length, 1)
      assert.deepEqual((await log.read(2)).entries, [])
    })

    test('an append elsewhere than at the head is a conflict and appends nothing', async () => {
      const log = await open()
      await log.append(1, 0, [record('a')])
      assert.deepEqual(await log.append(1, 0, [record('x')]), { kind: 'conflict', head: 1 })
      assert.deepEqual(await log.append(1, 5, [record('x')]), { kind: 'conflict', head: 1 })
      assert.equal((await log.read(0)).entries.length, 1)
    })

    test('of two appends at one head one wins', async () => {
      const log = await open()
      const kinds = await Promise.all([log.append(1, 0, [record('a')]), log.append(1, 0, [record('b')])])
      assert.deepEqual(kinds.map(each => each.kind).sort(), ['conflict', 'ok'])
      assert.equal((await log.read(0)).head, 1)
    })

    test('an older epoch is fenced, and the newer one goes on', async () => {
      const log = await open()
      await log.append(2, 0, [record('a')])
      assert.deepEqual(await log.append(1, 1, [record('x')]), { kind: 'fenced', epoch: 2 })
      assert.equal((await log.append(3, 1, [record('b')])).kind, 'ok')
    })

    test('what was handed in may change afterwards', async () => {
      const log = await open()
      const bytes = record('a')
      await log.append(1, 0, [bytes])
      bytes.fill(0)
      assert.deepEqual(texts((await log.read(0)).entries[0]?.records ?? []), ['a'])
    })

    test('watchers are told of appends, until they stop', async () => {
      const log = await open()
      let calls = 0
      const stop = log.watch(() => calls++)
      await log.append(1, 0, [record('a')])
      assert.equal(calls, 1)
      stop()
      await log.append(1, 1, [record('b')])
      assert.equal(calls, 1)
    })

    test('a snapshot stands for what came before it', async () => {
      const log = await open()
      for (let i = 0; i < 4; i++) await log.append(1, i, [record(String(i))])
      await log.writeSnapshot({ endOffset: 3, epoch: 1, records: [record('0-2')] })
      const { snapshot, entries, head } = await log.read(0)
      assert.deepEqual([snapshot?.endOffset, texts(snapshot?.records ?? []), head], [3, ['0-2'], 4])
      assert.deepEqual(
        entries.map(entry => texts(entry.records)),
        [['3']],
      )
      assert.equal((await log.read(3)).snapshot, null)
      assert.equal((await log.append(1, 4, [record('4')])).kind, 'ok')
    })

    test('an older snapshot does not replace a newer one', async () => {
      const log = await open()
      for (let i = 0; i < 3; i++) await log.append(1, i, [record(String(i))])
      await log.writeSnapshot({ endOffset: 3, epoch: 1, records: [record('new')] })
      await log.writeSnapshot({ endOffset: 1, epoch: 1, records: [record('old')] })
      assert.deepEqual(texts((await log.read(0)).snapshot?.records ?? []), ['new'])
    })
  })
}
