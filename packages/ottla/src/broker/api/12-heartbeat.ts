/** Heartbeat: a member of a classic group is alive, and learns whether it must join again. v3 static members, v4 flexible. */
import { errorCodeOf } from '../../spec/errors.ts'
import { type HeartbeatRequest, type HeartbeatResponseInput, heartbeatApi } from '../../wire/gen/heartbeat.ts'
import { type Handler, serve } from './handler.ts'

export const handleHeartbeat: Handler<HeartbeatRequest, HeartbeatResponseInput> = async (context, request) => {
  const { services, signal } = context
  const { error } = await services.groups.ask(request.groupId, { type: 'heartbeat', body: request }, signal)
  return { body: { errorCode: errorCodeOf(error) } }
}

export const heartbeat = serve(heartbeatApi, handleHeartbeat)
