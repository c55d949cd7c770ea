/** ListGroups: the groups that this broker coordinates. v3 flexible, v4 states and a filter on them, v5 the same of types. */
import { isListed } from '../../core/group/views.ts'
import { errorCodeOf } from '../../spec/errors.ts'
import { type ListGroupsRequest, type ListGroupsResponseInput, listGroupsApi } from '../../wire/gen/list-groups.ts'
import { type Handler, serve } from './handler.ts'

export const handleListGroups: Handler<ListGroupsRequest, ListGroupsResponseInput> = async (context, request) => {
  const filters = { states: request.statesFilter, types: request.typesFilter }
  const read = await context.services.groups.list()
  if (read.error !== 'NONE') return { body: { errorCode: errorCodeOf(read.error), groups: [] } }
  return { body: { groups: read.value.filter(group => isListed(group, filters)) } }
}

export const listGroups = serve(listGroupsApi, handleListGroups)
