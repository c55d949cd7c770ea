import assert from 'node:assert/strict'
import { test } from 'node:test'
import { complaintsIn, countRecords, filesDumped, recordsIn } from './dump-output.ts'

const batch = (offsets: string, valid = true) =>
  `baseOffset: ${offsets} baseSequence: -1 position: 0 size: 90 magic: 2 compresscodec: none crc: 7 isvalid: ${valid}`

test('a clean dump has no complaints, although the tool calls the start of every later segment a gap', () => {
  const output = [
    'Dumping /data/t-0/00000000000000000012.log',
    'Log starting offset: 12',
    batch('12 lastOffset: 13 count: 2'),
    '| offset: 12 CreateTime: 1 keySize: 2 valueSize: 3 sequence: -1 headerKeys: []',
    '| offset: 13 CreateTime: 1 keySize: 2 valueSize: 3 sequence: -1 headerKeys: []',
    'Non-consecutive offsets in /data/t-0/00000000000000000012.log',
    '  -1 is followed by 12',
  ].join('\n')
  assert.deepEqual(complaintsIn(output), [])
  assert.equal(countRecords(output), 2)
  assert.equal(filesDumped(output), 1)
})

test('a real gap, and a segment that does not begin with the offset in its name, are complaints', () => {
  const heading = 'Non-consecutive offsets in /data/t-0/00000000000000000012.log'
  assert.equal(complaintsIn(`${heading}\n  20 is followed by 25`).length, 1)
  assert.equal(complaintsIn(`${heading}\n  -1 is followed by 14`).length, 1)
})

test('in a compacted log a gap is none, but offsets that go back are', () => {
  const heading = 'Non-consecutive offsets in /data/keyed-0/00000000000000000012.log'
  const complaints = (gap: string) => complaintsIn(`${heading}\n  ${gap}`, file => file.includes('/keyed-'))
  assert.deepEqual(complaints('20 is followed by 25'), [])
  assert.deepEqual(complaints('-1 is followed by 14'), [])
  assert.equal(complaints('25 is followed by 20').length, 1)
})

test('records are read with the folder of their partition, their key and their value', () => {
  const output = [
    'Dumping /data/keyed-0/00000000000000000012.log',
    batch('12 lastOffset: 12 count: 1'),
    '| offset: 12 CreateTime: 1 keySize: 2 valueSize: 3 sequence: -1 headerKeys: [] key: k1 payload: abc',
  ].join('\n')
  assert.deepEqual(recordsIn(output), [{ folder: 'keyed-0', offset: 12, key: 'k1', value: 'abc' }])
})

test('every kind of damage that the tool reports is a complaint', () => {
  const reports = [
    batch('12 lastOffset: 13 count: 2', false),
    'Mismatches in :/data/t-0/00000000000000000000.index',
    'Found timestamp mismatch in :/data/t-0/00000000000000000000.timeindex',
    'Found out of order timestamp in :/data/t-0/00000000000000000000.timeindex',
    'Found 65203 invalid bytes at the end of 00000000000000006980.log',
    'Snapshot is corrupt (CRC is no longer valid). Stored crc: 1. Computed crc: 2',
    'Exception in thread "main" java.util.NoSuchElementException',
    'Ignoring unknown file leader-epoch-checkpoint',
  ]
  for (const report of reports) assert.equal(complaintsIn(`Dumping x\n${report}`).length, 1, report)
})

test('batch headers and records that tell of different counts are an error', () => {
  assert.throws(() => countRecords(batch('0 lastOffset: 1 count: 2')), /tell of 2 records, iteration finds 0/)
})
