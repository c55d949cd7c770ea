/** What every scenario has at hand, and how its outcome is told. */
import type { Ability, ClientSession, InteropClient } from '../clients/client.ts'
import type { Codec } from '../raw/batches.ts'
import type { Judge } from '../raw/judge.ts'
import { expectSameRecords, featuresOf, type InteropRecord, type ReadRecord } from '../records.ts'

export type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly message: string }
  /** The client cannot do it. */
  | { readonly kind: 'n/a'; readonly reason: string }

/** A topic as a client has written it, for others to read. */
export interface Written {
  readonly topic: string
  readonly records: readonly InteropRecord[]
  /** When the records were stamped, by a client that cannot send timestamps of ours. Milliseconds. */
  readonly stampedWithin: readonly [number, number] | null
}

export interface Bench {
  readonly client: InteropClient
  readonly session: ClientSession
  readonly judge: Judge
  /** What codec scenarios leave for the cross reads: by client, then codec. */
  readonly written: Map<string, Map<Codec, Written>>
}

export interface Scenario {
  readonly name: string
  readonly needs: readonly Ability[]
  run(bench: Bench): Promise<void>
}

/** Time that a read may take before it gives what it has. Milliseconds. */
export const readTimeoutMs = 15_000

/** Runs a scenario unless the client lacks an ability that it needs. Never throws. */
export async function runScenario(scenario: Scenario, bench: Bench): Promise<Outcome> {
  const reason = scenario.needs.map(ability => bench.client.limits[ability]).find(found => found !== undefined)
  if (reason !== undefined) return { kind: 'n/a', reason }
  return outcomeOf(() => scenario.run(bench))
}

export async function outcomeOf(work: () => Promise<void>): Promise<Outcome> {
  try {
    await work()
    return { kind: 'passed' }
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
  }
}

export function topicFor(bench: Bench, purpose: string): string {
  return `${bench.client.name}.${purpose.replaceAll(/[^a-z0-9]+/gi, '-')}`
}

/** The records of a set that this client can write. */
export function writable(client: InteropClient, records: readonly InteropRecord[]): InteropRecord[] {
  const cannot = Object.keys(client.limits)
  return records.filter(
    record =>
      ![...featuresOf(record)].some(feature => feature !== 'own timestamp' && cannot.includes(`write ${feature}`)),
  )
}

export interface WriteOptions {
  readonly codec?: Codec
  readonly acks?: -1 | 0 | 1
  readonly idempotent?: boolean
  /** One call, and so one batch, for each record: some clients do not split what is given them at once. */
  readonly eachAlone?: boolean
}

/** Writes through the client and checks, by the judge, that the partition then holds just so many records more. */
export async function writeExactly(
  bench: Bench,
  topic: string,
  records: readonly InteropRecord[],
  options: WriteOptions = {},
): Promise<Written> {
  const fromMs = Date.now() - 1_000
  const { codec = 'none', acks = -1, idempotent = false } = options
  const parts = options.eachAlone ? records.map(record => [record]) : [records]
  for (const part of parts) await bench.session.write({ topic, partition: 0, codec, acks, idempotent, records: part })
  if (options.acks === 0) await untilEnd(bench.judge, topic, records.length)
  const end = await bench.judge.offset(topic, 0, -1)
  if (end !== records.length) throw new Error(`${records.length} records written, the partition ends at ${end}`)
  const ownTimestamp = bench.client.limits['write own timestamp'] === undefined
  return { topic, records, stampedWithin: ownTimestamp ? null : [fromMs, Date.now() + 1_000] }
}

/** With acks=0 nobody tells when the records are there. */
async function untilEnd(judge: Judge, topic: string, end: number): Promise<void> {
  const deadline = Date.now() + readTimeoutMs
  while ((await judge.offset(topic, 0, -1)) < end && Date.now() < deadline)
    await new Promise(resolve => setTimeout(resolve, 20))
}

/** Reads all of a topic through the client and compares it exactly with what was written. */
export async function readBack(bench: Bench, written: Written): Promise<void> {
  const read = await readFrom(bench, written.topic, { at: 'earliest' }, written.records.length)
  expectSame(bench, written, read, 0)
}

export function expectSame(bench: Bench, written: Written, read: readonly ReadRecord[], firstOffset: number): void {
  expectSameRecords(written.records.slice(firstOffset), read, firstOffset, {
    ...bench.client.comparison,
    ...(written.stampedWithin === null ? {} : { stampedWithin: written.stampedWithin }),
  })
}

export function readFrom(
  bench: Bench,
  topic: string,
  start: Parameters<ClientSession['read']>[0]['start'],
  count: number,
  committedOnly = false,
): Promise<readonly ReadRecord[]> {
  return bench.session.read({ topic, partitions: [0], start, count, timeoutMs: readTimeoutMs, committedOnly })
}
