/** One small batch to every partition of many topics, a topic a request. */
import { produceApi } from '../../packages/ottla/src/wire/gen/produce.ts'
import { batchOf, PRODUCE_VERSION } from '../produce-load.ts'
import type { RawConnection } from '../raw-connection.ts'
import type { TopicOptions } from '../topics.ts'

/** Throws at the first batch that is not taken. */
export async function writeEverywhere(
  connection: RawConnection,
  topics: readonly TopicOptions[],
  batchBytes: number,
): Promise<void> {
  const records = batchOf(batchBytes, batchBytes - 100)
  for (const { name, partitions } of topics) {
    const reply = await connection.ask(produceApi, PRODUCE_VERSION, {
      acks: -1,
      timeoutMs: 60_000,
      topicData: [{ name, partitionData: Array.from({ length: partitions }, (_, index) => ({ index, records })) }],
    })
    const wrong = reply.responses[0]?.partitionResponses.find(each => each.errorCode !== 0)
    if (wrong !== undefined) throw new Error(`partition ${wrong.index} of ${name}: error ${wrong.errorCode}`)
  }
}
