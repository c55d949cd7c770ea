/** Group members of the @platformatic/kafka agent: a consumer with one stream, which is opened anew to seek. */
import { type AgentMember, type JoinArgs, MemberJournal } from './member-journal.ts'

interface Message {
  readonly partition: number
  readonly offset: bigint
  readonly value: Buffer | null
}

interface Stream {
  on(event: 'data', listener: (message: Message) => void): void
  on(event: 'error', listener: (error: Error) => void): void
  close(): Promise<void>
}

interface Assignments {
  readonly assignments?: readonly { topic: string; partitions: number[] }[]
}

export interface GroupConsumer {
  readonly assignments: Assignments['assignments'] | null
  on(event: 'consumer:group:join', listener: (payload: Assignments) => void): void
  on(event: 'consumer:group:rebalance', listener: () => void): void
  consume(options: object): Promise<Stream>
  commit(options: object): Promise<void>
  close(force: boolean): Promise<void>
}

type MakeConsumer = (options: object) => GroupConsumer

export async function joinPlatformatic(make: MakeConsumer, args: JoinArgs): Promise<AgentMember> {
  const { topic } = args
  const cooperative = args.assignor === 'cooperative'
  const consumer = make({
    groupId: args.group,
    protocols: [{ name: cooperative ? 'cooperative-sticky' : args.assignor, version: 1 }],
    sessionTimeout: args.sessionTimeoutMs,
    // The library wants no less than the session timeout.
    rebalanceTimeout: args.sessionTimeoutMs,
    heartbeatInterval: 200,
    maxWaitTime: 100,
    minBytes: 1,
    autocommit: args.autoCommitMs ?? false,
    ...(args.instanceId === null ? {} : { groupInstanceId: args.instanceId }),
  })
  const journal = new MemberJournal()
  consumer.on('consumer:group:join', payload =>
    journal.assigned(payload.assignments?.find(each => each.topic === topic)?.partitions ?? [], cooperative),
  )
  consumer.on('consumer:group:rebalance', () => {
    if (!cooperative) journal.revokedAll()
  })
  const open = async (place: object): Promise<Stream> => {
    const opened = await consumer.consume({ topics: [topic], ...place })
    opened.on('data', message => journal.read(message.partition, Number(message.offset), message.value))
    opened.on('error', error => journal.failed(error))
    return opened
  }
  let stream = await open({ mode: 'committed', fallbackMode: 'earliest' })
  return {
    view: () => journal.view(),
    async commit(offsets) {
      const places = offsets.map(([partition, offset]) => ({
        topic,
        partition,
        offset: BigInt(offset),
        leaderEpoch: -1,
      }))
      await consumer.commit({ offsets: places })
    },
    async seek(partition, offset) {
      await stream.close()
      stream = await open({ mode: 'manual', offsets: [{ topic, partition, offset: BigInt(offset) }] })
    },
    pause: () => Promise.reject(new Error('a stream is paused whole')),
    resume: () => Promise.reject(new Error('a stream is resumed whole')),
    async leave() {
      await stream.close()
      await consumer.close(true)
    },
  }
}
