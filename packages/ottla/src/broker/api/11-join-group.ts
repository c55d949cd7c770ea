/**
 * JoinGroup: become a member of a classic group, or stay one in the next generation. The reply waits until all members
 * joined, which may take minutes; requests behind it on the same connection are begun meanwhile and answered after it. v1
 * rebalance timeout, v4 asks for a member id first (79), v5 static members, v6 flexible, v7 protocol type, v8 reasons, v9
 * tells a leader that came back to leave the assignment as it is. What a group does: core/group/classic.ts.
 */
import { errorCodeOf } from '../../spec/errors.ts'
import { type JoinGroupRequest, type JoinGroupResponseInput, joinGroupApi } from '../../wire/gen/join-group.ts'
import { drawnMemberId } from './drawn-member-id.ts'
import { type Handler, serve } from './handler.ts'

const PROTOCOL_MAY_BE_NULL_SINCE = 7

export const handleJoinGroup: Handler<JoinGroupRequest, JoinGroupResponseInput> = async (context, request) => {
  const { services, apiVersion, clientId, peer, signal } = context
  const { error, ...reply } = await services.groups.ask(
    request.groupId,
    {
      type: 'join',
      apiVersion,
      clientId,
      // As Kafka's tools show it.
      clientHost: `/${peer.host}`,
      drawnId: drawnMemberId(services.crypto),
      body: request,
    },
    signal,
  )
  const { generationId, protocolType, leader, skipAssignment, memberId, members } = reply
  const protocolName = reply.protocolName ?? (apiVersion >= PROTOCOL_MAY_BE_NULL_SINCE ? null : '')
  const errorCode = errorCodeOf(error)
  return { body: { errorCode, generationId, protocolType, protocolName, leader, skipAssignment, memberId, members } }
}

export const joinGroup = serve(joinGroupApi, handleJoinGroup)
