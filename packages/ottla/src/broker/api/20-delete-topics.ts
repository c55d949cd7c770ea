/**
 * DeleteTopics: by name, from v6 on by name or by id (not both). v5 messages. Switched off by `delete.topic.enable`.
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import type { DeletedTopic, DeleteTopics } from '../../core/controller/commands.ts'
import { ControllerUnavailable } from '../../runtime/services.ts'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import {
  type DeleteTopicsRequest,
  type DeleteTopicsResponseInput,
  type DeleteTopicsTopicResponseInput,
  deleteTopicsApi,
} from '../../wire/gen/delete-topics.ts'
import { type ApiContext, type Handler, serve } from './handler.ts'
import { told } from './messages.ts'

const DELETION_DISABLED_SINCE = 3

type Wanted = DeleteTopics['topics'][number]

export const handleDeleteTopics: Handler<DeleteTopicsRequest, DeleteTopicsResponseInput> = async (context, request) => {
  const wanted = wantedIn(context, request)
  const { services } = context
  if (!services.config.deleteTopicEnable) return { body: { responses: refuseAll(wanted, disabledError(context)) } }
  if (wanted.some(topic => (topic.name === null) === (topic.topicId === null))) {
    return { body: { responses: refuseAll(wanted, 'INVALID_REQUEST', 'a topic is named either by name or by id') } }
  }
  try {
    const deleted = await services.submit({ type: 'deleteTopics', topics: wanted })
    return { body: { responses: deleted.map(topic => response(topic, topic.error, topic.message)) } }
  } catch (error) {
    if (!(error instanceof ControllerUnavailable)) throw error
    return { body: { responses: refuseAll(wanted, 'NOT_CONTROLLER', error.message) } }
  }
}

export const deleteTopics = serve(deleteTopicsApi, handleDeleteTopics)

const BY_ID_SINCE = 6

function wantedIn(context: ApiContext, request: DeleteTopicsRequest): Wanted[] {
  if (context.apiVersion < BY_ID_SINCE) return request.topicNames.map(name => ({ name, topicId: null }))
  return request.topics.map(({ name, topicId }) => ({ name, topicId: topicId === ZERO_UUID ? null : topicId }))
}

function disabledError({ apiVersion }: ApiContext): WireErrorName {
  return apiVersion >= DELETION_DISABLED_SINCE ? 'TOPIC_DELETION_DISABLED' : 'INVALID_REQUEST'
}

function refuseAll(
  wanted: readonly Wanted[],
  error: WireErrorName,
  message: string | null = null,
): DeleteTopicsTopicResponseInput[] {
  return wanted.map(topic => response(topic, error, message))
}

function response(
  topic: Wanted | DeletedTopic,
  error: WireErrorName,
  message: string | null,
): DeleteTopicsTopicResponseInput {
  return {
    name: topic.name,
    topicId: topic.topicId ?? ZERO_UUID,
    errorCode: errorCodeOf(error),
    errorMessage: told(message),
  }
}
