/** What a producer may send, and what earns which error. The batches are built whole, then damaged one way at a time. */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import * as zlib from 'node:zlib'
import fc from 'fast-check'
import { BatchBuilder, type BuildOptions, buildMarkerBatch } from './build.ts'
import { putInt32, putInt53 } from './fixed.ts'
import * as layout from './header.ts'
import { readRecords } from './iterate.ts'
import { recodeBatch } from './recode.ts'
import { concatBytes, corpusBatches } from './testing.ts'
import { emptyProduceFindings, type ProduceRules, validateProduceRecords } from './validate.ts'

const NOW = 1_700_000_000_000
const HOUR = 3_600_000
const codecs = Object.values(layout.Codec)
const compressed = codecs.filter(codec => codec !== layout.Codec.none)
const bytes = (text: string) => new TextEncoder().encode(text)

const defaults: ProduceRules = {
  produceVersion: 9,
  maxMessageBytes: 1_048_588,
  compacted: false,
  strict: false,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: HOUR,
  nowMs: NOW,
  inflatedBytesMax: 1 << 22,
}

test('batches of every codec are taken, walked where they are not compressed', () => {
  for (const codec of codecs) {
    const findings = emptyProduceFindings()
    assert.equal(validateProduceRecords(build({ codec }), defaults, findings), null)
    assert.equal(findings.walked, codec === layout.Codec.none)
    assert.equal(findings.header.recordsCount, 3)
    assert.equal(findings.maxTimestamp, NOW + 2)
    for (const rules of [{ strict: true }, { compacted: true }]) {
      assert.equal(validateProduceRecords(build({ codec }), { ...defaults, ...rules }, findings), null)
      assert.equal(findings.walked, true)
    }
  }
})

test('batches from other implementations are taken once their offset is a producer’s', () => {
  let taken = 0
  for (const { hex, expected } of corpusBatches) {
    if (expected.attributes !== 0) continue
    const batch = Uint8Array.from(Buffer.from(hex, 'hex'))
    layout.patchBaseOffset(batch, 0, 0)
    assert.equal(refusalOf(batch, { nowMs: expected.maxTimestamp }), null)
    taken++
  }
  assert.equal(taken, 3)
})

test('producer fields: idempotent, transactional, and what non-idempotent clients leave in them', () => {
  const idempotent = { producerId: 2n ** 62n, producerEpoch: 0, baseSequence: 0 }
  assert.equal(refusalOf(build(idempotent)), null)
  assert.equal(refusalOf(build({ ...idempotent, transactional: true })), null)
  assert.equal(refusalOf(build({ ...idempotent, baseSequence: 2 ** 31 - 1, producerEpoch: 32767 })), null)
  // KafkaJS sends epoch 0 and sequence 0 without a producer id.
  assert.equal(refusalOf(build({ producerId: -1n, producerEpoch: 0, baseSequence: 0 })), null)
})

test('G14 wrong CRC is CORRUPT_MESSAGE', () => {
  for (const codec of codecs) {
    const batch = build({ codec })
    batch[batch.length - 1] = batch[batch.length - 1]! ^ 1
    assert.equal(refusalOf(batch)?.error, 'CORRUPT_MESSAGE')
  }
})

test('G14 any one changed byte the CRC covers is CORRUPT_MESSAGE', () => {
  const batch = build({})
  for (let at = layout.CRC_AT; at < batch.length; at++) {
    const changed = batch.slice()
    changed[at] = changed[at]! ^ 0x40
    assert.equal(refusalOf(changed)?.error, 'CORRUPT_MESSAGE', `byte ${at}`)
  }
})

test('G14 magic 0, 1, 3 and -1 are INVALID_RECORD', () => {
  for (const magic of [0, 1, 3, 0xff]) {
    const batch = build({})
    batch[layout.MAGIC_AT] = magic
    assert.equal(refusalOf(batch)?.error, 'INVALID_RECORD')
    // A message of the old formats may be shorter than a header of magic 2.
    assert.equal(refusalOf(batch.slice(0, 34))?.error, 'INVALID_RECORD')
  }
})

