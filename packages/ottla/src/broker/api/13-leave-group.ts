/**
 * LeaveGroup: members leave a classic group at once, instead of when their session times out. v3 many at a time, by instance
 * id too, with an error each; v4 flexible, v5 reasons.
 */
import { errorCodeOf } from '../../spec/errors.ts'
import { type LeaveGroupRequest, type LeaveGroupResponseInput, leaveGroupApi } from '../../wire/gen/leave-group.ts'
import { type Handler, serve } from './handler.ts'

export const handleLeaveGroup: Handler<LeaveGroupRequest, LeaveGroupResponseInput> = async (context, request) => {
  const { services, apiVersion, signal } = context
  const { error, members } = await services.groups.ask(
    request.groupId,
    { type: 'leave', apiVersion, body: request },
    signal,
  )
  return {
    body: {
      errorCode: errorCodeOf(error),
      members: members.map(member => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        errorCode: errorCodeOf(member.error),
      })),
    },
  }
}

export const leaveGroup = serve(leaveGroupApi, handleLeaveGroup)
