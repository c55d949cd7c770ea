/**
 * What a client knows of the cluster: brokers, topics and who leads which partition, as the last Metadata reply told it;
 * and the way to a broker. Refreshed when somebody finds that it is out of date, never by itself. Source: KIP-4, KIP-516.
 */

import type { BrokerId, LeaderEpoch, Millis, PartitionIndex } from '../base/units.ts'
import { type Uuid, ZERO_UUID } from '../base/uuid.ts'
import type { NetAddress } from '../ports/net.ts'
import type { Random } from '../ports/random.ts'
import type { Api } from '../wire/api.ts'
import { type MetadataResponse, type MetadataTopicResponse, metadataApi } from '../wire/gen/metadata.ts'
import { Backoff } from './backoff.ts'
import type { ClientEnv, Connection, ConnectOptions } from './connection.ts'
import { ConnectionError } from './connection-error.ts'
import { Connections } from './connections.ts'
import { refuseError, WireFailure } from './wire-failure.ts'

export interface ClusterEnv extends ClientEnv {
  readonly random: Random
}

export interface ClusterOptions extends ConnectOptions {
  /** Brokers to ask first, at least one; they tell the others. */
  readonly bootstrap: readonly NetAddress[]
  /** How long requests are sent again after failures that may pass. */
  readonly retryForMs?: Millis
}

export interface PartitionLeader {
  readonly partition: PartitionIndex
  /** -1: nobody leads it now. */
  readonly leader: BrokerId
  readonly leaderEpoch: LeaderEpoch
  readonly replicas: readonly BrokerId[]
  readonly isr: readonly BrokerId[]
}

export interface TopicInfo {
  readonly name: string
  /** ZERO_UUID from brokers that do not know topic ids. */
  readonly topicId: Uuid
  readonly isInternal: boolean
  /** In order, from 0. */
  readonly partitions: readonly PartitionLeader[]
}

export interface LeaderAddress {
  readonly address: NetAddress
  readonly leaderEpoch: LeaderEpoch
  readonly topicId: Uuid
}

const RETRY_FOR_MS = 60_000

export class Cluster {
  readonly env: ClusterEnv
  readonly retryForMs: Millis
  readonly connections: Connections
  readonly #bootstrap: readonly NetAddress[]
  #brokers: ReadonlyMap<BrokerId, NetAddress> = new Map()
  #controllerId: BrokerId = -1
  readonly #topics = new Map<string, TopicInfo>()
  /** Questions that are out: many may find at once that they need to ask the same. */
  readonly #asking = new Map<string, Promise<TopicInfo>>()

  constructor(env: ClusterEnv, options: ClusterOptions) {
    this.env = env
    this.retryForMs = options.retryForMs ?? RETRY_FOR_MS
    this.connections = new Connections(env, options)
    this.#bootstrap = options.bootstrap
  }

  /** Connects to any broker, without retrying: for those who want to know at once that nobody is there. */
  async reach(): Promise<void> {
    await this.#any()
  }

  /** The topic as last told; asked for when not known. `create`: the broker may make it if it is not there. */
  async topic(name: string, options: { readonly create?: boolean } = {}): Promise<TopicInfo> {
    return this.#topics.get(name) ?? this.#retrying(() => this.refresh(name, options))
  }

  /** Asks anew, once. Rejects with a WireFailure or ConnectionError. */
  refresh(name: string, options: { readonly create?: boolean } = {}): Promise<TopicInfo> {
    const create = options.create ?? false
    const question = create ? `${name} or a new one` : name
    const asked = this.#asking.get(question)
    if (asked !== undefined) return asked
    const asking = this.#askTopic(name, create).finally(() => this.#asking.delete(question))
    this.#asking.set(question, asking)
    return asking
  }

  /** What is known of a topic is out of date: the next who needs it asks. */
  forget(name: string): void {
    this.#topics.delete(name)
  }

