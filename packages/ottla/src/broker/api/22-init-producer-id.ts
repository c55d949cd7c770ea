/**
 * InitProducerId: a producer id for an idempotent producer: new, epoch 0, whatever the producer had before (v3 sends it).
 * With a transactional id the request is for a transaction coordinator, which this broker is not: refused with 42.
 */
import { ControllerUnavailable } from '../../runtime/services.ts'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import {
  type InitProducerIdRequest,
  type InitProducerIdResponseInput,
  initProducerIdApi,
} from '../../wire/gen/init-producer-id.ts'
import { type Handler, type Reply, serve } from './handler.ts'

export const handleInitProducerId: Handler<InitProducerIdRequest, InitProducerIdResponseInput> = async (
  { services },
  request,
) => {
  if (request.transactionalId !== null) return refuse('INVALID_REQUEST')
  try {
    return { body: { producerId: await services.nextProducerId(), producerEpoch: 0 } }
  } catch (error) {
    if (!(error instanceof ControllerUnavailable)) throw error
    return refuse('COORDINATOR_LOAD_IN_PROGRESS')
  }
}

export const initProducerId = serve(initProducerIdApi, handleInitProducerId)

function refuse(error: WireErrorName): Reply<InitProducerIdResponseInput> {
  return { body: { errorCode: errorCodeOf(error), producerId: -1n, producerEpoch: -1 } }
}
