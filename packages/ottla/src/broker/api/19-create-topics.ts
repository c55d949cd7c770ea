/**
 * CreateTopics: the controller decides (core/controller); the reply leaves when this broker serves the new topics. v4
 * counts of -1 mean the defaults, v5 the reply tells the config in force, v7 the topic's id.
 */
import { type Uuid, ZERO_UUID } from '../../base/uuid.ts'
import type { CreatedTopic, NewTopic } from '../../core/controller/commands.ts'
import { ControllerUnavailable } from '../../runtime/services.ts'
import { errorCodeOf } from '../../spec/errors.ts'
import {
  type CreateTopicsConfigResponseInput,
  type CreateTopicsRequest,
  type CreateTopicsResponseInput,
  type CreateTopicsTopic,
  type CreateTopicsTopicResponseInput,
  createTopicsApi,
} from '../../wire/gen/create-topics.ts'
import { ConfigEntries } from './config-entries.ts'
import { type ApiContext, type Handler, serve } from './handler.ts'
import { told } from './messages.ts'
import { newTopicId } from './new-topic-id.ts'

const CONFIGS_SINCE = 5

export const handleCreateTopics: Handler<CreateTopicsRequest, CreateTopicsResponseInput> = async (context, request) => {
  const { services } = context
  try {
    const created = await services.submit({
      type: 'createTopics',
      topics: request.topics.map(topic => newTopic(topic, newTopicId(services.crypto))),
      validateOnly: request.validateOnly,
      placement: services.random.u32(),
    })
    const entries = new ConfigEntries(services, services.image())
    const topics = created.map(topic => topicResponse(context, topic, { entries, hidesId: request.validateOnly }))
    return { body: { topics } }
  } catch (error) {
    if (!(error instanceof ControllerUnavailable)) throw error
    return { body: { topics: request.topics.map(topic => notDone(topic.name, error)) } }
  }
}

export const createTopics = serve(createTopicsApi, handleCreateTopics)

function newTopic(topic: CreateTopicsTopic, topicId: Uuid): NewTopic {
  return {
    name: topic.name,
    topicId,
    partitionCount: topic.numPartitions,
    replicationFactor: topic.replicationFactor,
    assignments: topic.assignments.map(each => ({ partition: each.partitionIndex, replicas: each.brokerIds })),
    configs: topic.configs,
  }
}

function topicResponse(
  context: ApiContext,
  topic: CreatedTopic,
  { entries, hidesId }: { readonly entries: ConfigEntries; readonly hidesId: boolean },
): CreateTopicsTopicResponseInput {
  if (topic.error !== 'NONE') {
    return { name: topic.name, errorCode: errorCodeOf(topic.error), errorMessage: told(topic.message), configs: null }
  }
  return {
    name: topic.name,
    // A topic that was only checked has no id: the one drawn for it will never be given.
    topicId: hidesId ? ZERO_UUID : topic.topicId,
    numPartitions: topic.partitionCount,
    replicationFactor: topic.replicationFactor,
    configs: context.apiVersion >= CONFIGS_SINCE ? configsOf(entries, topic) : null,
  }
}

function configsOf(entries: ConfigEntries, topic: CreatedTopic): CreateTopicsConfigResponseInput[] {
  return entries
    .ofTopic(topic.overrides, topic.replicationFactor)
    .map(({ name, value, source, readOnly, isSensitive }) => ({
      name,
      value,
      readOnly,
      configSource: source,
      isSensitive,
    }))
}

function notDone(name: string, why: ControllerUnavailable): CreateTopicsTopicResponseInput {
  return { name, errorCode: errorCodeOf('NOT_CONTROLLER'), errorMessage: told(why.message), configs: null }
}
