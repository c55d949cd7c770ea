/**
 * When the log does not take what a group decided, or the group goes away: what its clients are told. Source: Kafka 4.2
 * CoordinatorOperationExceptionHelper, GroupMetadataManager.appendGroupMetadataErrorToResponseError.
 */
import { unreachable } from '../../base/assert.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import type { Reply, ReplyBody, RequestEvent } from './events.ts'
import type { Group } from './group.ts'
import { commitError } from './offset-commit.ts'
import { joinError, syncError } from './plan.ts'

/** What a client of the group is told when an append to the group's partition failed with `error`. */
export function coordinatorError(error: WireErrorName): WireErrorName {
  switch (error) {
    case 'UNKNOWN_TOPIC_OR_PARTITION':
    case 'NOT_ENOUGH_REPLICAS':
    case 'NOT_ENOUGH_REPLICAS_AFTER_APPEND':
    case 'REQUEST_TIMED_OUT':
      return 'COORDINATOR_NOT_AVAILABLE'
    case 'NOT_LEADER_OR_FOLLOWER':
    case 'KAFKA_STORAGE_ERROR':
      return 'NOT_COORDINATOR'
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
    case 'INVALID_FETCH_SIZE':
      return 'UNKNOWN_SERVER_ERROR'
    default:
      return error
  }
}

/** The answer to a request of which nothing came. `error` is that of a coordinator. */
export function refuse(event: RequestEvent, error: WireErrorName): Reply {
  return { to: event.request, after: 'now', body: refusalBody(event, error) }
}

function refusalBody(event: RequestEvent, error: WireErrorName): ReplyBody {
  switch (event.type) {
    case 'join':
      return joinError(error, event.body.memberId)
    case 'sync':
      return syncError(error)
    case 'offsetCommit':
      return commitError(event.body, error)
    case 'offsetDelete':
      return { type: 'offsetDelete', error, topics: [] }
    case 'leave':
      return { type: 'leave', error, members: [] }
    case 'heartbeat':
    case 'deleteGroup':
      return { type: event.type, error }
    default:
      return unreachable(event)
  }
}

/** This broker no longer coordinates the group: everybody who waits in it is told. The host forgets it and its timers. */
export function abandon({ membership }: Group, error: WireErrorName): Reply[] {
  const replies: Reply[] = []
  for (const { memberId, awaitingJoin, awaitingSync } of membership.members.values()) {
    if (awaitingJoin !== null) replies.push({ to: awaitingJoin, after: 'now', body: joinError(error, memberId) })
    if (awaitingSync !== null) replies.push({ to: awaitingSync, after: 'now', body: syncError(error) })
  }
  return replies
}
