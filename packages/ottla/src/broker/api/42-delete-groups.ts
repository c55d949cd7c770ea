/**
 * DeleteGroups: forget groups without members, and their offsets; each answered by itself when its end is durable. One with
 * members: 68, one that is not there: 69. v2 flexible.
 */
import { errorCodeOf } from '../../spec/errors.ts'
import {
  type DeleteGroupsRequest,
  type DeleteGroupsResponseInput,
  deleteGroupsApi,
} from '../../wire/gen/delete-groups.ts'
import { type Handler, serve } from './handler.ts'
import { inGroups } from './turns.ts'

const GROUPS_AT_ONCE = 100

export const handleDeleteGroups: Handler<DeleteGroupsRequest, DeleteGroupsResponseInput> = async (context, request) => {
  const { services, signal } = context
  const results = await inGroups([...new Set(request.groupsNames)], GROUPS_AT_ONCE, async groupId => {
    const { error } = await services.groups.ask(groupId, { type: 'deleteGroup' }, signal)
    return { groupId, errorCode: errorCodeOf(error) }
  })
  return { body: { results } }
}

export const deleteGroups = serve(deleteGroupsApi, handleDeleteGroups)
