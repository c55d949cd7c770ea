/**
 * FindCoordinator: which broker keeps a group, which is the leader of its partition of __consumer_offsets. The topic is
 * made when it is missing. Until there is a leader that the client can reach and that has the partition, which it has not
 * when its log directory failed: 15. v1 key types and messages, v3 flexible,
 * v4 many keys at once, v6 share groups.
 *
 * Transactions have no coordinator yet: 15 as well, because librdkafka hands an error that is not to be tried again to the
 * application. Key types that nobody knows, and share groups, which this broker does not keep: 42.
 */
import { coordinatorPartition, GROUP_OFFSETS_TOPIC } from '../../core/group/coordinator-partition.ts'
import { isAlive, type MetadataImage, topicByName } from '../../core/metadata/image.ts'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import {
  type FindCoordinatorRequest,
  type FindCoordinatorResponseInput,
  findCoordinatorApi,
} from '../../wire/gen/find-coordinator.ts'
import { endpointOf } from './endpoints.ts'
import { type ApiContext, type Handler, serve } from './handler.ts'
import { told } from './messages.ts'
import { ensureOffsetsTopic } from './offsets-topic.ts'

const MANY_KEYS_SINCE = 4
const KeyType = { group: 0, transaction: 1 } as const

/** One answer, without the key. */
interface Found {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

export const handleFindCoordinator: Handler<FindCoordinatorRequest, FindCoordinatorResponseInput> = async (
  context,
  request,
) => {
  const isMany = context.apiVersion >= MANY_KEYS_SINCE
  // The request is read before the first wait.
  const keys = isMany ? [...request.coordinatorKeys] : [request.key]
  const find = await finderFor(context, request.keyType)
  if (isMany) return { body: { coordinators: keys.map(key => ({ ...find(key), key })) } }
  return { body: find(keys[0] ?? '') }
}

export const findCoordinator = serve(findCoordinatorApi, handleFindCoordinator)

async function finderFor(context: ApiContext, keyType: number): Promise<(key: string) => Found> {
  if (keyType === KeyType.transaction) {
    return () => notFound('COORDINATOR_NOT_AVAILABLE', 'this broker serves no transactions yet')
  }
  if (keyType !== KeyType.group) return () => notFound('INVALID_REQUEST', `there are no keys of type ${keyType} here`)
  const problem = await ensureOffsetsTopic(context.services)
  if (problem !== null) return () => notFound('COORDINATOR_NOT_AVAILABLE', problem)
  const image = context.services.image()
  return key => findGroup(context, image, key)
}

function findGroup({ listener, services }: ApiContext, image: MetadataImage, groupId: string): Found {
  const topic = topicByName(image, GROUP_OFFSETS_TOPIC)
  if (topic === null) return notFound('COORDINATOR_NOT_AVAILABLE', `${GROUP_OFFSETS_TOPIC} was deleted just now`)
  const partition = coordinatorPartition(groupId, topic.partitions.length)
  const leader = image.brokers.get(topic.partitions[partition]?.leader ?? -1)
  const isLostHere = leader?.id === services.nodeId && services.partitions.isOffline(topic.id, partition)
  if (leader === undefined || isLostHere || !isAlive(image, leader.id)) {
    return notFound('COORDINATOR_NOT_AVAILABLE', `nobody leads ${GROUP_OFFSETS_TOPIC}-${partition}`)
  }
  const endpoint = endpointOf(leader, listener)
  if (endpoint === null) {
    return notFound('COORDINATOR_NOT_AVAILABLE', `broker ${leader.id} is not reached by listener ${listener}`)
  }
  return { errorCode: 0, errorMessage: null, nodeId: leader.id, host: endpoint.host, port: endpoint.port }
}

function notFound(error: WireErrorName, message: string): Found {
  return { errorCode: errorCodeOf(error), errorMessage: told(message), nodeId: -1, host: '', port: -1 }
}