test('G14 count and last offset delta must agree with each other and with the records', () => {
  const changes: [number, number, string][] = [
    [layout.RECORDS_COUNT_AT, 4, 'does not fit'],
    [layout.RECORDS_COUNT_AT, 0, 'record count'],
    [layout.RECORDS_COUNT_AT, -1, 'record count'],
    [layout.RECORDS_COUNT_AT, -(2 ** 31), 'record count'],
    [layout.LAST_OFFSET_DELTA_AT, 3, 'does not fit'],
    [layout.LAST_OFFSET_DELTA_AT, -1, 'does not fit'],
    [layout.LAST_OFFSET_DELTA_AT, 2 ** 31 - 1, 'does not fit'],
  ]
  for (const [at, value, message] of changes) {
    const refusal = refusalOf(damage(build({}), batch => putInt32(batch, at, value)))
    assert.equal(refusal?.error, 'INVALID_RECORD')
    assert.match(refusal?.message ?? '', new RegExp(message))
  }
  // Both changed together: only a walk can tell.
  for (const count of [2, 4, 2 ** 31 - 1]) {
    const lie = (batch: Uint8Array) => {
      putInt32(batch, layout.RECORDS_COUNT_AT, count)
      putInt32(batch, layout.LAST_OFFSET_DELTA_AT, count - 1)
    }
    assert.equal(refusalOf(damage(build({}), lie))?.error, 'INVALID_RECORD')
    for (const codec of compressed) {
      const batch = damage(build({ codec }), lie)
      assert.equal(refusalOf(batch), null, 'pass-through takes the header at its word')
      assert.equal(refusalOf(batch, { strict: true })?.error, 'INVALID_RECORD')
      assert.equal(refusalOf(batch, { compacted: true })?.error, 'INVALID_RECORD')
    }
  }
})

