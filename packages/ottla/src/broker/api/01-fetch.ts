/**
 * Fetch: read record batches, waiting for `minBytes` up to `maxWaitMs`. Batches are given out as the log has them, by
 * reference; their memory is held until the reply has left.
 *
 * - v4 isolation levels, v5 log start offset, v6 storage error, v7 sessions (KIP-227): a reader names what changed and is
 *   told what changed; v9 leader epochs (KIP-320), v10 zstd, v12 diverging epochs, v13 topics by id only, v15 the
 *   follower's state as a tag, v16 who leads instead (KIP-951), v18 the reader's high watermark.
 * - A reader never gets more than `fetch.max.bytes`, its own `maxBytes`, or what may wait to be sent; the first batch
 *   comes whole whatever its size (KIP-74).
 */

import type { SessionPartitionName, SessionRead } from '../../core/access/fetch-session.ts'
import type { FetchTurn, SessionRequest } from '../../core/access/fetch-sessions.ts'
import type { FetchedPartition, FetchResult } from '../../runtime/services.ts'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import {
  type FetchPartitionDataInput,
  type FetchRequest,
  type FetchResponseInput,
  type FetchTopicResponseInput,
  fetchApi,
} from '../../wire/gen/fetch.ts'
import { leaderEndpoints } from './endpoints.ts'
import { type ApiContext, type Handler, type Reply, serve } from './handler.ts'
import { dataErrorCode } from './older-errors.ts'

const TOPIC_IDS_SINCE = 13
const REPLICA_STATE_SINCE = 15
const READ_COMMITTED = 1

export const handleFetch: Handler<FetchRequest, FetchResponseInput> = (context, request) => {
  const turn = context.services.sessions.begin(sessionRequest(context, request))
  if (typeof turn === 'string') return refuse(turn)
  let stopListening = () => {}
  const fetched = context.services.partitions.fetch(turn.reads, {
    maxWaitMs: request.maxWaitMs,
    minBytes: request.minBytes,
    maxBytes: Math.min(request.maxBytes, context.services.config.fetchMaxBytes),
    reserve: bytes => context.reserveReplyBytes(bytes),
    giveBack: () => context.returnReplyBytes(),
    readCommitted: request.isolationLevel === READ_COMMITTED,
    apiVersion: context.apiVersion,
    replicaId: replicaOf(context, request),
    noWait: turn.reads.length === 0,
    onAbort: abort => {
      stopListening = context.signal.onClose(abort)
    },
  })
  if (!(fetched instanceof Promise)) return answer(context, turn, fetched)
  return fetched.then(result => {
    stopListening()
    return answer(context, turn, result)
  })
}

export const fetch = serve(fetchApi, handleFetch)

function replicaOf(context: ApiContext, request: FetchRequest): number {
  return context.apiVersion >= REPLICA_STATE_SINCE ? request.replicaState.replicaId : request.replicaId
}

function sessionRequest(context: ApiContext, request: FetchRequest): SessionRequest {
  const usesTopicIds = context.apiVersion >= TOPIC_IDS_SINCE
  const reads: SessionRead[] = []
  for (const topic of request.topics) {
    for (const each of topic.partitions) {
      reads.push({
        topic: usesTopicIds ? null : topic.topic,
        topicId: usesTopicIds ? topic.topicId : null,
        partition: each.partition,
        fetchOffset: each.fetchOffset,
        maxBytes: each.partitionMaxBytes,
        currentLeaderEpoch: each.currentLeaderEpoch,
        lastFetchedEpoch: each.lastFetchedEpoch,
      })
    }
  }
  return {
    sessionId: request.sessionId,
    sessionEpoch: request.sessionEpoch,
    usesTopicIds,
    fromFollower: replicaOf(context, request) >= 0,
    reads,
    forgotten: forgottenIn(request, usesTopicIds),
    nowMs: context.now(),
    drawnId: context.services.random.u32(),
  }
}

function forgottenIn(request: FetchRequest, usesTopicIds: boolean): SessionPartitionName[] {
  return request.forgottenTopicsData.flatMap(topic =>
    topic.partitions.map(partition => ({
      topic: usesTopicIds ? null : topic.topic,
      topicId: usesTopicIds ? topic.topicId : null,
      partition,
    })),
  )
}

function refuse(error: WireErrorName): Reply<FetchResponseInput> {
  return { body: { errorCode: errorCodeOf(error), sessionId: 0, responses: [] } }
}

function answer(context: ApiContext, turn: FetchTurn, result: FetchResult): Reply<FetchResponseInput> {
  const { partitions } = result
  const { sessionId, told } = turn.answer(partitions, context.now())
  const topics = new Map<string, FetchTopicResponseInput & { partitions: FetchPartitionDataInput[] }>()
  const leaders: FetchedPartition['currentLeader'][] = []
  for (const [i, partition] of partitions.entries()) {
    if (!told[i]) continue
    const { topic, topicId } = partition.read
    const key = topicId ?? topic ?? ''
    let row = topics.get(key)
    if (row === undefined) {
      row = { ...(topicId === null ? { topic: topic ?? '' } : { topicId }), partitions: [] }
      topics.set(key, row)
    }
    row.partitions.push(partitionData(context.apiVersion, partition))
    if (partition.currentLeader !== null) leaders.push(partition.currentLeader)
  }
  return {
    body: {
      sessionId,
      responses: [...topics.values()],
      nodeEndpoints: leaders.length === 0 ? [] : leaderEndpoints(context.services.image(), context.listener, leaders),
    },
    release: () => result.release(),
  }
}

function partitionData(apiVersion: number, partition: FetchedPartition): FetchPartitionDataInput {
  return {
    partitionIndex: partition.read.partition,
    errorCode: dataErrorCode('Fetch', apiVersion, partition.error),
    highWatermark: partition.highWatermark,
    lastStableOffset: partition.lastStableOffset,
    logStartOffset: partition.logStartOffset,
    abortedTransactions: partition.abortedTransactions,
    records: partition.records,
    ...(partition.divergingEpoch === null ? {} : { divergingEpoch: partition.divergingEpoch }),
    ...(partition.currentLeader === null ? {} : { currentLeader: partition.currentLeader }),
  }
}
