import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressInBanner } from './ottla.ts'

test('the address is found in the first line of the banner, and nowhere else', () => {
  assert.deepEqual(addressInBanner('Ottla 0.1.0 listening on 127.0.0.1:41234'), { host: '127.0.0.1', port: 41234 })
  assert.deepEqual(addressInBanner('Ottla 0.1.0 listening on localhost:9092'), { host: 'localhost', port: 9092 })
  assert.equal(addressInBanner('Data directory /tmp/127.0.0.1:1'), null)
  assert.equal(addressInBanner('  kcat -b 127.0.0.1:9092 -t hello -P'), null)
})
