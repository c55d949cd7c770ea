/**
 * SyncGroup: the leader of a generation hands in the assignment, everybody gets theirs once it is durable. v3 static
 * members, v4 flexible, v5 checks protocol type and name.
 */
import { errorCodeOf } from '../../spec/errors.ts'
import { type SyncGroupRequest, type SyncGroupResponseInput, syncGroupApi } from '../../wire/gen/sync-group.ts'
import { type Handler, serve } from './handler.ts'

export const handleSyncGroup: Handler<SyncGroupRequest, SyncGroupResponseInput> = async (context, request) => {
  const { services, apiVersion, signal } = context
  const { error, protocolType, protocolName, assignment } = await services.groups.ask(
    request.groupId,
    { type: 'sync', apiVersion, body: request },
    signal,
  )
  return { body: { errorCode: errorCodeOf(error), protocolType, protocolName, assignment } }
}

export const syncGroup = serve(syncGroupApi, handleSyncGroup)
