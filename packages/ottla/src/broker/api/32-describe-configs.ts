/**
 * DescribeConfigs: what is in force for a topic or for this broker, where each value comes from, and what it would be
 * without that. v1 sources and synonyms, v3 types and documentation, v4 flexible.
 *
 * - A topic that is not there: 3; a name that no topic can have: 17. Another broker, or a kind of resource that has no
 *   configs here: 42. The empty broker name stands for settings of all brokers together: there are none.
 * - A null list of keys asks for all; keys that do not exist are left out of the answer. A resource that is named twice
 *   is described once: otherwise a small request would make a huge reply.
 * - Broker keys are read from its own configuration at the start, so they are read-only here.
 */
import { ConfigResource, overridesOf, topicByName } from '../../core/metadata/image.ts'
import { topicNameProblem } from '../../core/metadata/names.ts'
import { nextTurn } from '../../runtime/turns.ts'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import {
  type DescribeConfigsConfigInput,
  type DescribeConfigsRequest,
  type DescribeConfigsResource,
  type DescribeConfigsResponseInput,
  type DescribeConfigsResultInput,
  describeConfigsApi,
} from '../../wire/gen/describe-configs.ts'
import { brokerEntries, type ConfigEntry, topicEntries } from './config-entries.ts'
import { type ApiContext, type Handler, serve } from './handler.ts'
import { told } from './messages.ts'

const RESOURCES_PER_TURN = 50
/** Numbers of the types of values. */
const ConfigType = { boolean: 1, string: 2, int: 3, long: 5, double: 6, list: 7 } as const

export const handleDescribeConfigs: Handler<DescribeConfigsRequest, DescribeConfigsResponseInput> = async (
  context,
  request,
) => {
  const distinct = new Map(request.resources.map(each => [`${each.resourceType}/${each.resourceName}`, each]))
  const results: DescribeConfigsResultInput[] = []
  for (const resource of distinct.values()) {
    results.push(describe(context, request, resource))
    if (results.length % RESOURCES_PER_TURN === 0) await nextTurn(context.services.clock)
  }
  return { body: { results } }
}

export const describeConfigs = serve(describeConfigsApi, handleDescribeConfigs)

function describe(
  context: ApiContext,
  request: DescribeConfigsRequest,
  resource: DescribeConfigsResource,
): DescribeConfigsResultInput {
  const { resourceType, resourceName, configurationKeys } = resource
  const found = entriesOf(context, resource)
  if ('error' in found) {
    const { error, message } = found
    return { errorCode: errorCodeOf(error), errorMessage: told(message), resourceType, resourceName, configs: [] }
  }
  const wanted = configurationKeys === null ? null : new Set(configurationKeys)
  const configs = found.entries
    .filter(entry => wanted === null || wanted.has(entry.name))
    .map(entry => configOf(request, entry))
  return { resourceType, resourceName, configs }
}

type Found = { readonly entries: readonly ConfigEntry[] } | { readonly error: WireErrorName; readonly message: string }

function entriesOf(context: ApiContext, { resourceType, resourceName }: DescribeConfigsResource): Found {
  switch (resourceType) {
    case ConfigResource.topic:
      return topicEntriesOf(context, resourceName)
    case ConfigResource.broker:
      return brokerEntriesOf(context, resourceName)
    default:
      return { error: 'INVALID_REQUEST', message: `resources of type ${resourceType} have no configs here` }
  }
}

function topicEntriesOf({ services }: ApiContext, name: string): Found {
  const problem = topicNameProblem(name)
  if (problem !== null) return { error: 'INVALID_TOPIC_EXCEPTION', message: `this can be no topic's name: ${problem}` }
  const image = services.image()
  const topic = topicByName(image, name)
  if (topic === null) return { error: 'UNKNOWN_TOPIC_OR_PARTITION', message: `there is no topic ${name}` }
  const overrides = overridesOf(image, ConfigResource.topic, name)
  return { entries: topicEntries(services.config, overrides, topic.partitions[0]?.replicas.length ?? 1) }
}

function brokerEntriesOf({ services }: ApiContext, name: string): Found {
  if (name === '') return { entries: [] }
  if (name === String(services.nodeId)) return { entries: brokerEntries(services.config) }
  return { error: 'INVALID_REQUEST', message: `this is broker ${services.nodeId}; ask the broker that is meant` }
}

function configOf(request: DescribeConfigsRequest, entry: ConfigEntry): DescribeConfigsConfigInput {
  return {
    name: entry.name,
    value: entry.value,
    readOnly: entry.readOnly,
    configSource: entry.source,
    isSensitive: false,
    configType: ConfigType[entry.type],
    ...(request.includeSynonyms ? { synonyms: entry.synonyms } : {}),
    ...(request.includeDocumentation ? { documentation: entry.doc } : {}),
  }
}
