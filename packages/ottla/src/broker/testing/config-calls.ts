/** For tests: the requests that read and change configs, each with what matters to the test. */
import assert from 'node:assert/strict'
import { errorNameOf } from '../../spec/errors.ts'
import { type DescribeConfigsResult, describeConfigsApi } from '../../wire/gen/describe-configs.ts'
import { incrementalAlterConfigsApi } from '../../wire/gen/incremental-alter-configs.ts'
import type { RawPeer } from './raw-peer.ts'

/** As requests number them. */
export const Resource = { topic: 2, broker: 4 } as const
export const Operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const

export interface ConfigPlace {
  readonly type: number
  readonly name: string
}

export const topicConfigs = (name: string): ConfigPlace => ({ type: Resource.topic, name })
/** The empty name stands for all brokers. */
export const brokerConfigs = (name: string): ConfigPlace => ({ type: Resource.broker, name })

export type Change = readonly [key: string, operation: keyof typeof Operation | number, value?: string | null]

/** What became of it, as `ERROR message`, or just the error's name. */
export async function alter(
  peer: RawPeer,
  { type, name }: ConfigPlace,
  changes: readonly Change[],
  options: { readonly validateOnly?: boolean; readonly version?: number } = {},
): Promise<string> {
  const { validateOnly = false, version = 1 } = options
  const configs = changes.map(([key, operation, value = null]) => ({
    name: key,
    configOperation: typeof operation === 'number' ? operation : Operation[operation],
    value,
  }))
  const resources = [{ resourceType: type, resourceName: name, configs }]
  const { responses } = await peer.request(incrementalAlterConfigsApi, version, { resources, validateOnly })
  assert.deepEqual(
    responses.map(({ resourceType, resourceName }) => ({ type: resourceType, name: resourceName })),
    [{ type, name }],
  )
  return outcomeOf(responses[0])
}

/** Sets keys, which must succeed. */
export async function setConfigs(
  peer: RawPeer,
  place: ConfigPlace,
  configs: Readonly<Record<string, string>>,
): Promise<void> {
  const changes = Object.entries(configs).map(([key, value]): Change => [key, 'set', value])
  assert.equal(await alter(peer, place, changes), 'NONE')
}

export function outcomeOf(
  answer: { readonly errorCode: number; readonly errorMessage: string | null } | undefined,
): string {
  assert.ok(answer !== undefined, 'there is an answer')
  const error = errorNameOf(answer.errorCode)
  assert.ok(error !== null, `error ${answer.errorCode} is known`)
  return answer.errorMessage === null ? error : `${error} ${answer.errorMessage}`
}

export async function describeConfigs(
  peer: RawPeer,
  { type, name }: ConfigPlace,
  keys: readonly string[] | null = null,
): Promise<DescribeConfigsResult> {
  const resources = [{ resourceType: type, resourceName: name, configurationKeys: keys }]
  const request = { resources, includeSynonyms: true, includeDocumentation: true }
  const [result] = (await peer.request(describeConfigsApi, 4, request)).results
  assert.ok(result !== undefined)
  return result
}

/** Value and source of one key, which must be there. */
export async function configOf(peer: RawPeer, place: ConfigPlace, key: string): Promise<[string | null, number]> {
  const [config] = (await describeConfigs(peer, place, [key])).configs
  assert.ok(config !== undefined, `${key} is told`)
  return [config.value, config.configSource]
}
