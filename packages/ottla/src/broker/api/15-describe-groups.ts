/**
 * DescribeGroups: state and members of classic groups. A group that is not there is Dead and no error, from v6 on
 * GROUP_ID_NOT_FOUND too. v3 authorized operations, v4 instance ids, v5 flexible, v6 messages.
 */
import { describeGroup } from '../../core/group/views.ts'
import { errorCodeOf } from '../../spec/errors.ts'
import {
  type DescribedGroupInput,
  type DescribeGroupsRequest,
  type DescribeGroupsResponseInput,
  describeGroupsApi,
} from '../../wire/gen/describe-groups.ts'
import { GROUP_OPERATIONS, OPERATIONS_NOT_ASKED } from './authorized-operations.ts'
import { type ApiContext, type Handler, serve } from './handler.ts'
import { told } from './messages.ts'
import { inGroups } from './turns.ts'

const GROUPS_AT_ONCE = 100

export const handleDescribeGroups: Handler<DescribeGroupsRequest, DescribeGroupsResponseInput> = async (
  context,
  request,
) => {
  // A group that is named twice is described once: otherwise a small request would make a huge reply.
  const distinct = [...new Set(request.groups)]
  const groups = await inGroups(distinct, GROUPS_AT_ONCE, groupId => describe(context, request, groupId))
  return { body: { groups } }
}

export const describeGroups = serve(describeGroupsApi, handleDescribeGroups)

async function describe(
  { services, apiVersion }: ApiContext,
  request: DescribeGroupsRequest,
  groupId: string,
): Promise<DescribedGroupInput> {
  const authorizedOperations = request.includeAuthorizedOperations ? GROUP_OPERATIONS : OPERATIONS_NOT_ASKED
  const read = await services.groups.read(groupId, group => describeGroup(group, groupId, apiVersion))
  if (read.error !== 'NONE') {
    const nothing = { groupState: '', protocolType: '', protocolData: '', members: [] }
    return { errorCode: errorCodeOf(read.error), groupId, ...nothing, authorizedOperations }
  }
  const { error, message, ...described } = read.value
  return { errorCode: errorCodeOf(error), errorMessage: told(message), groupId, ...described, authorizedOperations }
}
