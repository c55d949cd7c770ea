/** Members of classic groups, driven request by request. Each has a connection of its own, because JoinGroup waits. */
import assert from 'node:assert/strict'
import type { Connection } from '../../packages/ottla/src/client/connection.ts'
import { describeGroupsApi } from '../../packages/ottla/src/wire/gen/describe-groups.ts'
import { findCoordinatorApi } from '../../packages/ottla/src/wire/gen/find-coordinator.ts'
import { heartbeatApi } from '../../packages/ottla/src/wire/gen/heartbeat.ts'
import { type JoinGroupResponse, joinGroupApi } from '../../packages/ottla/src/wire/gen/join-group.ts'
import { leaveGroupApi } from '../../packages/ottla/src/wire/gen/leave-group.ts'
import { offsetCommitApi } from '../../packages/ottla/src/wire/gen/offset-commit.ts'
import { syncGroupApi } from '../../packages/ottla/src/wire/gen/sync-group.ts'
import type { TestCluster } from './cluster.ts'
import { errorText } from './errors.ts'
import { eventually } from './eventually.ts'

/** The first group makes a topic of 50 partitions. Milliseconds. */
const COORDINATOR_PATIENCE_MS = 8_000

export interface JoinOptions {
  readonly version?: number
  readonly memberId?: string
  readonly instanceId?: string | null
  readonly protocolType?: string
  readonly protocols?: readonly string[]
  readonly topics?: readonly string[]
  readonly sessionTimeoutMs?: number
}

/** A group whose coordinator answers. The first one makes the topic that offsets are kept in. */
export async function freshGroup(cluster: TestCluster): Promise<string> {
  const group = cluster.freshName()
  // Finding it makes the topic; then it may have to load before it answers.
  await eventually(
    `group ${group} has a coordinator`,
    async () => {
      const found = await cluster.ask(findCoordinatorApi, { key: group, keyType: 0 }, 3)
      return found.errorCode === 0 && (await describe(cluster, group)).error === 'NONE'
    },
    COORDINATOR_PATIENCE_MS,
  )
  return group
}

/** The consumer's subscription as Kafka's clients write it (version 0). */
export function subscription(topics: readonly string[]): Buffer {
  const names = topics.map(topic => {
    const name = Buffer.alloc(2 + topic.length)
    name.writeInt16BE(topic.length)
    name.write(topic, 2)
    return name
  })
  const head = Buffer.alloc(6)
  head.writeInt32BE(topics.length, 2)
  return Buffer.concat([head, ...names, Buffer.from([0xff, 0xff, 0xff, 0xff])])
}

/** The group as DescribeGroups tells it. */
export async function describe(cluster: TestCluster, group: string, version = 5) {
  const reply = await cluster.ask(describeGroupsApi, { groups: [group] }, version)
  const found = reply.groups[0]!
  return { ...found, error: errorText(found.errorCode) }
}

export class Member {
  readonly group: string
  readonly connection: Connection
  id = ''
  instanceId: string | null = null
  generation = -1

  private constructor(group: string, connection: Connection) {
    this.group = group
    this.connection = connection
  }

  static async of(cluster: TestCluster, group: string): Promise<Member> {
    return new Member(group, await cluster.connect())
  }

  /** One JoinGroup. Remembers id and generation when it is let in, and the id when it is told one. */
  async join(options: JoinOptions = {}): Promise<JoinGroupResponse & { readonly error: string }> {
    const { version = 7, memberId = this.id, instanceId = this.instanceId, protocolType = 'consumer' } = options
    const metadata = subscription(options.topics ?? ['orders'])
    const reply = await this.connection.request(
      joinGroupApi,
      {
        groupId: this.group,
        sessionTimeoutMs: options.sessionTimeoutMs ?? 20_000,
        rebalanceTimeoutMs: 20_000,
        memberId,
        groupInstanceId: instanceId,
        protocolType,
        protocols: (options.protocols ?? ['range']).map(name => ({ name, metadata })),
      },
      { version },
    )
    const error = errorText(reply.errorCode)
    if (error === 'NONE' || error === 'MEMBER_ID_REQUIRED') this.id = reply.memberId
    if (error === 'NONE') [this.generation, this.instanceId] = [reply.generationId, instanceId]
    return { ...reply, error }
  }

  /** Joins as clients do: takes the id it is given and joins again with it. */
  async enter(options: JoinOptions = {}): Promise<JoinGroupResponse> {
    let reply = await this.join(options)
    if (reply.error === 'MEMBER_ID_REQUIRED') reply = await this.join(options)
    assert.equal(reply.error, 'NONE', 'a member is let in')
    return reply
  }

  /** SyncGroup; the leader gives an assignment for each member. */
  async sync(assignments: Readonly<Record<string, string>> = {}, generationId = this.generation) {
    const reply = await this.connection.request(
      syncGroupApi,
      {
        groupId: this.group,
        generationId,
        memberId: this.id,
        groupInstanceId: this.instanceId,
        assignments: Object.entries(assignments).map(([memberId, text]) => ({
          memberId,
          assignment: Buffer.from(text),
        })),
      },
      { version: 4 },
    )
    return { error: errorText(reply.errorCode), assignment: Buffer.from(reply.assignment).toString() }
  }

  /** The error of a heartbeat. */
  async heartbeat(as: { memberId?: string; generation?: number; instanceId?: string | null } = {}): Promise<string> {
    const { memberId = this.id, generation = this.generation, instanceId = this.instanceId } = as
    const body = { groupId: this.group, generationId: generation, memberId, groupInstanceId: instanceId }
    const reply = await this.connection.request(heartbeatApi, body, { version: 4 })
    return errorText(reply.errorCode)
  }

  async leave(): Promise<string> {
    const members = [{ memberId: this.id, groupInstanceId: this.instanceId }]
    const reply = await this.connection.request(leaveGroupApi, { groupId: this.group, members }, { version: 4 })
    return errorText(reply.members[0]?.errorCode ?? reply.errorCode)
  }

  /** The error of a commit of one offset of partition 0, by this member unless said otherwise. */
  async commit(topic: string, offset: number, as: { memberId?: string; generation?: number } = {}): Promise<string> {
    const { memberId = this.id, generation = this.generation } = as
    const reply = await this.connection.request(
      offsetCommitApi,
      {
        groupId: this.group,
        generationIdOrMemberEpoch: generation,
        memberId,
        groupInstanceId: this.instanceId,
        topics: [
          { name: topic, partitions: [{ partitionIndex: 0, committedOffset: offset, committedMetadata: 'note' }] },
        ],
      },
      { version: 8 },
    )
    return errorText(reply.topics[0]!.partitions[0]!.errorCode)
  }
}

/** One member, alone in a stable group. */
export async function stableMember(cluster: TestCluster, group: string, options: JoinOptions = {}): Promise<Member> {
  const member = await Member.of(cluster, group)
  await member.enter(options)
  assert.deepEqual(await member.sync({ [member.id]: 'all' }), { error: 'NONE', assignment: 'all' })
  return member
}
