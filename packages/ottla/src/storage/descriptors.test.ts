import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryDisk } from '../adapters/memory/disk.ts'
import { DiskFault } from '../ports/disk.ts'
import { DescriptorCache } from './descriptors.ts'

function cache(limit: number): { disk: MemoryDisk; descriptors: DescriptorCache; opens: string[] } {
  const opens: string[] = []
  const disk = new MemoryDisk({
    intercept: operation => {
      if (operation.kind === 'open') opens.push(operation.path)
      return 'go'
    },
  })
  const descriptors = new DescriptorCache(disk, {
    limit,
    onCloseFault: error => {
      throw error
    },
  })
  return { disk, descriptors, opens }
}

test('J12 few files are open however many are used, those used last', async () => {
  const { descriptors, opens } = cache(3)
  const use = (name: string): Promise<number> => descriptors.with(`/${name}`, 'cached', file => file.size())
  for (const name of ['a', 'b', 'c', 'a', 'd', 'a', 'e']) await use(name)
  assert.equal(descriptors.openCount, 3)
  assert.deepEqual(opens, ['/a', '/b', '/c', '/d', '/e'])
  await use('b')
  assert.deepEqual(opens.at(-1), '/b')
})

test('a file in use stays open although others push it out', async () => {
  const { descriptors } = cache(1)
  let finish: () => void = () => {}
  const slow = descriptors.with('/slow', 'cached', async file => {
    await new Promise<void>(resolve => {
      finish = resolve
    })
    await file.write(0, Uint8Array.of(1))
    return file.size()
  })
  for (const name of ['/a', '/b', '/c']) await descriptors.with(name, 'cached', file => file.size())
  finish()
  assert.equal(await slow, 1)
})

test('a failed opening is told to everyone who waits, and tried again for the next', async () => {
  const { disk, descriptors } = cache(2)
  const both = await Promise.allSettled([
    descriptors.with('/none', 'read', file => file.size()),
    descriptors.with('/none', 'read', file => file.size()),
  ])
  for (const each of both) assert.ok(each.status === 'rejected' && each.reason instanceof DiskFault)
  await (await disk.open('/none', { mode: 'create' })).close()
  assert.equal(await descriptors.with('/none', 'read', file => file.size()), 0)
})
