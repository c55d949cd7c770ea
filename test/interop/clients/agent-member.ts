/** Group members and group administration through an agent: what {@link AgentSession} passes on by name. */
import type { GroupAdmin, GroupDescription, GroupMember, MemberView, PartitionOffset } from './member.ts'

export type Ask = (op: string, args: object) => Promise<unknown>

export class AgentMember implements GroupMember {
  readonly #ask: Ask
  readonly #member: string

  constructor(ask: Ask, member: string) {
    this.#ask = ask
    this.#member = member
  }

  async view(): Promise<MemberView> {
    return (await this.#ask('view', { member: this.#member })) as MemberView
  }

  async commit(offsets: readonly PartitionOffset[]): Promise<void> {
    await this.#ask('commit', { member: this.#member, offsets })
  }

  async seek(partition: number, offset: number): Promise<void> {
    await this.#ask('seek', { member: this.#member, partition, offset })
  }

  async pause(partitions: readonly number[]): Promise<void> {
    await this.#ask('pause', { member: this.#member, partitions })
  }

  async resume(partitions: readonly number[]): Promise<void> {
    await this.#ask('resume', { member: this.#member, partitions })
  }

  async leave(): Promise<MemberView> {
    return (await this.#ask('leave', { member: this.#member })) as MemberView
  }
}

export class AgentGroupAdmin implements GroupAdmin {
  readonly #ask: Ask

  constructor(ask: Ask) {
    this.#ask = ask
  }

  async listGroups(): Promise<readonly string[]> {
    return (await this.#ask('listGroups', {})) as string[]
  }

  async describeGroup(group: string, topic: string): Promise<GroupDescription> {
    return (await this.#ask('describeGroup', { group, topic })) as GroupDescription
  }

  async deleteGroup(group: string): Promise<void> {
    await this.#ask('deleteGroup', { group })
  }

  async committed(group: string, topic: string, partitions: readonly number[]): Promise<readonly PartitionOffset[]> {
    return (await this.#ask('committed', { group, topic, partitions })) as PartitionOffset[]
  }

  async resetOffsets(group: string, topic: string, offsets: readonly PartitionOffset[]): Promise<void> {
    await this.#ask('resetOffsets', { group, topic, offsets })
  }

  async deleteOffsets(group: string, topic: string, partitions: readonly number[]): Promise<void> {
    await this.#ask('deleteOffsets', { group, topic, partitions })
  }
}
