/** For tests: requests of clients with sensible fields, to be changed one by one. */
import { Writer } from '../../../base/cursor.ts'
import { ZERO_UUID } from '../../../base/uuid.ts'
import {
  encodeConsumerProtocolAssignment,
  encodeConsumerProtocolSubscription,
} from '../../../wire/gen/records/consumer-protocol.ts'
import type {
  DeleteGroupEvent,
  HeartbeatEvent,
  JoinEvent,
  LeaveEvent,
  OffsetCommitEvent,
  OffsetDeleteEvent,
  SyncEvent,
} from '../events.ts'

let lastRequest = 0
let lastDrawn = 0

/** Ids drawn from now on begin at 1 again: a golden log must not depend on what ran before. */
export function restartIds(): void {
  lastRequest = 0
  lastDrawn = 0
}

export function nextRequest(): number {
  lastRequest += 1
  return lastRequest
}

const writer = new Writer()

export function subscription(topics: readonly string[]): Uint8Array {
  writer.beginBare()
  encodeConsumerProtocolSubscription(writer, 3, { topics })
  return writer.finishBytes()
}

export function assignment(topic: string, partitions: readonly number[]): Uint8Array {
  writer.beginBare()
  encodeConsumerProtocolAssignment(writer, 1, { assignedPartitions: [{ topic, partitions }] })
  return writer.finishBytes()
}

export interface JoinChange {
  readonly apiVersion?: number
  readonly clientId?: string
  readonly memberId?: string
  readonly groupInstanceId?: string | null
  readonly sessionTimeoutMs?: number
  readonly rebalanceTimeoutMs?: number
  readonly protocolType?: string
  readonly protocols?: readonly string[]
  readonly topics?: readonly string[]
}

export function join(change: JoinChange = {}): JoinEvent {
  lastDrawn += 1
  const { apiVersion = 9, clientId = 'c', memberId = '', groupInstanceId = null, protocolType = 'consumer' } = change
  const { sessionTimeoutMs = 10_000, rebalanceTimeoutMs = 60_000, protocols = ['range'], topics = ['orders'] } = change
  const metadata = subscription(topics)
  return {
    type: 'join',
    request: nextRequest(),
    apiVersion,
    clientId,
    clientHost: '/127.0.0.1',
    drawnId: String(lastDrawn),
    body: {
      groupId: 'g',
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId,
      groupInstanceId,
      protocolType,
      protocols: protocols.map(name => ({ name, metadata })),
      reason: null,
    },
  }
}

export function sync(body: Partial<SyncEvent['body']>, apiVersion = 5): SyncEvent {
  const named = apiVersion >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {}
  const nothing = { protocolType: null, protocolName: null, groupInstanceId: null, assignments: [] }
  const given = { groupId: 'g', generationId: 1, memberId: '', ...nothing, ...named, ...body }
  return { type: 'sync', request: nextRequest(), apiVersion, body: given }
}

export function heartbeat(body: Partial<HeartbeatEvent['body']>): HeartbeatEvent {
  const given = { groupId: 'g', generationId: 1, memberId: '', groupInstanceId: null, ...body }
  return { type: 'heartbeat', request: nextRequest(), body: given }
}

export function leave(
  members: readonly { readonly memberId: string; readonly groupInstanceId?: string | null }[],
  apiVersion = 5,
): LeaveEvent {
  const list = members.map(({ memberId, groupInstanceId = null }) => ({ memberId, groupInstanceId, reason: null }))
  const body =
    apiVersion >= 3
      ? { groupId: 'g', memberId: '', members: list }
      : { groupId: 'g', memberId: list[0]!.memberId, members: [] }
  return { type: 'leave', request: nextRequest(), apiVersion, body }
}

export interface Committed {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly metadata?: string | null
}

export function commit(
  offsets: readonly Committed[],
  change: Partial<OffsetCommitEvent['body']> = {},
  apiVersion = 9,
): OffsetCommitEvent {
  const topics = [...new Set(offsets.map(({ topic }) => topic))].map(name => ({
    name,
    topicId: ZERO_UUID,
    partitions: offsets
      .filter(({ topic }) => topic === name)
      .map(({ partition, offset, metadata = '' }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: -1,
        committedMetadata: metadata,
      })),
  }))
  const nobody = { generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null, retentionTimeMs: -1 }
  const body = { groupId: 'g', ...nobody, topics, ...change }
  return { type: 'offsetCommit', request: nextRequest(), apiVersion, body }
}

export function offsetDelete(topic: string, partitions: readonly number[]): OffsetDeleteEvent {
  const topics = [{ name: topic, partitions: partitions.map(partitionIndex => ({ partitionIndex })) }]
  return { type: 'offsetDelete', request: nextRequest(), body: { groupId: 'g', topics } }
}

export function deleteGroup(): DeleteGroupEvent {
  return { type: 'deleteGroup', request: nextRequest() }
}
