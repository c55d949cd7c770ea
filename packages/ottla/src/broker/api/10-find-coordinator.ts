/**
 * FindCoordinator: which broker keeps a group or a transaction. None does yet, so every key is answered with 15, as Apache
 * Kafka does while no coordinator is available, and a sentence. An error that is not to be tried again would be more to
 * the point, but librdkafka, which looks for a coordinator even when partitions are assigned by hand, hands such an error
 * to the application. v1 key types and messages, v3 flexible, v4 many keys at once.
 *
 * It is offered all the same, because librdkafka takes FindCoordinator as the sign that LZ4 is understood (KIP-57) and
 * without it silently sends such batches uncompressed.
 */
import { errorCodeOf } from '../../spec/errors.ts'
import {
  type FindCoordinatorRequest,
  type FindCoordinatorResponseInput,
  findCoordinatorApi,
} from '../../wire/gen/find-coordinator.ts'
import { type Handler, serve } from './handler.ts'

const MANY_KEYS_SINCE = 4
const REFUSAL = {
  errorCode: errorCodeOf('COORDINATOR_NOT_AVAILABLE'),
  errorMessage: 'this broker keeps no groups and no transactions yet: assign partitions by hand',
  nodeId: -1,
  host: '',
  port: -1,
} as const

export const handleFindCoordinator: Handler<FindCoordinatorRequest, FindCoordinatorResponseInput> = (
  context,
  request,
) => {
  if (context.apiVersion < MANY_KEYS_SINCE) return { body: REFUSAL }
  return { body: { coordinators: request.coordinatorKeys.map(key => ({ ...REFUSAL, key })) } }
}

export const findCoordinator = serve(findCoordinatorApi, handleFindCoordinator)
