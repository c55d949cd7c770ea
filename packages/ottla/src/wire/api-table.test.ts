import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiRowOf, isKnownVersion } from './api-table.ts'
import { allApis } from './gen/all.ts'
import { apiRows } from './gen/apis.ts'

/** Key, first and last version told to clients, first flexible version: Apache Kafka 4.2, tiers 1 and 2. */
const KAFKA_4_2 = `
  0 0-13 9; 1 4-18 12; 2 1-11 6; 3 0-13 9; 8 2-10 8; 9 1-10 6; 10 0-6 3; 11 0-9 6; 12 0-4 4; 13 0-5 4; 14 0-5 4; 15 0-6 5;
  16 0-5 3; 17 0-1 none; 18 0-4 3; 19 2-7 5; 20 1-6 4; 21 0-2 2; 22 0-5 2; 23 2-4 4; 24 0-5 3; 25 0-4 3; 26 0-5 3; 27 1-2 1;
  28 0-5 3; 29 1-3 2; 30 1-3 2; 31 1-3 2; 32 1-4 4; 33 0-2 2; 34 1-2 2; 35 1-4 2; 36 0-2 2; 37 0-3 2; 42 0-2 2; 43 0-2 2; 44 0-1 1;
  45 0-1 0; 46 0-0 0; 47 0-0 none; 48 0-1 1; 49 0-1 1; 50 0-0 0; 51 0-0 0; 57 0-2 0; 60 0-2 0; 61 0-0 0; 65 0-0 0; 66 0-2 0;
  67 0-0 0; 68 0-1 0; 69 0-1 0; 75 0-0 0`

test('the declared APIs and versions are those of Kafka 4.2, Produce told from 0 but spoken from 3', () => {
  const told = apiRows.map(row => {
    const flexible = Number.isFinite(row.flexibleFrom) ? row.flexibleFrom : 'none'
    return `${row.key} ${row.advertisedMin}-${row.max} ${flexible}`
  })
  assert.deepEqual(
    told,
    KAFKA_4_2.split(';').map(entry => entry.trim()),
  )
  assert.deepEqual(
    apiRows.filter(row => row.advertisedMin !== row.min).map(row => [row.name, row.min]),
    [['Produce', 3]],
  )
})

test('every API of the table has codecs that say the same of themselves', () => {
  const rows = allApis.map(({ key, name, min, max, advertisedMin, flexibleFrom }) => ({
    key,
    name,
    min,
    max,
    advertisedMin,
    flexibleFrom,
  }))
  assert.deepEqual(rows, apiRows)
})

test('any int16 may be looked up', () => {
  assert.equal(apiRowOf(0)?.name, 'Produce')
  assert.equal(apiRowOf(75)?.name, 'DescribeTopicPartitions')
  for (const key of [-32_768, -1, 4, 76, 32_767]) assert.equal(apiRowOf(key), undefined)
  const produce = apiRowOf(0) ?? assert.fail('no Produce')
  assert.deepEqual(
    [-1, 0, 2, 3, 13, 14].map(version => isKnownVersion(produce, version)),
    [false, false, false, true, true, false],
  )
})
