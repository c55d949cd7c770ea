/** `ottla produce`: each line of the input becomes a record. */
import { OutputClosed, type Terminal } from '../../adapters/node/terminal.ts'
import type { Cluster } from '../../client/cluster.ts'
import type { Acks } from '../../client/produce-route.ts'
import { Producer, type ProducerRecord } from '../../client/producer.ts'
import type { Clock } from '../../ports/clock.ts'
import { Codec, type CodecName } from '../../wire/batch/header.ts'
import type { RecordHeader } from '../../wire/batch/record-cursor.ts'
import { type ClusterFlags, withCluster } from './connect.ts'
import { unescaped } from './escapes.ts'
import { CommandError, describe, Failure } from './failure.ts'
import { Interrupt } from './interrupt.ts'
import { linesOf } from './lines.ts'

export interface ProduceFlags extends ClusterFlags {
  readonly keySeparator?: string
  /** `name=value`, each. */
  readonly header?: readonly string[]
  readonly partition?: number
  readonly codec: CodecName
  readonly acks: 'all' | '1' | '0'
  readonly tombstones?: true
  readonly verbose?: true
}

type Shape = (line: Uint8Array) => ProducerRecord

/** Ended by a signal before the input was, as shells count it. */
const INTERRUPTED = 130
/** What may wait for its acknowledgement before more of the input is read. */
const OUT_COUNT_MAX = 20_000
const OUT_BYTES_MAX = 64 * 1024 * 1024
const DELIVERY_TIMEOUT_MS = 120_000
/** Without an acknowledgement for so long, the person is told what is waited for. */
const SILENCE_MS = 5_000
const ACKS: Readonly<Record<ProduceFlags['acks'], Acks>> = { all: -1, '1': 1, '0': 0 }

/** Resolves with the exit code. Rejects with the first failure when nothing was acknowledged before it. */
export async function produceCommand(topic: string, flags: ProduceFlags, terminal: Terminal): Promise<number> {
  const shape = lineShape(topic, flags)
  return withCluster(flags, cluster => new ProduceRun(cluster, flags, terminal).run(shape))
}

export class ProduceRun {
  readonly #producer: Producer
  readonly #terminal: Terminal
  readonly #clock: Clock
  readonly #done: 'sent' | 'acknowledged'
  readonly #stop = new Interrupt()
  readonly #giveUp = new Interrupt()
  #isVerbose: boolean
  #lines = 0
  #acknowledged = 0
  #outBytes = 0
  /** The first that failed. */
  #failure: { readonly line: number; readonly error: unknown } | null = null

  constructor(cluster: Cluster, flags: Pick<ProduceFlags, 'acks' | 'codec' | 'verbose'>, terminal: Terminal) {
    const acks = ACKS[flags.acks]
    const codec = Codec[flags.codec]
    this.#producer = new Producer(cluster, { acks, codec, deliveryTimeoutMs: DELIVERY_TIMEOUT_MS })
    this.#terminal = terminal
    this.#clock = cluster.env.clock
    this.#done = flags.acks === '0' ? 'sent' : 'acknowledged'
    this.#isVerbose = flags.verbose ?? false
  }

  async run(shape: Shape): Promise<number> {
    const forget = this.#terminal.onEndSignal(() => this.#signalled())
    const unwatch = this.#watch()
    try {
      const sent = await this.#giveUp.cut(this.#sendAll(shape))
      const rest = sent === null ? '; others that were read may be in the topic all the same' : ''
      this.#terminal.note(`${this.#counted()} ${this.#done}${rest}`)
      return this.#stop.isAsked ? INTERRUPTED : 0
    } catch (error) {
      if (this.#failure === null || this.#acknowledged === 0) throw error
      const { line } = this.#failure
      this.#terminal.note(`${describe(error).text}\n${this.#counted()} ${this.#done}, line ${line} was not`)
      return Failure.partial
    } finally {
      unwatch()
      forget()
    }
  }

  async #sendAll(shape: Shape): Promise<void> {
    for await (const line of linesOf(this.#input())) {
      // What stands at the end of the input then may be half a line.
      if (this.#stop.isAsked) break
      this.#send(shape(line), line.length)
      const isFull = this.#producer.outCount > OUT_COUNT_MAX || this.#outBytes > OUT_BYTES_MAX
      if (isFull) await this.#producer.flush()
      if (this.#failure !== null) break
    }
    if (this.#failure === null) await this.#producer.flush()
    if (this.#failure !== null) throw this.#failure.error
  }

  /** The input until it is asked to stop: a line that never comes must not keep a signal waiting. */
  async *#input(): AsyncGenerator<Uint8Array> {
    const chunks = this.#terminal.input()[Symbol.asyncIterator]()
    for (;;) {
      const next = await this.#stop.cut(chunks.next())
      if (next === null || next.done === true) return
      yield next.value
    }
  }

  async #send(record: ProducerRecord, bytes: number): Promise<void> {
    const line = ++this.#lines
    this.#outBytes += bytes
    try {
      const { partition, offset } = await this.#producer.send(record)
      this.#acknowledged++
      if (this.#isVerbose) await this.#terminal.write(`${record.topic}-${partition} ${offset < 0 ? '?' : offset}\n`)
    } catch (error) {
      // Nobody reads where the records are; they are wanted in the topic all the same.
      if (error instanceof OutputClosed) this.#isVerbose = false
      else {
        this.#failure ??= { line, error }
        // Nor waits for a line that may never come.
        this.#stop.ask()
      }
    } finally {
      this.#outBytes -= bytes
    }
  }

  #signalled(): void {
    if (this.#stop.isAsked) this.#giveUp.ask()
    else if (this.#producer.outCount > 0)
      this.#terminal.note('stopping: waits until what was read is acknowledged (again to give up)')
    this.#stop.ask()
  }

  /** Says it once when nothing is acknowledged any more. Returns how to stop that. */
  #watch(): () => void {
    let before: number | null = null
    const look = () => {
      const now = this.#producer.outCount > 0 ? this.#acknowledged : null
      if (now !== null && now === before) {
        const [silenceS, leftS] = [SILENCE_MS / 1000, DELIVERY_TIMEOUT_MS / 1000]
        this.#terminal.note(
          `nothing was acknowledged for ${silenceS} s; it is tried for up to ${leftS} s (Ctrl-C ends it)`,
        )
        return
      }
      before = now
      cancel = this.#clock.after(SILENCE_MS, look)
    }
    let cancel = this.#clock.after(SILENCE_MS, look)
    return () => cancel()
  }

  #counted(): string {
    return `${this.#acknowledged} record${this.#acknowledged === 1 ? '' : 's'}`
  }
}

/** What a line means. Throws a CommandError. */
export function lineShape(
  topic: string,
  flags: Pick<ProduceFlags, 'keySeparator' | 'header' | 'partition' | 'tombstones'>,
): Shape {
  const headers = (flags.header ?? []).map(headerOf)
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
