/**
 * kcat, the command-line client on librdkafka. Each operation is one run of the program. Values and keys go through
 * its standard input between delimiters; headers are the same for all messages of a run, so records are written in
 * as many runs as neighbouring records differ in their headers or in how nulls have to be said.
 */

import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeFailure, type Finished, run, runOrThrow, tail } from '../children.ts'
import { type Address, addressText } from '../raw/judge.ts'
import type { Header, InteropRecord, ReadRecord } from '../records.ts'
import type { ClientSession, InteropClient, Limits, OffsetQuestion, ReadRequest, WriteRequest } from './client.ts'
import { KcatMember } from './kcat-member.ts'
import type { GroupMember, JoinRequest } from './member.ts'

const messageEnd = '~~end-of-message~~'
const keyEnd = '~~end-of-key~~'
/** Name of the one header that stands for the text kcat prints for all headers of a message. */
const shownHeaders = 'as kcat prints them'

const noAdmin = 'kcat has no such command'
const noCommand = 'kcat takes no commands while it consumes'
const limits: Limits = {
  'create topic': noAdmin,
  'delete topic': noAdmin,
  'delete records': noAdmin,
  'change configs': noAdmin,
  'log sizes': noAdmin,
  'move between log directories': noAdmin,
  'offset of maximum timestamp': 'librdkafka 2.0 asks with ListOffsets below version 7',
  'write own timestamp': 'kcat stamps records itself',
  'grow topic': noAdmin,
  'describe groups': noAdmin,
  'delete group': noAdmin,
  'read committed offsets': noAdmin,
  'reset offsets': noAdmin,
  'delete offsets': noAdmin,
  'commit offsets': noCommand,
  seek: noCommand,
  pause: noCommand,
  'write binary header value': 'headers are program arguments, which cannot hold a zero byte',
}

export const kcat: InteropClient = {
  name: 'kcat',
  title: 'kcat 1.7.1 (librdkafka 2.0.2)',
  limits,
  comparison: { shownAs: showHeaders },
  notes: ['kcat prints headers as text up to a zero byte; they are compared in that form.'],
  async install() {
    if (await isInstalled()) return
    if (process.getuid?.() !== 0) throw new Error('kcat is missing: apt-get install kcat (as root), then run again')
    console.log('installing kcat ...')
    await runOrThrow('apt-get', ['update', '-q'], { timeoutMs: 300_000 })
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    await runOrThrow('apt-get', ['install', '-y', '-q', 'kcat'], { timeoutMs: 300_000, env })
  },
  async open(address, logFolder) {
    const logPath = join(logFolder, 'kcat.log')
    await writeFile(logPath, '')
    return new KcatSession(address, logPath)
  },
}

async function isInstalled(): Promise<boolean> {
  return run('kcat', ['-V']).then(
    finished => finished.code === 0,
    () => false,
  )
}

class KcatSession implements ClientSession {
  readonly groups = null
  readonly logDirs = null
  readonly #address: Address
  readonly #logPath: string

  constructor(address: Address, logPath: string) {
    this.#address = address
    this.#logPath = logPath
  }

  async createTopic(): Promise<void> {
    throw new Error(noAdmin)
  }

  async deleteTopic(): Promise<void> {
    throw new Error(noAdmin)
  }

  async deleteRecords(): Promise<number> {
    throw new Error(noAdmin)
  }

  async growTopic(): Promise<void> {
    throw new Error(noAdmin)
  }

  async topicConfigs(): Promise<Record<string, string>> {
    throw new Error(noAdmin)
  }

  async alterTopicConfigs(): Promise<void> {
    throw new Error(noAdmin)
  }

  async topicBytes(): Promise<number> {
    throw new Error(noAdmin)
  }

