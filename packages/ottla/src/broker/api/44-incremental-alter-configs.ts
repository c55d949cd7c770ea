/**
 * IncrementalAlterConfigs: keys of a topic, of this broker or of all brokers (the empty name) are set (0), deleted (1),
 * and those that hold a list extended (2) or shortened (3). v1 flexible.
 */
import type { ConfigChange, ConfigOperation } from '../../core/controller/commands.ts'
import {
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsResource,
  type IncrementalAlterConfigsResponseInput,
  incrementalAlterConfigsApi,
} from '../../wire/gen/incremental-alter-configs.ts'
import { alterConfigs } from './config-changes.ts'
import { type Handler, serve } from './handler.ts'

/** By their numbers. */
const operations: readonly ConfigOperation[] = ['set', 'delete', 'append', 'subtract']

export const handleIncrementalAlterConfigs: Handler<
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponseInput
> = async (context, request) => {
  const { validateOnly } = request
  const asked = request.resources.map(resource => ({
    resourceType: resource.resourceType,
    resourceName: resource.resourceName,
    changes: changesOf(resource),
  }))
  return { body: { responses: await alterConfigs(context, asked, { replaceAll: false, validateOnly }) } }
}

export const incrementalAlterConfigs = serve(incrementalAlterConfigsApi, handleIncrementalAlterConfigs)

/** Null when an operation is none that there is. */
function changesOf({ configs }: IncrementalAlterConfigsResource): ConfigChange['changes'] | null {
  const changes = configs.flatMap(({ name, configOperation, value }) => {
    const operation = operations[configOperation]
    return operation === undefined ? [] : { name, operation, value }
  })
  return changes.length === configs.length ? changes : null
}
