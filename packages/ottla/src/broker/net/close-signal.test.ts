import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CloseSignal } from './close-signal.ts'

test('who begins to wait when the connection is gone, or about to end, is told at once', () => {
  for (const end of ['fire', 'hurry'] as const) {
    const signal = new CloseSignal()
    const told: string[] = []
    signal.onClose(() => told.push('before'))
    signal.onClose(() => told.push('taken back'))()
    signal[end]()
    signal.onClose(() => told.push('after'))
    assert.deepEqual(told, ['before', 'after'])
    signal.fire()
    assert.equal(told.length, 2, 'once')
  }
})
