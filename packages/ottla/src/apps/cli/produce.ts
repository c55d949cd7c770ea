/** `ottla produce`: each line of the input becomes a record. */
import type { Terminal } from '../../adapters/node/terminal.ts'
import type { Cluster } from '../../client/cluster.ts'
import type { Acks } from '../../client/produce-route.ts'
import { Producer, type ProducerRecord } from '../../client/producer.ts'
import { Codec, type CodecName } from '../../wire/batch/header.ts'
import type { RecordHeader } from '../../wire/batch/record-cursor.ts'
import { type ClusterFlags, withCluster } from './connect.ts'
import { unescaped } from './escapes.ts'
import { CommandError, Failure } from './failure.ts'
import { linesOf } from './lines.ts'

export interface ProduceFlags extends ClusterFlags {
  readonly keySeparator?: string
  /** `name=value`, each. */
  readonly header: readonly string[]
  readonly partition?: number
  readonly codec: CodecName
  readonly acks: 'all' | '1' | '0'
  readonly tombstones?: true
  readonly verbose?: true
}

/** Ended by a signal before the input was, as shells count it. */
const INTERRUPTED = 130
/** Records that may wait for their acknowledgement before more of the input is read. */
const OUT_COUNT_MAX = 20_000
const ACKS: Readonly<Record<ProduceFlags['acks'], Acks>> = { all: -1, '1': 1, '0': 0 }

/** Resolves with the exit code when everything read was acknowledged. Rejects with the first failure. */
export async function produceCommand(topic: string, flags: ProduceFlags, terminal: Terminal): Promise<number> {
  const shape = lineShape(topic, flags)
  return withCluster(flags, async cluster => {
    const run = new ProduceRun(cluster, flags, terminal)
    let interrupted = false
    const ended = Promise.withResolvers<null>()
    const forget = terminal.onEndSignal(() => {
      interrupted = true
      ended.resolve(null)
    })
    const lines = linesOf(terminal.input())
    // A line that never comes must not keep a signal waiting.
    for (;;) {
      const next = await Promise.race([lines.next(), ended.promise])
      if (next === null || next.done === true) break
      await run.send(shape(next.value))
    }
    const count = await run.finish()
    forget()
    terminal.note(`${count} record${count === 1 ? '' : 's'} ${flags.acks === '0' ? 'sent' : 'acknowledged'}`)
    return interrupted ? INTERRUPTED : 0
  })
}

class ProduceRun {
  readonly #producer: Producer
  readonly #terminal: Terminal
  readonly #verbose: boolean
  #acknowledged = 0
  #failure: unknown = null
  #last: Promise<void> = Promise.resolve()

  constructor(cluster: Cluster, flags: ProduceFlags, terminal: Terminal) {
    this.#producer = new Producer(cluster, { acks: ACKS[flags.acks], codec: Codec[flags.codec] })
    this.#terminal = terminal
    this.#verbose = flags.verbose ?? false
  }

  /** Resolves when more may be read. */
  async send(record: ProducerRecord): Promise<void> {
    this.#last = this.#sendOne(record)
    if (this.#producer.outCount > OUT_COUNT_MAX) await this.#producer.flush()
    if (this.#failure !== null) throw this.#failure
  }

  /** Resolves with how many were acknowledged. */
  async finish(): Promise<number> {
    await this.#last
    await this.#producer.flush()
    if (this.#failure !== null) throw this.#failure
    return this.#acknowledged
  }

  async #sendOne(record: ProducerRecord): Promise<void> {
    try {
      const { partition, offset } = await this.#producer.send(record)
      this.#acknowledged++
      if (this.#verbose) await this.#terminal.write(`${record.topic}-${partition} ${offset < 0 ? '?' : offset}\n`)
    } catch (error) {
      this.#failure ??= error
    }
  }
}

/** What a line means. Throws a CommandError. */
export function lineShape(
  topic: string,
  flags: Pick<ProduceFlags, 'keySeparator' | 'header' | 'partition' | 'tombstones'>,
): (line: Uint8Array) => ProducerRecord {
  const headers = flags.header.map(headerOf)
  const separator = flags.keySeparator === undefined ? null : Buffer.from(unescaped(flags.keySeparator))
  if (separator?.length === 0) throw new CommandError('--key-separator: it has at least one character', Failure.usage)
  const place = flags.partition === undefined ? { topic, headers } : { topic, headers, partition: flags.partition }
  return line => {
    const at = separator === null ? -1 : Buffer.from(line.buffer, line.byteOffset, line.length).indexOf(separator)
    const key = separator === null || at < 0 ? null : line.subarray(0, at)
    const value = separator === null || at < 0 ? line : line.subarray(at + separator.length)
    return { ...place, key, value: value.length === 0 && flags.tombstones === true ? null : value }
  }
}

function headerOf(text: string): RecordHeader {
  const at = text.indexOf('=')
  if (at <= 0) throw new CommandError(`--header ${text}: it has the form NAME=VALUE`, Failure.usage)
  return { key: text.slice(0, at), value: Buffer.from(text.slice(at + 1)) }
}
