/**
 * CreatePartitions: topics get more partitions, never fewer; where they go is placed by the controller or by hand. The
 * reply leaves when this broker serves them, so that whoever reads metadata after it finds them. Every version asks and
 * answers the same; v2 flexible.
 */
import { ControllerUnavailable } from '../../runtime/services.ts'
import { errorCodeOf } from '../../spec/errors.ts'
import {
  type CreatePartitionsRequest,
  type CreatePartitionsResponseInput,
  type CreatePartitionsTopic,
  createPartitionsApi,
} from '../../wire/gen/create-partitions.ts'
import { type Handler, serve } from './handler.ts'
import { told } from './messages.ts'

export const handleCreatePartitions: Handler<CreatePartitionsRequest, CreatePartitionsResponseInput> = async (
  { services },
  request,
) => {
  try {
    const grown = await services.submit({
      type: 'createPartitions',
      topics: request.topics.map(wanted),
      validateOnly: request.validateOnly,
      placement: services.random.u32(),
    })
    const results = grown.map(({ name, error, message }) => ({
      name,
      errorCode: errorCodeOf(error),
      errorMessage: told(message),
    }))
    return { body: { results } }
  } catch (error) {
    if (!(error instanceof ControllerUnavailable)) throw error
    const answer = { errorCode: errorCodeOf('NOT_CONTROLLER'), errorMessage: told(error.message) }
    return { body: { results: request.topics.map(({ name }) => ({ name, ...answer })) } }
  }
}

export const createPartitions = serve(createPartitionsApi, handleCreatePartitions)

function wanted({ name, count, assignments }: CreatePartitionsTopic) {
  return { name, count, assignments: assignments === null ? null : assignments.map(each => each.brokerIds) }
}
