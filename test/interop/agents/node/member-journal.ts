/** What a group member of a Node.js agent has seen, for the answers to `view`. */
import { encode } from './agent-loop.ts'

export interface JoinArgs {
  readonly member: string
  readonly group: string
  readonly topic: string
  readonly assignor: 'range' | 'roundrobin' | 'cooperative'
  readonly instanceId: string | null
  readonly sessionTimeoutMs: number
  /** Null: only what `commit` says is committed. */
  readonly autoCommitMs: number | null
}

export interface MemberView {
  readonly assigned: readonly number[]
  /** How often the member was given an assignment. */
  readonly assignments: number
  /** Every partition that was taken away, in order. */
  readonly revoked: readonly number[]
  /** Since the last view. */
  readonly records: readonly (readonly [partition: number, offset: number, value: string | null])[]
  readonly failure: string | null
}

/** One consumer in a group. */
export interface AgentMember {
  view(): MemberView
  commit(offsets: readonly (readonly [number, number])[]): Promise<void>
  seek(partition: number, offset: number): Promise<void>
  pause(partitions: readonly number[]): Promise<void>
  resume(partitions: readonly number[]): Promise<void>
  leave(): Promise<void>
}

export class MemberJournal {
  #assigned: readonly number[] = []
  #assignments = 0
  readonly #revoked: number[] = []
  #records: MemberView['records'][number][] = []
  #failure: string | null = null

  read(partition: number, offset: number, value: Uint8Array | null): void {
    this.#records.push([partition, offset, encode(value)])
  }

  /** The whole assignment of a new generation. With `kept`, what stays was never taken away. */
  assigned(partitions: readonly number[], kept: boolean): void {
    if (kept) this.#revoked.push(...this.#assigned.filter(each => !partitions.includes(each)))
    this.#assigned = [...partitions].sort((left, right) => left - right)
    this.#assignments++
  }

  revokedAll(): void {
    this.#revoked.push(...this.#assigned)
    this.#assigned = []
  }

  failed(error: unknown): void {
    this.#failure ??= error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }

  view(): MemberView {
    const records = this.#records
    this.#records = []
    const owned = { assigned: this.#assigned, assignments: this.#assignments, revoked: [...this.#revoked] }
    return { ...owned, records, failure: this.#failure }
  }
}

/** The operations on members by name. */
export function memberOperations(join: (args: JoinArgs) => Promise<AgentMember>) {
  const members = new Map<string, AgentMember>()
  const member = (name: string): AgentMember => {
    const found = members.get(name)
    if (found === undefined) throw new Error(`no member ${name}`)
    return found
  }
  return {
    async join(args: JoinArgs) {
      members.set(args.member, await join(args))
    },
    async view(args: { member: string }) {
      return member(args.member).view()
    },
    async commit(args: { member: string; offsets: [number, number][] }) {
      await member(args.member).commit(args.offsets)
    },
    async seek(args: { member: string; partition: number; offset: number }) {
      await member(args.member).seek(args.partition, args.offset)
    },
    async pause(args: { member: string; partitions: number[] }) {
      await member(args.member).pause(args.partitions)
    },
    async resume(args: { member: string; partitions: number[] }) {
      await member(args.member).resume(args.partitions)
    },
    async leave(args: { member: string }) {
      const leaving = member(args.member)
      members.delete(args.member)
      await leaving.leave()
      return leaving.view()
    },
  }
}