test('G14 base offset junk is INVALID_RECORD', () => {
  for (const offset of [1, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
    assert.equal(refusalOf(damage(build({}), batch => putInt53(batch, 0, offset)))?.error, 'INVALID_RECORD')
  }
})

test('G14 two batches, a batch and a bit, a bit of a batch, and nothing are INVALID_RECORD', () => {
  const batch = build({})
  const cases = [concatBytes(batch, batch), concatBytes(batch, Uint8Array.of(0)), new Uint8Array(0)]
  for (let length = 1; length < batch.length; length++) cases.push(batch.slice(0, length))
  for (const records of cases) assert.equal(refusalOf(records)?.error, 'INVALID_RECORD', `${records.length} bytes`)
})

test('a batch length below the header’s is CORRUPT_MESSAGE, beyond the bytes sent INVALID_RECORD', () => {
  for (const [length, error] of [
    [48, 'CORRUPT_MESSAGE'],
    [0, 'CORRUPT_MESSAGE'],
    [-1, 'CORRUPT_MESSAGE'],
    [-(2 ** 31), 'CORRUPT_MESSAGE'],
    [2 ** 31 - 1, 'INVALID_RECORD'],
  ] as const) {
    const batch = build({})
    putInt32(batch, layout.BATCH_LENGTH_AT, length)
    assert.equal(refusalOf(batch)?.error, error)
  }
})

test('G14 a control batch, or a delete horizon, from a client is INVALID_RECORD', () => {
  const marker = { type: 'abort', producerId: 4n, producerEpoch: 0, coordinatorEpoch: 0, timestampMs: NOW } as const
  const control = damage(buildMarkerBatch(marker), batch => putInt32(batch, layout.BASE_SEQUENCE_AT, 0))
  assert.match(refusalOf(control)?.message ?? '', /control/)
  assert.equal(refusalOf(control)?.error, 'INVALID_RECORD')
  const horizon = damage(build({}), batch => batch.fill(0x40, layout.ATTRIBUTES_AT + 1, layout.ATTRIBUTES_AT + 2))
  assert.equal(refusalOf(horizon)?.error, 'INVALID_RECORD')
})

test('G14 a producer id without sequence or epoch, below -1, or missing in a transaction is INVALID_RECORD', () => {
  const cases: BuildOptions[] = [
    { producerId: 1n, producerEpoch: 0, baseSequence: -1 },
    { producerId: 0n, producerEpoch: -1, baseSequence: 0 },
    { producerId: -2n },
    { producerId: -(2n ** 63n) },
    { transactional: true },
  ]
  for (const options of cases) assert.equal(refusalOf(build(options))?.error, 'INVALID_RECORD')
})

test('G14 a null key on a compacted topic is INVALID_RECORD with the records’ indexes, compressed or not', () => {
  for (const codec of codecs) {
    const batch = build({ codec }, [bytes('a'), bytes(''), null, bytes('d'), null])
    assert.equal(refusalOf(batch), null)
    const refusal = refusalOf(batch, { compacted: true })
    assert.deepEqual([refusal?.error, refusal?.batchIndexes], ['INVALID_RECORD', [2, 4]])
  }
  const full = refusalOf(build({}, Array(1_500).fill(null)), { compacted: true })
  assert.deepEqual(full?.batchIndexes, [...Array(1_000).keys()], 'a thousand are named')
})

test('G14 records at fault for keys and for times are named together, the time gives the code', () => {
  const builder = new BatchBuilder()
  const times = [NOW, NOW - 10_000, NOW, NOW]
  for (const [index, time] of times.entries()) builder.append(index === 0 ? null : bytes('k'), bytes('v'), [], time)
  const refusal = refusalOf(builder.build(), { compacted: true, timestampBeforeMaxMs: 1_000 })
  assert.deepEqual([refusal?.error, refusal?.batchIndexes], ['INVALID_TIMESTAMP', [0, 1]])
  assert.match(refusal?.message ?? '', /timestamp/)
})

test('G14 records that are not framed as their batch says are INVALID_RECORD with the index, compressed or not', () => {
  const good = '10 00 00 00 02 61 02 62 00'
  const cases: [string, string, number][] = [
    ['length of -1', '01', 0],
    ['length of 2^31 - 1', 'fe ff ff ff 0f 00 00 00', 0],
    ['length of six bytes', '8e 80 80 80 80 00 00 00', 0],
    ['length with bits past 32', '8e 80 80 80 10 00 00 00', 0],
    ['length past the end', '12 00 00 00 02 61 02 62 00', 0],
    ['length too small for its fields', '0e 00 00 00 02 61 02 62 00', 0],
    ['length larger than its fields', '12 00 00 00 02 61 02 62 00 00', 0],
    ['body of five bytes', '0a 00 00 00 01 01', 0],
    ['key longer than its record', '10 00 00 00 14 61 02 62 00', 0],
    ['key of 2^31 - 1', '16 00 00 00 fe ff ff ff 0f 61 02 62', 0],
    ['key length of -2', '10 00 00 00 03 61 02 62 00', 0],
    ['value length of -2', '10 00 00 00 02 61 03 62 00', 0],
    ['header count of -1', '10 00 00 00 02 61 02 62 01', 0],
    ['header count of 2^31 - 1', '18 00 00 00 02 61 02 62 fe ff ff ff 0f', 0],
    ['header with a null key', '14 00 00 00 02 61 02 62 02 01 00', 0],
    ['header value past the end', '16 00 00 00 02 61 02 62 02 02 78 7e', 0],
    ['time of eleven bytes', '20 00 80 80 80 80 80 80 80 80 80 80 00 00 01 01 00', 0],
    ['offset delta that skips', `${good} 10 00 00 04 02 61 02 62 00`, 1],
    ['offset delta that repeats', `${good} 10 00 00 00 02 61 02 62 00`, 1],
    ['offset delta that goes back', `${good} 10 00 00 01 02 61 02 62 00`, 1],
    ['a byte after the last record', `${good} 00`, 1],
    ['nothing', '', 0],
  ]
  assert.equal(refusalOf(raw(good, 0)), null)
  for (const [name, records, index] of cases) {
    for (const codec of codecs) {
      const refusal = refusalOf(raw(records, codec, index + 1), { strict: true })
      assert.equal(refusal?.error, 'INVALID_RECORD', `${name}, codec ${codec}`)
      if (name !== 'nothing') assert.deepEqual(refusal?.batchIndexes, [index], `${name}, codec ${codec}`)
    }
  }
})

test('G15 unknown codec bits are UNSUPPORTED_COMPRESSION_TYPE, and so is zstd before Produce 7', () => {
  for (const codec of [5, 6, 7]) {
    const batch = damage(build({}), changed => changed.fill(codec, layout.ATTRIBUTES_AT + 1, layout.ATTRIBUTES_AT + 2))
    assert.equal(refusalOf(batch)?.error, 'UNSUPPORTED_COMPRESSION_TYPE')
  }
  const zstd = build({ codec: layout.Codec.zstd })
  assert.equal(refusalOf(zstd, { produceVersion: 6 })?.error, 'UNSUPPORTED_COMPRESSION_TYPE')
  assert.equal(refusalOf(zstd, { produceVersion: 7 }), null)
})

test('G15 a bomb passes through unopened, and where it is opened it is MESSAGE_TOO_LARGE', () => {
  const records = zlib.gzipSync(new Uint8Array(64 << 20), { level: 9 })
  const bomb = wrap(records, layout.Codec.gzip, 1)
  assert.ok(bomb.length < 100_000)
  assert.equal(refusalOf(bomb), null)
  for (const rules of [{ strict: true }, { compacted: true }]) {
    assert.equal(refusalOf(bomb, rules)?.error, 'MESSAGE_TOO_LARGE')
  }
})

test('G15 record lengths of 2^31 - 1 inside a compressed payload reserve nothing', () => {
  for (const codec of compressed) {
    const before = process.memoryUsage().rss
    assert.equal(refusalOf(raw('fe ff ff ff 0f', codec), { strict: true })?.error, 'INVALID_RECORD')
    assert.ok(process.memoryUsage().rss - before < 64 << 20)
  }
})

test('G16 truncated or garbage compressed records are INVALID_RECORD where they are opened', () => {
  for (const codec of compressed) {
    const whole = build({ codec })
    const cut = whole.slice(0, whole.length - 1)
    putInt32(cut, layout.BATCH_LENGTH_AT, cut.length - layout.LOG_OVERHEAD_BYTES)
    layout.stampCrc(cut, 0)
    assert.equal(refusalOf(cut, { strict: true })?.error, 'INVALID_RECORD', `codec ${codec}`)
    const garbage = wrap(bytes('no codec writes this'), codec, 3)
    assert.equal(refusalOf(garbage, { strict: true })?.error, 'INVALID_RECORD', `codec ${codec}`)
  }
})

test('G16 a feature of a codec that batches do not use is UNSUPPORTED_COMPRESSION_TYPE where it is opened', () => {
  const skippable = wrap(Buffer.from('502a4d180100000000', 'hex'), layout.Codec.zstd, 1)
  assert.equal(refusalOf(skippable), null)
  assert.equal(refusalOf(skippable, { strict: true })?.error, 'UNSUPPORTED_COMPRESSION_TYPE')
})

test('G19 a batch of max.message.bytes is taken, one byte more is MESSAGE_TOO_LARGE', () => {
  const batch = build({})
  assert.equal(refusalOf(batch, { maxMessageBytes: batch.length }), null)
  assert.equal(refusalOf(batch, { maxMessageBytes: batch.length - 1 })?.error, 'MESSAGE_TOO_LARGE')
})

test('times outside the window are INVALID_TIMESTAMP, with the record where records are walked', () => {
  const window = { timestampBeforeMaxMs: 1000, timestampAfterMaxMs: 500 }
  for (const [time, fine] of [
    [NOW - 1000, true],
    [NOW - 1001, false],
    [NOW + 500, true],
    [NOW + 501, false],
    [-1, true],
  ] as const) {
    for (const codec of codecs) {
      for (const strict of [false, true]) {
        const builder = new BatchBuilder()
        builder.append(null, bytes('x'), [], codec === layout.Codec.none || strict ? NOW : time)
        builder.append(null, bytes('x'), [], time)
        const refusal = refusalOf(builder.build({ codec }), { ...window, strict })
        if (fine) assert.equal(refusal, null, `${time} codec ${codec}`)
        else assert.equal(refusal?.error, 'INVALID_TIMESTAMP', `${time} codec ${codec}`)
        if (!fine && (strict || codec === layout.Codec.none)) assert.deepEqual(refusal?.batchIndexes, [1])
      }
    }
  }
})

test('a topic with log append time takes any time, and no topic takes that flag from a producer', () => {
  const builder = new BatchBuilder()
  builder.append(null, bytes('x'), [], 0)
  const old = builder.build()
  builder.append(null, bytes('x'), [], 0)
  const oldCompressed = builder.build({ codec: layout.Codec.lz4 })
  const window = { timestampBeforeMaxMs: 1000 }
  assert.equal(refusalOf(oldCompressed, window)?.error, 'INVALID_TIMESTAMP')
  assert.equal(refusalOf(oldCompressed, { ...window, timestampType: 'LogAppendTime' }), null)
  assert.equal(refusalOf(old, window)?.error, 'INVALID_TIMESTAMP')
  assert.equal(refusalOf(old, { ...window, timestampType: 'LogAppendTime' }), null)
  layout.stampLogAppendTime(old, 0, NOW)
  for (const timestampType of ['CreateTime', 'LogAppendTime'] as const) {
    assert.equal(refusalOf(old, { timestampType })?.error, 'INVALID_TIMESTAMP')
  }
})

test('a negative time, and times at the limits of 64 bits, are INVALID_TIMESTAMP', () => {
  for (const time of [-2, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]) {
    const batch = damage(build({}), changed => putInt53(changed, layout.BASE_TIMESTAMP_AT, time))
    assert.equal(refusalOf(batch)?.error, 'INVALID_TIMESTAMP')
  }
})

test('a maximum time that the records do not bear out is found, and can be corrected', () => {
  const batch = damage(build({}), changed => putInt53(changed, layout.MAX_TIMESTAMP_AT, NOW + 999_999_999))
  const findings = emptyProduceFindings()
  assert.equal(validateProduceRecords(batch, defaults, findings), null)
  assert.equal(findings.maxTimestamp, NOW + 2)
  assert.notEqual(findings.maxTimestamp, findings.header.maxTimestamp)
  layout.restateMaxTimestamp(batch, 0, findings.maxTimestamp)
  assert.equal(validateProduceRecords(batch, defaults, findings), null)
  assert.equal(findings.header.maxTimestamp, NOW + 2)
})

test('what validation takes, a reader reads', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (junk, count) => {
      const batch = wrap(junk, layout.Codec.none, count)
      if (refusalOf(batch) === null) assert.equal([...readRecords(batch, 0)].length, count)
    }),
    { numRuns: 2000 },
  )
})