  async listTopics(): Promise<readonly string[]> {
    return (await this.#metadata([])).map(topic => topic.topic)
  }

  async describeTopic(topic: string): Promise<number> {
    const [found] = await this.#metadata(['-t', topic])
    if (found?.error !== undefined) throw new Error(found.error)
    return found!.partitions.length
  }

  async write(request: WriteRequest): Promise<void> {
    const settings = [`acks=${request.acks}`, `enable.idempotence=${request.idempotent}`, 'message.max.bytes=2000000']
    const options = settings.flatMap(setting => ['-X', setting])
    const place = ['-P', '-t', request.topic, '-p', String(request.partition), '-z', request.codec]
    const delimiters = ['-D', messageEnd, '-K', keyEnd]
    for (const group of groupForRuns(request.records)) {
      const headers = group.headers.flatMap(([name, value]) => [
        '-H',
        value === null ? name : `${name}=${Buffer.from(value)}`,
      ])
      const nulls = group.emptyIsNull ? ['-Z'] : []
      await this.#kcat([...place, ...options, ...delimiters, ...headers, ...nulls], { input: inputOf(group.records) })
    }
  }

  async read(request: ReadRequest): Promise<readonly ReadRecord[]> {
    const isolation = request.committedOnly ? 'read_committed' : 'read_uncommitted'
    // Without a partition kcat reads all of them.
    const one = request.partitions.length === 1 ? ['-p', String(request.partitions[0])] : []
    const place = ['-C', '-t', request.topic, ...one, '-o', startOption(request.start)]
    const format = ['-q', '-u', '-c', String(request.count), '-f', '%p\\n%o\\n%T\\n%K\\n%S\\n%h\\n%k%s\\n']
    const settings = ['-X', 'check.crcs=true', '-X', `isolation.level=${isolation}`]
    const finished = await this.#kcat([...place, ...format, ...settings], {
      timeoutMs: request.timeoutMs,
      mayTimeOut: true,
    })
    return parseMessages(finished.stdout)
  }

  async offset(topic: string, partition: number, question: OffsetQuestion): Promise<number | null> {
    const special = { earliest: -2, latest: -1, 'maximum timestamp': -3, timestamp: 0 }
    const timestamp = question.at === 'timestamp' ? question.timestampMs : special[question.at]
    const { stdout } = await this.#kcat(['-Q', '-t', `${topic}:${partition}:${timestamp}`])
    const offset = Number(/offset (-?\d+)/.exec(stdout.toString())![1])
    return offset < 0 ? null : offset
  }

  async join(request: JoinRequest): Promise<GroupMember> {
    return new KcatMember(this.#address, request, this.#logPath)
  }

  async log(): Promise<string> {
    return tail(await readFile(this.#logPath, 'utf8'), 30)
  }

  async close(): Promise<void> {}

  async #metadata(which: readonly string[]): Promise<{ topic: string; error?: string; partitions: unknown[] }[]> {
    const { stdout } = await this.#kcat(['-L', '-J', ...which])
    return JSON.parse(stdout.toString()).topics
  }

  async #kcat(
    args: readonly string[],
    options: { input?: Uint8Array; timeoutMs?: number; mayTimeOut?: boolean } = {},
  ): Promise<Finished> {
    const { mayTimeOut, ...rest } = options
    const all = ['-b', addressText(this.#address), ...args]
    const finished = await run('kcat', all, rest)
    await appendFile(this.#logPath, `kcat ${all.join(' ')}\n${finished.stderr}`)
    if (finished.code !== 0 && !(mayTimeOut && finished.timedOut))
      throw new Error(describeFailure('kcat', all, finished))
    return finished
  }
}

interface Group {
  readonly headers: readonly Header[]
  /** Whether an empty key or value of this run stands for null (-Z). */
  readonly emptyIsNull: boolean
  readonly records: InteropRecord[]
}

function groupForRuns(records: readonly InteropRecord[]): Group[] {
  const groups: Group[] = []
  const identity = (headers: readonly Header[]) =>
    JSON.stringify(headers.map(([name, value]) => [name, value && [...value]]))
  for (const record of records) {
    const emptyIsNull = record.key === null || record.value === null
    const last = groups.at(-1)
    if (last?.emptyIsNull === emptyIsNull && identity(last.headers) === identity(record.headers))
      last.records.push(record)
    else groups.push({ headers: record.headers, emptyIsNull, records: [record] })
  }
  return groups
}

function inputOf(records: readonly InteropRecord[]): Buffer {
  const none = Buffer.alloc(0)
  return Buffer.concat(
    records.flatMap(({ key, value }) => [key ?? none, Buffer.from(keyEnd), value ?? none, Buffer.from(messageEnd)]),
  )
}

function startOption(start: ReadRequest['start']): string {
  switch (start.at) {
    case 'earliest':
      return 'beginning'
    case 'latest':
      return 'end'
    case 'offset':
      return String(start.offset)
    case 'timestamp':
      return `s@${start.timestampMs}`
  }
}

/** Parses what the format string of a read prints. */
function parseMessages(output: Buffer): ReadRecord[] {
  const records: ReadRecord[] = []
  let position = 0
  const line = (): Buffer => {
    const end = output.indexOf(10, position)
    if (end < 0) throw new Error('kcat ended inside a line')
    const text = output.subarray(position, end)
    position = end + 1
    return text
  }
  const number = (): number => Number(line().toString())
  const bytes = (length: number): Buffer | null => {
    if (length < 0) return null
    position += length
    return output.subarray(position - length, position)
  }
  while (position < output.length) {
    const [partition, offset, timestampMs] = [number(), number(), number()] as const
    const [keyLength, valueLength] = [number(), number()] as const
    const headers: Header[] = [[shownHeaders, line()]]
    const [key, value] = [bytes(keyLength), bytes(valueLength)]
    line()
    records.push({ key, value, headers, timestampMs, partition, offset })
  }
  return records
}

function showHeaders(record: InteropRecord): InteropRecord {
  if (record.headers[0]?.[0] === shownHeaders) return record
  const upToZero = (value: Uint8Array) => value.subarray(0, value.includes(0) ? value.indexOf(0) : value.length)
  const shown = record.headers.flatMap(([name, value], index) => [
    Buffer.from(`${index === 0 ? '' : ','}${name}=`),
    value === null ? Buffer.from('NULL') : upToZero(value),
  ])
  return { ...record, headers: [[shownHeaders, Buffer.concat(shown)]] }
}
