/**
 * Produce: append one record batch per partition. The batch is checked, numbered and copied into the commit round before
 * the handler first waits, so batches of one connection are appended in the order in which they came.
 *
 * - acks: 0 no reply at all, and a connection that is closed when a partition refused; 1 durable here; -1 durable on
 *   every in-sync replica. Anything else is refused with 21.
 * - Topics of coordinators are refused with 17, unless the client calls itself `__admin_client`.
 * - v0-2 are advertised and refused: librdkafka takes the range as a sign that compression works (KAFKA-18659).
 * - v4 storage error, v5 log start offset, v7 zstd, v8 which record was refused, v9 flexible, v10 who leads instead
 *   (KIP-951), v12 transactions v2, v13 topics by id.
 */
import type { AppendReply, PartitionName } from '../../runtime/services.ts'
import {
  type ProducePartitionResponseInput,
  type ProduceRequest,
  type ProduceResponseInput,
  type ProduceTopic,
  produceApi,
} from '../../wire/gen/produce.ts'
import { leaderEndpoints } from './endpoints.ts'
import { type ApiContext, type Handler, type Reply, serve } from './handler.ts'
import { told } from './messages.ts'
import { dataErrorCode } from './older-errors.ts'

const TOPIC_IDS_SINCE = 13
/** The client id by which Kafka lets a repair tool write topics that coordinators keep their state in. */
const ADMIN_CLIENT = '__admin_client'
const NO_RECORDS = new Uint8Array(0)

const ACKS_NOT_KNOWN: AppendReply = {
  error: 'INVALID_REQUIRED_ACKS',
  baseOffset: -1,
  logAppendTimeMs: -1,
  logStartOffset: -1,
  message: null,
  batchIndexes: [],
  currentLeader: null,
}

/** Answers by topic and partition, in the order of the request. */
type Appended = (AppendReply | Promise<AppendReply>)[][]

export const handleProduce: Handler<ProduceRequest, ProduceResponseInput> = (context, request) => {
  const appended: Appended = request.topicData.map(topic => appendTopic(context, request, topic))
  if (!appended.some(topic => topic.some(each => each instanceof Promise))) {
    return answer(context, request, appended as AppendReply[][])
  }
  return Promise.all(appended.map(topic => Promise.all(topic))).then(replies => answer(context, request, replies))
}

export const produce = serve(produceApi, handleProduce)

function appendTopic(context: ApiContext, request: ProduceRequest, topic: ProduceTopic): Appended[number] {
  const { acks } = request
  const areAcksKnown = acks === 0 || acks === 1 || acks === -1
  const { apiVersion } = context
  const { timeoutMs, transactionalId } = request
  const mayWriteInternal = context.clientId === ADMIN_CLIENT
  const options = { acks, timeoutMs, apiVersion, transactionalId, mayWriteInternal }
  return topic.partitionData.map(data => {
    if (!areAcksKnown) return ACKS_NOT_KNOWN
    return context.services.partitions.append(
      nameOf(apiVersion, topic, data.index),
      data.records ?? NO_RECORDS,
      options,
    )
  })
}

function nameOf(apiVersion: number, topic: ProduceTopic, partition: number): PartitionName {
  return apiVersion >= TOPIC_IDS_SINCE
    ? { topic: null, topicId: topic.topicId, partition }
    : { topic: topic.name, topicId: null, partition }
}

function answer(context: ApiContext, request: ProduceRequest, replies: AppendReply[][]): Reply<ProduceResponseInput> {
  if (request.acks === 0) {
    const refused = replies.flat().find(reply => reply.error !== 'NONE')
    return refused === undefined ? { body: null } : { body: null, close: `Produce with acks=0: ${refused.error}` }
  }
  return {
    body: {
      responses: request.topicData.map((topic, t) => ({
        name: topic.name,
        topicId: topic.topicId,
        partitionResponses: topic.partitionData.map((data, p) =>
          partitionResponse(context.apiVersion, data.index, replies[t]![p]!),
        ),
      })),
      nodeEndpoints: endpointsOf(context, replies),
    },
  }
}

function partitionResponse(apiVersion: number, index: number, reply: AppendReply): ProducePartitionResponseInput {
  const { baseOffset, logAppendTimeMs, logStartOffset } = reply
  if (reply.error === 'NONE') return { index, baseOffset, logAppendTimeMs, logStartOffset }
  return {
    index,
    errorCode: dataErrorCode('Produce', apiVersion, reply.error),
    baseOffset,
    logAppendTimeMs,
    logStartOffset,
    errorMessage: told(reply.message),
    // Without a message of its own, a record's is that of the partition.
    recordErrors: reply.batchIndexes.map(batchIndex => ({ batchIndex })),
    ...(reply.currentLeader === null ? {} : { currentLeader: reply.currentLeader }),
  }
}

function endpointsOf(context: ApiContext, replies: AppendReply[][]): ProduceResponseInput['nodeEndpoints'] {
  if (!replies.some(topic => topic.some(reply => reply.currentLeader !== null))) return []
  const leaders = replies.flat().map(reply => reply.currentLeader)
  return leaderEndpoints(context.services.image(), context.listener, leaders)
}
