import assert from 'node:assert/strict'
import { test } from 'node:test'
import { key } from '../../spec/config/key.ts'
import { password } from '../../spec/config/kind.ts'
import { ConfigSource, configEntry } from './config-entries.ts'

test('§8.38 a secret is told to be there, and nowhere shown', () => {
  const row = key({ kafka: 'some.password', kind: password('any text'), default: '', doc: 'A secret.' })
  const given = { name: 'some.password', value: 'hunter2', source: ConfigSource.static }
  const entry = configEntry('some.password', row, [given, { ...given, value: '', source: ConfigSource.default }])
  assert.equal(entry.isSensitive, true)
  assert.equal(entry.value, null)
  assert.equal(entry.source, ConfigSource.static)
  assert.deepEqual(
    entry.synonyms.map(each => each.value),
    [null, null],
  )
  assert.doesNotMatch(JSON.stringify(entry), /hunter2/)
})
