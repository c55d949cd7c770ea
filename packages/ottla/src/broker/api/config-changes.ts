/**
 * What AlterConfigs and IncrementalAlterConfigs have in common: resources are changed independently, each change is
 * decided by the controller and answered when this broker lives by it. Checked here is only what concerns the request
 * and who was asked. Source: which error and which words, as Kafka 4.3 answers.
 */
import type { AlteredConfig, ConfigChange } from '../../core/controller/commands.ts'
import { ALL_BROKERS } from '../../core/metadata/broker-config.ts'
import { ConfigResource, type ConfigResourceType } from '../../core/metadata/image.ts'
import { ControllerUnavailable } from '../../runtime/services.ts'
import { errorText } from '../../spec/config/text.ts'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import type { ApiContext } from './handler.ts'
import { told } from './messages.ts'

/** Resources that are decided at once: each costs some microseconds, and others want their turn. */
const RESOURCES_AT_ONCE = 100

/** A resource as a request names it, and what shall become of it. */
export interface AskedChange {
  readonly resourceType: number
  readonly resourceName: string
  /** Null: some operation is none that there is. */
  readonly changes: ConfigChange['changes'] | null
}

export interface AlterOptions {
  readonly replaceAll: boolean
  readonly validateOnly: boolean
}

export interface ConfigChangeAnswer {
  readonly resourceType: number
  readonly resourceName: string
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** Answers in the order of the request. */
export async function alterConfigs(
  context: ApiContext,
  asked: readonly AskedChange[],
  options: AlterOptions,
): Promise<ConfigChangeAnswer[]> {
  const times = new Map<string, number>()
  for (const each of asked) times.set(keyOf(each), (times.get(keyOf(each)) ?? 0) + 1)
  const answers = new Map<string, ConfigChangeAnswer>()
  const changes: ConfigChange[] = []
  for (const each of asked) {
    const checked =
      times.get(keyOf(each)) === 1
        ? checkResource(context, each, options)
        : refusal('INVALID_REQUEST', 'Each resource must appear at most once.')
    if ('error' in checked) answers.set(keyOf(each), answer(each, checked))
    else changes.push(checked)
  }
  for (let from = 0; from < changes.length; from += RESOURCES_AT_ONCE) {
    const resources = changes.slice(from, from + RESOURCES_AT_ONCE)
    for (const altered of await submit(context, resources, options))
      answers.set(keyOf(altered), answer(altered, altered))
  }
  return asked.flatMap(each => answers.get(keyOf(each)) ?? [])
}

interface Refusal {
  readonly error: WireErrorName
  readonly message: string | null
}

function refusal(error: WireErrorName, message: string): Refusal {
  return { error, message }
}

function keyOf({
  resourceType,
  resourceName,
}: {
  readonly resourceType: number
  readonly resourceName: string
}): string {
  return `${resourceType}/${resourceName}`
}

function answer(
  { resourceType, resourceName }: { readonly resourceType: number; readonly resourceName: string },
  { error, message }: Refusal,
): ConfigChangeAnswer {
  return { resourceType, resourceName, errorCode: errorCodeOf(error), errorMessage: told(message) }
}

/** One broker's configs are changed through that broker, as clients do it: it is the one to say what it can take. */
function checkResource({ services }: ApiContext, asked: AskedChange, options: AlterOptions): ConfigChange | Refusal {
  const { resourceType, resourceName, changes } = asked
  if (!isConfigurable(resourceType)) return refusal('INVALID_REQUEST', `Unknown resource type ${resourceType}`)
  const isOneBroker = resourceType === ConfigResource.broker && resourceName !== ALL_BROKERS
  if (isOneBroker && resourceName !== String(services.nodeId)) {
    const message = /^-?\d{1,10}$/.test(resourceName)
      ? `Unexpected broker id, expected ${services.nodeId}, but received ${resourceName}`
      : `Node id must be an integer, but it is: ${errorText(resourceName)}`
    return refusal('INVALID_REQUEST', message)
  }
  if (changes === null)
    return refusal('INVALID_REQUEST', 'Unknown operation type: 0 sets, 1 deletes, 2 appends, 3 subtracts')
  return { resourceType, resourceName, changes, replaceAll: options.replaceAll }
}

function isConfigurable(type: number): type is ConfigResourceType {
  return type === ConfigResource.topic || type === ConfigResource.broker
}

async function submit(
  { services }: ApiContext,
  resources: readonly ConfigChange[],
  { validateOnly }: AlterOptions,
): Promise<readonly AlteredConfig[]> {
  try {
    return await services.submit({ type: 'alterConfigs', resources, validateOnly })
  } catch (error) {
    if (!(error instanceof ControllerUnavailable)) throw error
    const outcome = { error: 'NOT_CONTROLLER', message: error.message } as const
    return resources.map(({ resourceType, resourceName }) => ({ resourceType, resourceName, ...outcome }))
  }
}
