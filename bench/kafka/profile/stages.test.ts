import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stagesOf } from './stages.ts'

const source = 'file:///x/packages/ottla/src'

test('a sample belongs to the innermost stage it is in, the threads of the pool apart', () => {
  const stacks = new Map([
    [`MainThread;uv__io_poll;uv__read;JS:*received ${source}/broker/net/connection.ts:108:3`, 1],
    ['MainThread;uv__io_poll;uv__read;ksys_read;_copy_to_iter', 2],
    [`MainThread;uv__read;JS:*x ${source}/broker/net/connection.ts:1:1;crc32.linux-x64-gnu.node`, 3],
    [`MainThread;JS:*append ${source}/storage/log.ts:180:9;__memmove_avx_unaligned_erms`, 4],
    ['MainThread;v8::internal::Scavenger', 5],
    ['libuv-worker;ksys_pwrite64;copy_folio_from_iter_atomic', 6],
    ['libuv-worker;schedule', 7],
  ])
  const total = 28
  assert.deepEqual(
    stagesOf(stacks).map(({ title, share }) => [title, Math.round(share * total)]),
    [
      ['read from the socket', 2],
      ['frames, decoding, dispatch', 1],
      ['batch: CRC-32C', 3],
      ['log: copy into the piece, index', 4],
      ['garbage, promises, the event loop', 5],
      ['pool: writing', 6],
      ['pool: waking, waiting, closing', 7],
    ],
  )
})

test('no samples, no stages', () => {
  assert.deepEqual(stagesOf(new Map()), [])
})
