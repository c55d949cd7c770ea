/**
 * AlterConfigs: what is named is all that is set on a topic, on this broker or on all brokers (the empty name); every
 * other key goes back to its default. Older than IncrementalAlterConfigs, which tools use today. v2 flexible.
 */
import {
  type AlterConfigsRequest,
  type AlterConfigsResponseInput,
  alterConfigsApi,
} from '../../wire/gen/alter-configs.ts'
import { alterConfigs as answerChanges } from './config-changes.ts'
import { type Handler, serve } from './handler.ts'

export const handleAlterConfigs: Handler<AlterConfigsRequest, AlterConfigsResponseInput> = async (context, request) => {
  const { validateOnly } = request
  const asked = request.resources.map(({ resourceType, resourceName, configs }) => ({
    resourceType,
    resourceName,
    changes: configs.map(({ name, value }) => ({ name, value, operation: 'set' as const })),
  }))
  return { body: { responses: await answerChanges(context, asked, { replaceAll: true, validateOnly }) } }
}

export const alterConfigs = serve(alterConfigsApi, handleAlterConfigs)
