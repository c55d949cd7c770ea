/** The loop of the agents for Node.js libraries: one JSON request a line in, one JSON answer a line out. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface WireRecord {
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
  readonly timestampMs: number
}

export interface WriteArgs {
  readonly topic: string
  readonly partition: number
  readonly codec: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  readonly acks: -1 | 0 | 1
  readonly idempotent: boolean
  readonly records: readonly WireRecord[]
}

export type WireReadRecord = WireRecord & { readonly partition: number; readonly offset: number }

export interface ReadArgs {
  readonly topic: string
  readonly partitions: readonly number[]
  readonly start: { readonly at: string; readonly offset?: number; readonly timestampMs?: number }
  readonly count: number
  readonly timeoutMs: number
  readonly committedOnly: boolean
}

export interface OffsetArgs {
  readonly topic: string
  readonly partition: number
  readonly question: { readonly at: string; readonly timestampMs?: number }
}

export interface AgentOperations {
  createTopic(args: { topic: string; partitions: number; configs: Record<string, string> }): Promise<void>
  listTopics(): Promise<string[]>
  describeTopic(args: { topic: string }): Promise<number>
  deleteTopic(args: { topic: string }): Promise<void>
  growTopic(args: { topic: string; count: number }): Promise<void>
  topicConfigs(args: { topic: string }): Promise<Record<string, string>>
  alterTopicConfigs(args: { topic: string; set: Record<string, string>; remove: string[] }): Promise<void>
  topicBytes(args: { topic: string }): Promise<number>
  write(args: WriteArgs): Promise<void>
  read(args: ReadArgs): Promise<WireReadRecord[]>
  offset(args: OffsetArgs): Promise<number | null>
  deleteRecords(args: { topic: string; partition: number; before: number }): Promise<number>
  close(): Promise<void>
}

/** `argv`: the folder that holds node_modules with the library, then the broker's address. */
export const [libraryFolder, brokerAddress] = process.argv.slice(2) as [string, string]
/** `require` as if from inside the folder where the libraries are installed. */
export const requireInstalled = createRequire(join(libraryFolder, 'package.json'))

export async function serve(operations: AgentOperations): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, op, ...args } = JSON.parse(line) as { id: number; op: keyof AgentOperations }
    const answer = await (operations[op] as (args: unknown) => Promise<unknown>)(args).then(
      result => ({ id, result: result ?? null }),
      error => ({ id, error: describe(error) }),
    )
    process.stdout.write(`${JSON.stringify(answer)}\n`)
  }
  await operations.close()
  process.exit(0)
}

/** An error with its causes and parts: some libraries wrap the interesting one several times. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const parts = Object.values(error)
    .filter(part => Array.isArray(part))
    .flat() as { error?: unknown }[]
  const inner = [error.cause, ...parts.map(part => part.error ?? part)].filter(part => part instanceof Error)
  return [`${error.name}: ${error.message}`, ...inner.map(describe)].join(' <- ')
}

export const decode = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text, 'base64'))
export const encode = (bytes: Uint8Array | null | undefined): string | null =>
  bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString('base64')
