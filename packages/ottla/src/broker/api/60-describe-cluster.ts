/**
 * DescribeCluster: the brokers as clients of this listener reach them. v1 says which kind of endpoint is asked for:
 * brokers (1) are described; controllers (2) have no listener of their own here, so that is refused with 114, and any
 * other kind with 115. v2 includes brokers that are fenced.
 */
import { brokersById } from '../../core/metadata/image.ts'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import {
  type DescribeClusterRequest,
  type DescribeClusterResponseInput,
  describeClusterApi,
} from '../../wire/gen/describe-cluster.ts'
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED } from './authorized-operations.ts'
import { endpointOf } from './endpoints.ts'
import { type ApiContext, type Handler, type Reply, serve } from './handler.ts'

const EndpointType = { brokers: 1, controllers: 2 } as const

export const handleDescribeCluster: Handler<DescribeClusterRequest, DescribeClusterResponseInput> = (
  context,
  request,
) => {
  const { endpointType } = request
  if (endpointType === EndpointType.controllers) {
    return refuse(context, request, { error: 'MISMATCHED_ENDPOINT_TYPE', message: 'this is a listener of brokers' })
  }
  if (endpointType !== EndpointType.brokers) {
    return refuse(context, request, { error: 'UNSUPPORTED_ENDPOINT_TYPE', message: `no endpoint type ${endpointType}` })
  }
  return {
    body: {
      endpointType,
      clusterId: context.services.clusterId,
      controllerId: context.services.nodeId,
      brokers: brokersById(context.services.image()).flatMap(broker => {
        const endpoint = endpointOf(broker, context.listener)
        if (endpoint === null || (broker.fenced && !request.includeFencedBrokers)) return []
        const { host, port } = endpoint
        return { brokerId: broker.id, host, port, rack: broker.rack, isFenced: broker.fenced }
      }),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? CLUSTER_OPERATIONS
        : OPERATIONS_NOT_ASKED,
    },
  }
}

export const describeCluster = serve(describeClusterApi, handleDescribeCluster)

function refuse(
  context: ApiContext,
  request: DescribeClusterRequest,
  refusal: { readonly error: WireErrorName; readonly message: string },
): Reply<DescribeClusterResponseInput> {
  const { clusterId } = context.services
  return {
    body: {
      errorCode: errorCodeOf(refusal.error),
      errorMessage: refusal.message,
      endpointType: request.endpointType,
      clusterId,
      brokers: [],
    },
  }
}
