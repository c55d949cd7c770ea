/**
 * DescribeProducers: the idempotent producers that the leader of a partition remembers, with their last sequence. A
 * partition that is not there: 3; a name that no topic can have: 17; led elsewhere: 6. A partition that is named twice is
 * described once: otherwise a small request would make a huge reply.
 */
import { topicNameProblem } from '../../core/metadata/names.ts'
import { errorCodeOf } from '../../spec/errors.ts'
import {
  type DescribedProducersPartitionInput,
  type DescribedProducersTopicInput,
  type DescribeProducersRequest,
  type DescribeProducersResponseInput,
  describeProducersApi,
} from '../../wire/gen/describe-producers.ts'
import { type ApiContext, type Handler, serve } from './handler.ts'
import { told } from './messages.ts'
import { nextTurn } from './turns.ts'

/** Producers told before others get their turn. */
const PRODUCERS_PER_TURN = 5000

export const handleDescribeProducers: Handler<DescribeProducersRequest, DescribeProducersResponseInput> = async (
  context,
  request,
) => {
  const wanted = new Map<string, Set<number>>()
  for (const { name, partitionIndexes } of request.topics) {
    const indexes = wanted.get(name) ?? new Set()
    for (const index of partitionIndexes) indexes.add(index)
    wanted.set(name, indexes)
  }
  const topics: DescribedProducersTopicInput[] = []
  let sinceTurn = 0
  for (const [name, indexes] of wanted) {
    const partitions: DescribedProducersPartitionInput[] = []
    for (const index of indexes) {
      const partition = describe(context, name, index)
      partitions.push(partition)
      sinceTurn += 1 + partition.activeProducers.length
      if (sinceTurn < PRODUCERS_PER_TURN) continue
      sinceTurn = 0
      await nextTurn(context.services.clock)
    }
    topics.push({ name, partitions })
  }
  return { body: { topics } }
}

export const describeProducers = serve(describeProducersApi, handleDescribeProducers)

function describe({ services }: ApiContext, topic: string, partition: number): DescribedProducersPartitionInput {
  const place = { partitionIndex: partition, activeProducers: [] }
  const problem = topicNameProblem(topic)
  if (problem !== null)
    return { ...place, errorCode: errorCodeOf('INVALID_TOPIC_EXCEPTION'), errorMessage: told(problem) }
  const { error, producers } = services.partitions.producers({ topic, topicId: null, partition })
  return { ...place, errorCode: errorCodeOf(error), errorMessage: null, activeProducers: producers }
}
