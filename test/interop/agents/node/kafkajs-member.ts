/**
 * Group members of the KafkaJS agent. The library's only assigner is called `RoundRobinAssigner`, a name that no other
 * client knows; so that it can share groups, it is given assigners under the names that others use.
 */
import { requireInstalled } from './agent-loop.ts'
import { type AgentMember, type JoinArgs, MemberJournal } from './member-journal.ts'

interface GroupMemberMetadata {
  readonly memberId: string
}

interface Consumer {
  readonly events: { GROUP_JOIN: string; REBALANCING: string; CRASH: string }
  on(event: string, listener: (event: { payload: never }) => void): void
  connect(): Promise<void>
  disconnect(): Promise<void>
  subscribe(request: object): Promise<void>
  run(request: object): Promise<void>
  commitOffsets(offsets: object[]): Promise<void>
  seek(place: object): void
  pause(where: object[]): void
  resume(where: object[]): void
}

export interface ConsumerMaker {
  consumer(config: object): Consumer
}

interface AssignerProtocol {
  MemberMetadata: { encode(metadata: object): Buffer }
  MemberAssignment: { encode(assignment: object): Buffer }
}

interface AssignerContext {
  readonly cluster: { findTopicPartitionMetadata(topic: string): { partitionId: number }[] }
}

const { AssignerProtocol: protocol } = requireInstalled('kafkajs') as { AssignerProtocol: AssignerProtocol }
const noUserData = Buffer.alloc(0)

/** Which of `count` members, in the order of their ids, gets a partition. */
const choices = {
  range: (partition: number, partitions: number, count: number) => {
    const [each, rest] = [Math.floor(partitions / count), partitions % count]
    const inLonger = rest * (each + 1)
    return partition < inLonger ? Math.floor(partition / (each + 1)) : rest + Math.floor((partition - inLonger) / each)
  },
  roundrobin: (partition: number, _partitions: number, count: number) => partition % count,
}

const assignerNamed =
  (name: 'range' | 'roundrobin') =>
  ({ cluster }: AssignerContext) => ({
    name,
    version: 0,
    protocol: ({ topics }: { topics: string[] }) => ({
      name,
      metadata: protocol.MemberMetadata.encode({ version: 0, topics, userData: noUserData }),
    }),
    /** All members of these groups read the same topic. */
    async assign({ members, topics }: { members: GroupMemberMetadata[]; topics: string[] }) {
      const ids = members.map(member => member.memberId).sort()
      const [topic] = topics as [string]
      const partitions = cluster.findTopicPartitionMetadata(topic).map(each => each.partitionId)
      return ids.map((memberId, place) => {
        const own = partitions.filter(each => choices[name](each, partitions.length, ids.length) === place)
        const assignment = { [topic]: own }
        return {
          memberId,
          memberAssignment: protocol.MemberAssignment.encode({ version: 0, assignment, userData: noUserData }),
        }
      })
    },
  })

export async function joinKafkajs(kafka: ConsumerMaker, args: JoinArgs): Promise<AgentMember> {
  const { topic } = args
  if (args.assignor === 'cooperative') throw new Error('KafkaJS has no cooperative rebalance')
  const consumer = kafka.consumer({
    groupId: args.group,
    partitionAssigners: [assignerNamed(args.assignor)],
    sessionTimeout: args.sessionTimeoutMs,
    rebalanceTimeout: 10_000,
    heartbeatInterval: 200,
    maxWaitTimeInMs: 100,
  })
  const journal = new MemberJournal()
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }: { payload: { memberAssignment: Record<string, number[]> } }) =>
    journal.assigned(payload.memberAssignment[topic] ?? [], false),
  )
  consumer.on(consumer.events.REBALANCING, () => journal.revokedAll())
  consumer.on(consumer.events.CRASH, ({ payload }: { payload: { error: Error } }) => journal.failed(payload.error))
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    autoCommit: args.autoCommitMs !== null,
    autoCommitInterval: args.autoCommitMs,
    eachMessage: async ({ partition, message }: { partition: number; message: { offset: string; value: Buffer } }) =>
      journal.read(partition, Number(message.offset), message.value),
  })
  return {
    view: () => journal.view(),
    commit: offsets =>
      consumer.commitOffsets(offsets.map(([partition, offset]) => ({ topic, partition, offset: String(offset) }))),
    seek: async (partition, offset) => consumer.seek({ topic, partition, offset: String(offset) }),
    pause: async partitions => consumer.pause([{ topic, partitions }]),
    resume: async partitions => consumer.resume([{ topic, partitions }]),
    leave: () => consumer.disconnect(),
  }
}
