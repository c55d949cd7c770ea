/** Topics that are made because a client asked for them (`auto.create.topics.enable`). */
import { isInternalTopic } from '../../core/metadata/names.ts'
import { ControllerUnavailable } from '../../runtime/services.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import type { ApiContext } from './handler.ts'
import { newTopicId } from './new-topic-id.ts'

/** One request makes at most this many; the client asks again for the rest. */
const TOPICS_AT_ONCE = 1000

/**
 * Makes the topics with default counts. Gives what to tell the client of each: 3 (ask again) when it was made, now or by
 * somebody else meanwhile, else why it cannot be.
 */
export async function createMissing(
  context: ApiContext,
  names: readonly string[],
): Promise<ReadonlyMap<string, WireErrorName>> {
  const { services } = context
  const wanted = names.filter(name => !isInternalTopic(name)).slice(0, TOPICS_AT_ONCE)
  if (wanted.length === 0) return new Map()
  try {
    const created = await services.submit({
      type: 'createTopics',
      topics: wanted.map(name => ({
        name,
        topicId: newTopicId(services.crypto),
        partitionCount: -1,
        replicationFactor: -1,
        assignments: [],
        configs: [],
      })),
      validateOnly: false,
      placement: services.random.u32(),
    })
    const refused = created.find(({ error }) => error === 'POLICY_VIOLATION')
    if (refused !== undefined) {
      services.observe.log('warn', 'topic.not-created', { why: refused.message, topics: wanted.length })
    }
    return new Map(created.map(topic => [topic.name, toldOf(topic.error)]))
  } catch (error) {
    if (!(error instanceof ControllerUnavailable)) throw error
    services.observe.log('warn', 'topic.not-created', { why: error.message, topics: wanted.length })
    return new Map()
  }
}

/**
 * Too many partitions for one command is no error of this API: the next one that asks finds room, unless `num.partitions`
 * alone is too many, and that is the operator's to hear. Kafka answers 3 to whatever its controller refuses.
 */
function toldOf(error: WireErrorName): WireErrorName {
  const asksAgain = error === 'NONE' || error === 'TOPIC_ALREADY_EXISTS' || error === 'POLICY_VIOLATION'
  return asksAgain ? 'UNKNOWN_TOPIC_OR_PARTITION' : error
}
