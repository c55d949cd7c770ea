/**
 * DescribeConfigs: what is in force for a topic or for this broker, where each value comes from, and what it would be
 * without that. v1 sources and synonyms, v3 types and documentation, v4 flexible.
 *
 * - A topic that is not there: 3; a name that no topic can have: 17. Another broker, or a kind of resource that has no
 *   configs here: 42. The empty broker name stands for all brokers together: what was set for them is told, not defaults.
 * - No list of keys, or an empty one, asks for all; keys that do not exist are left out of the answer. A resource that is
 *   named twice is described once: otherwise a small request would make a huge reply.
 * - Secrets are told to be there, without their value.
 */
import type { BrokerId } from '../../base/units.ts'
import { ALL_BROKERS } from '../../core/metadata/broker-config.ts'
import { ConfigResource, type MetadataImage, overridesOf, topicByName } from '../../core/metadata/image.ts'
import { topicNameProblem } from '../../core/metadata/names.ts'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import {
  type DescribeConfigsConfigInput,
  type DescribeConfigsRequest,
  type DescribeConfigsResource,
  type DescribeConfigsResponseInput,
  type DescribeConfigsResultInput,
  describeConfigsApi,
} from '../../wire/gen/describe-configs.ts'
import { ConfigEntries, type ConfigEntry } from './config-entries.ts'
import { type ApiContext, type Handler, serve } from './handler.ts'
import { told } from './messages.ts'
import { nextTurn } from './turns.ts'

const RESOURCES_PER_TURN = 50
/** Numbers of the types of values. */
const ConfigType = { boolean: 1, string: 2, int: 3, long: 5, double: 6, list: 7, password: 9 } as const

export const handleDescribeConfigs: Handler<DescribeConfigsRequest, DescribeConfigsResponseInput> = async (
  context,
  request,
) => {
  const distinct = new Map(request.resources.map(each => [`${each.resourceType}/${each.resourceName}`, each]))
  const results: DescribeConfigsResultInput[] = []
  const image = context.services.image()
  const known = { image, entries: new ConfigEntries(context.services, image) }
  for (const resource of distinct.values()) {
    results.push(describe(context, request, { resource, known }))
    if (results.length % RESOURCES_PER_TURN === 0) await nextTurn(context.services.clock)
  }
  return { body: { results } }
}

export const describeConfigs = serve(describeConfigsApi, handleDescribeConfigs)

/** What a request is answered from: one image, whatever happens meanwhile. */
interface Known {
  readonly image: MetadataImage
  readonly entries: ConfigEntries
}

function describe(
  context: ApiContext,
  request: DescribeConfigsRequest,
  { resource, known }: { readonly resource: DescribeConfigsResource; readonly known: Known },
): DescribeConfigsResultInput {
  const { resourceType, resourceName, configurationKeys } = resource
  const found = entriesOf(context, resource, known)
  if ('error' in found) {
    const { error, message } = found
    return { errorCode: errorCodeOf(error), errorMessage: told(message), resourceType, resourceName, configs: [] }
  }
  const isForAll = configurationKeys === null || configurationKeys.length === 0
  const wanted = isForAll ? null : new Set(configurationKeys)
  const configs = found.entries
    .filter(entry => wanted === null || wanted.has(entry.name))
    .map(entry => configOf(request, entry))
  return { resourceType, resourceName, configs }
}

type Found =
  | { readonly entries: readonly ConfigEntry[] }
  | { readonly error: WireErrorName; readonly message: string | null }

function entriesOf(
  { services }: ApiContext,
  { resourceType, resourceName }: DescribeConfigsResource,
  known: Known,
): Found {
  switch (resourceType) {
    case ConfigResource.topic:
      return entriesOfTopic(resourceName, known)
    case ConfigResource.broker:
      if (resourceName === ALL_BROKERS) return { entries: known.entries.ofAllBrokers() }
      if (resourceName === String(services.nodeId)) return { entries: known.entries.ofBroker() }
      return { error: 'INVALID_REQUEST', message: wrongBroker(resourceName, services.nodeId) }
    default:
      return { error: 'INVALID_REQUEST', message: `Resources of type ${resourceType} have no configs here.` }
  }
}

function entriesOfTopic(name: string, { image, entries }: Known): Found {
  const message = topicNameProblem(name)
  if (message !== null) return { error: 'INVALID_TOPIC_EXCEPTION', message }
  const topic = topicByName(image, name)
  if (topic === null) return { error: 'UNKNOWN_TOPIC_OR_PARTITION', message: null }
  const overrides = overridesOf(image, ConfigResource.topic, name)
  return { entries: entries.ofTopic(overrides, topic.partitions[0]?.replicas.length ?? 1) }
}

function wrongBroker(name: string, nodeId: BrokerId): string {
  return /^-?\d{1,10}$/.test(name)
    ? `Unexpected broker id, expected ${nodeId} or empty string, but received ${name}`
    : `Broker id must be an integer, but it is: ${name}`
}

function configOf(request: DescribeConfigsRequest, entry: ConfigEntry): DescribeConfigsConfigInput {
  return {
    name: entry.name,
    value: entry.value,
    readOnly: entry.readOnly,
    configSource: entry.source,
    isSensitive: entry.isSensitive,
    configType: ConfigType[entry.type],
    ...(request.includeSynonyms ? { synonyms: entry.synonyms } : {}),
    ...(request.includeDocumentation ? { documentation: entry.doc } : {}),
  }
}