test('no damage to a batch makes validation throw', () => {
  const batches = codecs.map(codec => build({ codec }))
  fc.assert(
    fc.property(fc.nat(codecs.length - 1), fc.nat(200), fc.nat(255), fc.boolean(), (which, at, value, strict) => {
      const batch = batches[which]!.slice()
      batch[at % batch.length] = value
      const { sizeBytes } = layout.readBatchHeader(batch, 0, layout.emptyBatchHeader())
      if (sizeBytes === batch.length) layout.stampCrc(batch, 0)
      refusalOf(batch, { strict })
    }),
    { numRuns: 1500 },
  )
})

function build(options: BuildOptions, keys: (Uint8Array | null)[] = [bytes('a'), bytes('b'), bytes('c')]): Uint8Array {
  const builder = new BatchBuilder()
  keys.forEach((key, index) => {
    builder.append(key, bytes(`value of record ${index}`), [{ key: 'h', value: null }], NOW + index)
  })
  return builder.build(options)
}

/** Changes a batch and sums it again, so that only the change is wrong. */
function damage(batch: Uint8Array, change: (batch: Uint8Array) => void): Uint8Array {
  change(batch)
  layout.stampCrc(batch, 0)
  return batch
}

/** A batch whose records are the given hex, compressed by `codec`. */
function raw(records: string, codec: layout.CodecId, count = 1): Uint8Array {
  const plainRecords = Uint8Array.from(Buffer.from(records.replaceAll(' ', ''), 'hex'))
  const batch = wrap(plainRecords, layout.Codec.none, count)
  const header = layout.readBatchHeader(batch, 0, layout.emptyBatchHeader())
  return recodeBatch(batch, 0, header, { codec, limitBytes: 1 << 20 })
}

/** A batch with a right header and CRC around bytes that may be anything. */
function wrap(stored: Uint8Array, codec: layout.CodecId, count: number): Uint8Array {
  const batch = concatBytes(build({}).subarray(0, layout.HEADER_BYTES), stored)
  return damage(batch, changed => {
    putInt32(changed, layout.BATCH_LENGTH_AT, changed.length - layout.LOG_OVERHEAD_BYTES)
    putInt32(changed, layout.LAST_OFFSET_DELTA_AT, count - 1)
    putInt32(changed, layout.RECORDS_COUNT_AT, count)
    changed[layout.ATTRIBUTES_AT + 1] = codec
  })
}

function refusalOf(records: Uint8Array, rules: Partial<ProduceRules> = {}) {
  return validateProduceRecords(records, { ...defaults, ...rules }, emptyProduceFindings())
}
