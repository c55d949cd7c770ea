/** The topic that holds groups and their offsets: made when somebody first asks for a group's coordinator. */
import { GROUP_OFFSETS_TOPIC } from '../../core/group/coordinator-partition.ts'
import { aliveBrokers, topicByName } from '../../core/metadata/image.ts'
import { type BrokerServices, ControllerUnavailable } from '../../runtime/services.ts'
import { OFFSETS_REPLICATION_FACTOR_AUTO } from '../../spec/config/group-rows.ts'
import { newTopicId } from './new-topic-id.ts'

/** Replicas of the topic when nobody said how many. */
const AUTO_REPLICAS_MAX = 3

/** Null when the topic is there, now or before; else why it could not be made. */
export async function ensureOffsetsTopic(services: BrokerServices): Promise<string | null> {
  const image = services.image()
  if (topicByName(image, GROUP_OFFSETS_TOPIC) !== null) return null
  const { offsetsTopicReplicationFactor, offsetsTopicNumPartitions, offsetsTopicSegmentBytes } = services.config
  const isAuto = offsetsTopicReplicationFactor === OFFSETS_REPLICATION_FACTOR_AUTO
  const auto = Math.min(AUTO_REPLICAS_MAX, aliveBrokers(image).length)
  try {
    const [created] = await services.submit({
      type: 'createTopics',
      topics: [
        {
          name: GROUP_OFFSETS_TOPIC,
          topicId: newTopicId(services.crypto),
          partitionCount: offsetsTopicNumPartitions,
          replicationFactor: isAuto ? auto : offsetsTopicReplicationFactor,
          assignments: [],
          configs: [
            { name: 'cleanup.policy', value: 'compact' },
            { name: 'compression.type', value: 'producer' },
            { name: 'segment.bytes', value: String(offsetsTopicSegmentBytes) },
          ],
        },
      ],
      validateOnly: false,
      placement: services.random.u32(),
    })
    // Others may have asked at the same time.
    if (created === undefined || created.error === 'NONE' || created.error === 'TOPIC_ALREADY_EXISTS') return null
    return notMade(services, created.message ?? created.error)
  } catch (error) {
    if (!(error instanceof ControllerUnavailable)) throw error
    return notMade(services, error.message)
  }
}

function notMade({ observe }: BrokerServices, why: string): string {
  observe.log('warn', 'offsets-topic.not-created', { why })
  return `${GROUP_OFFSETS_TOPIC} cannot be made: ${why}`
}
