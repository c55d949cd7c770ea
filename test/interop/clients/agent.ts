/**
 * A client library driven through an agent: a small program in the library's language that takes one JSON request a
 * line on its standard input and answers with one JSON line. Bytes travel as base64.
 * Request `{id, op, ...arguments}`; answer `{id, result}` or `{id, error}`.
 */
import type { ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { endChild, startChild, tail, withLogFile } from '../children.ts'
import { type Address, addressText } from '../raw/judge.ts'
import type { InteropRecord, ReadRecord } from '../records.ts'
import { AgentGroupAdmin, AgentMember, type Ask } from './agent-member.ts'
import type { ClientSession, ConfigChange, OffsetQuestion, ReadRequest, WriteRequest } from './client.ts'
import { AgentLogDirAdmin } from './log-dir-admin.ts'
import type { GroupMember, JoinRequest } from './member.ts'

/** How long an agent may take for one request beyond what the request itself allows. Milliseconds. */
const ANSWER_TIMEOUT_MS = 60_000

interface JsonRecord {
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
  readonly timestampMs: number
}

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

export interface AgentCommand {
  readonly command: string
  /** The broker's address is added as the last argument. */
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export class AgentSession implements ClientSession {
  readonly #child: ChildProcess
  readonly #logPath: string
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0
  #lastMember = 0
  readonly groups: AgentGroupAdmin
  readonly logDirs: AgentLogDirAdmin

  private constructor(child: ChildProcess, logPath: string) {
    this.#child = child
    this.#logPath = logPath
    const ask: Ask = (op, args) => this.#ask(op, args)
    this.groups = new AgentGroupAdmin(ask)
    this.logDirs = new AgentLogDirAdmin(ask)
    createInterface({ input: child.stdout! }).on('line', line => this.#answer(JSON.parse(line) as Answer))
    child.stdin!.on('error', () => {})
    child.once('close', code => this.#end(new Error(`the agent ended with ${code}`)))
    child.once('error', error => this.#end(error))
  }

  static open(agent: AgentCommand, address: Address, name: string, logFolder: string): AgentSession {
    const logPath = join(logFolder, `${name}.log`)
    const child = withLogFile(logPath, log =>
      startChild(agent.command, [...agent.args, addressText(address)], {
        stdio: ['pipe', 'pipe', log],
        env: { ...process.env, ...agent.env },
      }),
    )
    return new AgentSession(child, logPath)
  }

  async createTopic(topic: string, partitions: number, configs: Readonly<Record<string, string>>): Promise<void> {
    await this.#ask('createTopic', { topic, partitions, configs })
  }

  async listTopics(): Promise<readonly string[]> {
    return (await this.#ask('listTopics', {})) as string[]
  }

  async describeTopic(topic: string): Promise<number> {
    return (await this.#ask('describeTopic', { topic })) as number
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#ask('deleteTopic', { topic })
  }

  async growTopic(topic: string, count: number): Promise<void> {
    await this.#ask('growTopic', { topic, count })
  }

  async topicConfigs(topic: string): Promise<Readonly<Record<string, string>>> {
    return (await this.#ask('topicConfigs', { topic })) as Record<string, string>
  }

  async alterTopicConfigs(topic: string, { set, remove }: ConfigChange): Promise<void> {
    await this.#ask('alterTopicConfigs', { topic, set, remove })
  }

  async topicBytes(topic: string): Promise<number> {
    return (await this.#ask('topicBytes', { topic })) as number
  }

  async write(request: WriteRequest): Promise<void> {
    await this.#ask('write', { ...request, records: request.records.map(toJson) })
  }

  async read(request: ReadRequest): Promise<readonly ReadRecord[]> {
    const records = await this.#ask('read', { ...request }, request.timeoutMs)
    return (records as (JsonRecord & { partition: number; offset: number })[]).map(record => ({
      ...fromJson(record),
      partition: record.partition,
      offset: record.offset,
    }))
  }

  async offset(topic: string, partition: number, question: OffsetQuestion): Promise<number | null> {
    return (await this.#ask('offset', { topic, partition, question })) as number | null
  }

  async deleteRecords(topic: string, partition: number, before: number): Promise<number> {
    return (await this.#ask('deleteRecords', { topic, partition, before })) as number
  }

  async join(request: JoinRequest): Promise<GroupMember> {
    const member = `member-${++this.#lastMember}`
    await this.#ask('join', { member, ...request })
    return new AgentMember((op, args) => this.#ask(op, args), member)
  }

  async log(): Promise<string> {
    return tail(await readFile(this.#logPath, 'utf8'), 30)
  }

  async close(): Promise<void> {
    this.#child.stdin!.end()
    await endChild(this.#child)
  }

  #ask(op: string, args: object, allowedMs = 0): Promise<unknown> {
    const id = ++this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const timer = setTimeout(() => {
      this.#waiting.delete(id)
      reject(new Error(`no answer to ${op}`))
    }, ANSWER_TIMEOUT_MS + allowedMs)
    this.#waiting.set(id, { resolve, reject })
    this.#child.stdin!.write(`${JSON.stringify({ id, op, ...args })}\n`)
    if (this.#child.exitCode !== null) this.#end(new Error(`the agent ended with ${this.#child.exitCode}`))
    return promise.finally(() => clearTimeout(timer))
  }

  #answer(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (answer.error !== undefined) waiting?.reject(new Error(answer.error))
    else waiting?.resolve(answer.result)
  }

  #end(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error)
    this.#waiting.clear()
  }
}

function toJson(record: InteropRecord): JsonRecord {
  return {
    key: toBase64(record.key),
    value: toBase64(record.value),
    headers: record.headers.map(([name, value]) => [name, toBase64(value)] as const),
    timestampMs: record.timestampMs,
  }
}

function fromJson(record: JsonRecord): InteropRecord {
  return {
    key: fromBase64(record.key),
    value: fromBase64(record.value),
    headers: record.headers.map(([name, value]) => [name, fromBase64(value)] as const),
    timestampMs: record.timestampMs,
  }
}

const toBase64 = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('base64')
const fromBase64 = (text: string | null): Uint8Array | null => (text === null ? null : Buffer.from(text, 'base64'))
