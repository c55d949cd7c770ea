/** Reading and changing configs of topics and brokers. Source: KIP-133, KIP-226, KIP-339. */
import type { BrokerId } from '../base/units.ts'
import { describeConfigsApi } from '../wire/gen/describe-configs.ts'
import { incrementalAlterConfigsApi } from '../wire/gen/incremental-alter-configs.ts'
import type { Cluster } from './cluster.ts'
import { refuseError, WireFailure } from './wire-failure.ts'

/** Whose configs: of a topic, of one broker, or of all brokers together. */
export type ConfigOwner =
  | { readonly kind: 'topic'; readonly name: string }
  | { readonly kind: 'broker'; readonly brokerId: BrokerId }
  | { readonly kind: 'all-brokers' }

/** Where a value comes from; `start` is what a broker was started with. */
export type ConfigOrigin = 'topic' | 'broker' | 'all-brokers' | 'start' | 'default' | 'other'

export interface ConfigValue {
  readonly key: string
  /** Null: not shown. */
  readonly value: string | null
  readonly origin: ConfigOrigin
}

export interface ConfigEntry extends ConfigValue {
  readonly readOnly: boolean
  /** In force first, then what would be without it; none from brokers that do not say. */
  readonly synonyms: readonly ConfigValue[]
}

export interface ConfigEdit {
  readonly key: string
  /** `append` and `subtract` are for keys that hold a list. */
  readonly operation: 'set' | 'delete' | 'append' | 'subtract'
  /** Null with `delete`. */
  readonly value: string | null
}

const ResourceType = { topic: 2, broker: 4 } as const
const operationNumbers = { set: 0, delete: 1, append: 2, subtract: 3 } as const
/** By number: ConfigSource of Kafka's admin protocol. */
const origins: readonly ConfigOrigin[] = ['other', 'topic', 'broker', 'all-brokers', 'start', 'default']

/** All configs of the owner by key, or those of `keys` that there are. Rejects with a WireFailure or ConnectionError. */
export async function configsOf(
  cluster: Cluster,
  owner: ConfigOwner,
  keys: readonly string[] | null = null,
): Promise<readonly ConfigEntry[]> {
  const body = { resources: [{ ...resourceOf(owner), configurationKeys: keys }], includeSynonyms: true }
  const response =
    owner.kind === 'broker'
      ? await cluster.askBroker(owner.brokerId, describeConfigsApi, body)
      : await cluster.ask(describeConfigsApi, body)
  const what = `cannot read the configs of ${nameOf(owner)}`
  const [result] = response.results
  if (result === undefined) throw new WireFailure('UNKNOWN_SERVER_ERROR', what, 'the reply is empty')
  refuseError(result.errorCode, what, result.errorMessage)
  return result.configs
    .map(({ name, value, configSource, readOnly, synonyms }) => ({
      key: name,
      value,
      origin: originOf(configSource),
      readOnly,
      synonyms: synonyms.map(each => ({ key: each.name, value: each.value, origin: originOf(each.source) })),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** All edits or none. `validateOnly`: everything is checked, nothing changes. Rejects with a WireFailure or ConnectionError. */
export async function editConfigs(
  cluster: Cluster,
  owner: ConfigOwner,
  edits: readonly ConfigEdit[],
  options: { readonly validateOnly?: boolean } = {},
): Promise<void> {
  const configs = edits.map(({ key, operation, value }) => ({
    name: key,
    configOperation: operationNumbers[operation],
    value,
  }))
  const body = { resources: [{ ...resourceOf(owner), configs }], validateOnly: options.validateOnly ?? false }
  const response =
    owner.kind === 'broker'
      ? await cluster.askBroker(owner.brokerId, incrementalAlterConfigsApi, body)
      : await cluster.askController(incrementalAlterConfigsApi, body)
  const what = `cannot change the configs of ${nameOf(owner)}`
  const [result] = response.responses
  if (result === undefined) throw new WireFailure('UNKNOWN_SERVER_ERROR', what, 'the reply is empty')
  refuseError(result.errorCode, what, result.errorMessage)
}

/** The owner as people call it. */
export function nameOf(owner: ConfigOwner): string {
  if (owner.kind === 'topic') return `topic ${owner.name}`
  return owner.kind === 'broker' ? `broker ${owner.brokerId}` : 'all brokers'
}

function resourceOf(owner: ConfigOwner): { readonly resourceType: number; readonly resourceName: string } {
  if (owner.kind === 'topic') return { resourceType: ResourceType.topic, resourceName: owner.name }
  return { resourceType: ResourceType.broker, resourceName: owner.kind === 'broker' ? String(owner.brokerId) : '' }
}

function originOf(source: number): ConfigOrigin {
  return origins[source] ?? 'other'
}
