/** Record batches, as a producer may send them: judged by every kind of topic, then read as a consumer would. */
import { BatchBuilder } from '../../../packages/ottla/src/wire/batch/build.ts'
import { BatchError, CompressionError } from '../../../packages/ottla/src/wire/batch/errors.ts'
import { Codec } from '../../../packages/ottla/src/wire/batch/header.ts'
import { readRecords } from '../../../packages/ottla/src/wire/batch/iterate.ts'
import {
  emptyProduceFindings,
  type ProduceRules,
  validateProduceRecords,
} from '../../../packages/ottla/src/wire/batch/validate.ts'
import { walkBatches } from '../../../packages/ottla/src/wire/batch/walk.ts'
import { mutateBatch } from '../mutate-batch.ts'
import type { Target } from '../target.ts'

const NOW_MS = 1_700_000_000_000
const INFLATED_BYTES_MAX = 4 * 1024 * 1024

const plain: ProduceRules = {
  produceVersion: 13,
  maxMessageBytes: 1_048_588,
  compacted: false,
  strict: false,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: 3_600_000,
  nowMs: NOW_MS,
  inflatedBytesMax: INFLATED_BYTES_MAX,
}
const kinds: readonly ProduceRules[] = [
  plain,
  { ...plain, strict: true },
  { ...plain, compacted: true, produceVersion: 3 },
  { ...plain, timestampType: 'LogAppendTime', strict: true },
]

export function batchesTarget(): Target {
  const findings = emptyProduceFindings()
  return {
    name: 'batches',
    seeds: seedBatches(),
    mutate: mutateBatch,
    run: input => {
      const verdicts = kinds.map(rules => {
        const refusal = validateProduceRecords(input, rules, findings)
        return refusal === null ? 'ok' : `${refusal.error} ${kindOf(refusal.message)}`
      })
      return `${verdicts.join('; ')}; ${walked(input)}; ${read(input)}`
    },
    // Each kind of topic, and the reader, may inflate the batch once; a buffer being grown counts twice.
    allowedBytes: inputBytes => 4 * (2 * INFLATED_BYTES_MAX) + 8 * inputBytes + 4 * 1024 * 1024,
  }
}

function walked(input: Uint8Array): string {
  const { stop, count } = walkBatches(input, { start: 0, end: input.length, verifyCrc: true }, () => true)
  return `${Math.min(count, 3)} ${stop}`
}

function read(input: Uint8Array): string {
  let bytes = 0
  try {
    for (const record of readRecords(input, 0, { limitBytes: INFLATED_BYTES_MAX })) {
      bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0) + record.headers.length
    }
    return bytes === 0 ? 'nothing read' : 'read'
  } catch (error) {
    if (error instanceof BatchError || error instanceof CompressionError) return kindOf(error.message)
    throw error
  }
}

function kindOf(message: string): string {
  return message.replace(/-?\d+/g, 'N')
}

/** One of every codec, with and without keys, headers, nulls and a producer. */
export function seedBatches(): Uint8Array[] {
  const builder = new BatchBuilder()
  const text = (value: string) => new TextEncoder().encode(value)
  return Object.values(Codec).flatMap(codec => {
    builder.append(text('key'), text('value'), [], NOW_MS)
    builder.append(
      text('other'),
      null,
      [
        { key: 'h', value: text('x') },
        { key: 'n', value: null },
      ],
      NOW_MS + 5,
    )
    const small = builder.build({ codec })
    for (let i = 0; i < 40; i++)
      builder.append(i % 2 === 0 ? null : text(`k${i}`), text('abc'.repeat(i)), [], NOW_MS - i)
    const idempotent = builder.build({ codec, producerId: 7n, producerEpoch: 0, baseSequence: 0 })
    builder.append(text('k'), new Uint8Array(20_000), [], NOW_MS)
    return [small, idempotent, builder.build({ codec })]
  })
}
