/**
 * What the batch path costs: `node packages/ottla/src/wire/batch/batch.bench.ts`. Prints medians of several runs, in MB/s of
 * batch bytes and ns per batch, for batches of 16 and 128 KB with records of 100 bytes and of 1 KB; then both forms of the
 * CRC by size, which is where NATIVE_FROM_BYTES comes from. Runs about ten seconds.
 */
import { BatchBuilder } from './build.ts'
import { crc32c, portableCrc32c } from './crc32c.ts'
import { batchCrcMatches, emptyBatchHeader, readBatchHeader } from './header.ts'
import { forEachRecord } from './iterate.ts'
import { loadPackage } from './native.ts'
import { emptyProduceFindings, type ProduceRules, validateProduceRecords } from './validate.ts'

const RUNS = 7
const RUN_BYTES = 100e6
const now = 1_700_000_000_000

const rules: ProduceRules = {
  produceVersion: 11,
  maxMessageBytes: 1 << 20,
  compacted: false,
  strict: false,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: 3_600_000,
  nowMs: now,
  inflatedBytesMax: 1 << 26,
}

console.log('batch  record  step                         MB/s    ns/batch  ns/record')
for (const batchBytes of [16_384, 131_072]) {
  for (const recordBytes of [100, 1000]) benchBatch(batchBytes, recordBytes)
}
console.log('\nCRC-32C, ns: bytes  chosen  portable  native alone, with a view')
for (const size of [32, 64, 100, 128, 160, 192, 256, 400, 1024]) benchCrc(size)

function benchBatch(batchBytes: number, recordBytes: number): void {
  const { batch, records } = buildBatch(batchBytes, recordBytes)
  const header = emptyBatchHeader()
  const findings = emptyProduceFindings()
  const steps: [string, () => void][] = [
    ['header', () => readBatchHeader(batch, 0, header)],
    ['header + crc', () => batchCrcMatches(batch, 0, readBatchHeader(batch, 0, header))],
    ['validate (header+crc+walk)', () => validateProduceRecords(batch, rules, findings)],
    ['iterate, visitor, no crc', () => forEachRecord(batch, 0, () => undefined, { verifyCrc: false })],
  ]
  for (const [name, step] of steps) {
    const ns = medianNs(step, Math.ceil(RUN_BYTES / batch.length))
    const columns = [
      String(batchBytes / 1024)
        .padStart(3)
        .concat(' KB'),
      String(recordBytes).padStart(6),
      name.padEnd(27),
      ((batch.length / ns) * 1000).toFixed(0).padStart(7),
      ns.toFixed(0).padStart(10),
      (ns / records).toFixed(1).padStart(9),
    ]
    console.log(columns.join(' '))
  }
}

function benchCrc(size: number): void {
  const native = loadPackage('@node-rs/crc32') as { crc32c(bytes: Uint8Array): number }
  const bytes = new Uint8Array(4096).map((_, index) => index)
  const times = [
    medianNs(() => crc32c(bytes, 61, 61 + size), 200_000),
    medianNs(() => portableCrc32c(bytes, 61, 61 + size), 200_000),
    medianNs(() => native.crc32c(new Uint8Array(bytes.buffer, 61, size)), 200_000),
  ]
  console.log([String(size).padStart(18), ...times.map(ns => ns.toFixed(0).padStart(8))].join(' '))
}

function buildBatch(batchBytes: number, recordBytes: number): { batch: Uint8Array; records: number } {
  const builder = new BatchBuilder(batchBytes)
  const value = new Uint8Array(recordBytes).map((_, index) => index * 31)
  while (builder.sizeBytes + recordBytes < batchBytes) builder.append(null, value, [], now + builder.count)
  const records = builder.count
  return { batch: builder.build(), records }
}

/** Time of one call in the median run. */
function medianNs(step: () => void, calls: number): number {
  const times: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const started = performance.now()
    for (let call = 0; call < calls; call++) step()
    times.push(((performance.now() - started) * 1e6) / calls)
  }
  times.sort((a, b) => a - b)
  return times[RUNS >> 1]!
}
