/** The log directories of a broker, and partitions on their way from one to another, through a client under test. */
import type { Ask } from './agent-member.ts'

export interface DirectoryView {
  readonly path: string
  /** What lies there of the partition that was asked for; `future`: a copy that is still on its way. */
  readonly holds: 'nothing' | 'log' | 'future'
}

export interface ReplicaPlace {
  readonly current: string
  /** Where it is on its way to; null when it stays. */
  readonly future: string | null
}

export interface LogDirAdmin {
  /** All directories of the only broker, in order of their paths. */
  directories(topic: string, partition: number): Promise<readonly DirectoryView[]>
  /** Where the client itself says that the replica lies. */
  place(topic: string, partition: number): Promise<ReplicaPlace>
  /** Resolves when the broker has begun the move. */
  move(topic: string, partition: number, directory: string): Promise<void>
}

export class AgentLogDirAdmin implements LogDirAdmin {
  readonly #ask: Ask

  constructor(ask: Ask) {
    this.#ask = ask
  }

  async directories(topic: string, partition: number): Promise<readonly DirectoryView[]> {
    const held = (await this.#ask('directories', { topic, partition })) as Record<string, DirectoryView['holds']>
    return Object.entries(held)
      .map(([path, holds]) => ({ path, holds }))
      .toSorted((left, right) => (left.path < right.path ? -1 : 1))
  }

  async place(topic: string, partition: number): Promise<ReplicaPlace> {
    return (await this.#ask('place', { topic, partition })) as ReplicaPlace
  }

  async move(topic: string, partition: number, directory: string): Promise<void> {
    await this.#ask('move', { topic, partition, directory })
  }
}