  /** All topics there are. */
  async topics(): Promise<readonly TopicInfo[]> {
    const response = await this.#retrying(() => this.#askMetadata(null, false))
    const sound = response.topics.filter(topic => topic.errorCode === 0 && topic.name !== null)
    return sound.map(topic => this.#learn(topic)).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Where the partition's leader is reached, as last told. Does not retry; a WireFailure when nobody leads it. */
  async leader(name: string, partition: PartitionIndex): Promise<LeaderAddress> {
    const topic = this.#topics.get(name) ?? (await this.refresh(name))
    const what = `cannot reach the leader of ${name}-${partition}`
    const found = topic.partitions[partition]
    if (found === undefined) throw new WireFailure('UNKNOWN_TOPIC_OR_PARTITION', what)
    const address = this.#brokers.get(found.leader)
    if (address === undefined) throw new WireFailure('LEADER_NOT_AVAILABLE', what)
    return { leaderEpoch: found.leaderEpoch, topicId: topic.topicId, address }
  }

  /** Sends to any broker that answers, again after failures that may pass. The reply's own error codes are the caller's. */
  ask<Q, QI, R, RI>(api: Api<Q, QI, R, RI>, body: QI, options: { readonly timeoutMs?: Millis } = {}): Promise<R> {
    return this.#retrying(async () => (await this.#any()).request(api, body, options))
  }

  /** Sends to the broker that decides for the cluster. */
  askController<Q, QI, R, RI>(
    api: Api<Q, QI, R, RI>,
    body: QI,
    options: { readonly timeoutMs?: Millis } = {},
  ): Promise<R> {
    return this.#retrying(async () => {
      if (this.#brokers.size === 0) await this.#askMetadata([], false)
      const address = this.#brokers.get(this.#controllerId)
      const connection = await (address === undefined ? this.#any() : this.connections.to(address))
      return connection.request(api, body, options)
    })
  }

  /** Sends to one broker and no other: what it answers is about itself. A WireFailure when it is not there. */
  askBroker<Q, QI, R, RI>(
    brokerId: BrokerId,
    api: Api<Q, QI, R, RI>,
    body: QI,
    options: { readonly timeoutMs?: Millis } = {},
  ): Promise<R> {
    return this.#retrying(async () => {
      if (!this.#brokers.has(brokerId)) await this.#askMetadata([], false)
      const address = this.#brokers.get(brokerId)
      if (address === undefined) {
        const detail = `the brokers are ${[...this.#brokers.keys()].sort((a, b) => a - b).join(', ')}`
        throw new WireFailure('BROKER_ID_NOT_REGISTERED', `there is no broker ${brokerId}`, detail)
      }
      return (await this.connections.to(address)).request(api, body, options)
    })
  }

  close(): void {
    this.connections.close()
  }

  async #askTopic(name: string, create: boolean): Promise<TopicInfo> {
    this.#topics.delete(name)
    const response = await this.#askMetadata([name], create)
    const topic = response.topics.find(each => each.name === name)
    const what = `cannot use topic ${name}`
    if (topic === undefined) throw new WireFailure('UNKNOWN_TOPIC_OR_PARTITION', what)
    refuseError(topic.errorCode, what)
    return this.#learn(topic)
  }

  async #askMetadata(names: readonly string[] | null, create: boolean): Promise<MetadataResponse> {
    const connection = await this.#any()
    const response = await connection.request(metadataApi, {
      topics: names === null ? null : names.map(name => ({ name })),
      allowAutoTopicCreation: create,
    })
    refuseError(response.errorCode, 'cannot read the metadata')
    this.#brokers = new Map(response.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]))
    this.#controllerId = response.controllerId
    return response
  }

  #learn(topic: MetadataTopicResponse): TopicInfo {
    const partitions = [...topic.partitions].sort((a, b) => a.partitionIndex - b.partitionIndex)
    const info: TopicInfo = {
      name: topic.name ?? '',
      topicId: topic.topicId ?? ZERO_UUID,
      isInternal: topic.isInternal,
      partitions: partitions.map(each => ({
        partition: each.partitionIndex,
        leader: each.leaderId,
        leaderEpoch: each.leaderEpoch,
        replicas: each.replicaNodes,
        isr: each.isrNodes,
      })),
    }
    this.#topics.set(info.name, info)
    return info
  }

  /** A connection to whoever answers first, in order: brokers we were told of may be gone, so bootstrap comes after. */
  async #any(): Promise<Connection> {
    let last: ConnectionError | null = null
    for (const address of [...this.#brokers.values(), ...this.#bootstrap]) {
      try {
        return await this.connections.to(address)
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error
        last = error
      }
    }
    throw last ?? new Error('a cluster has at least one bootstrap address')
  }

  async #retrying<T>(attempt: () => Promise<T>): Promise<T> {
    const giveUpAtMs = this.env.clock.monoMs() + this.retryForMs
    const backoff = new Backoff(this.env)
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        if (!mayPass(error) || this.env.clock.monoMs() >= giveUpAtMs) throw error
      }
      await backoff.pause()
    }
  }
}

/** Whether the same may succeed a little later. */
export function mayPass(error: unknown): error is WireFailure | ConnectionError {
  return (error instanceof WireFailure || error instanceof ConnectionError) && error.retriable
}
