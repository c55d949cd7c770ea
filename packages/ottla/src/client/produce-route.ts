/** One produce request for one partition: where it goes, how it is put, what came of it. */
import type { Millis, Offset } from '../base/units.ts'
import { ZERO_UUID } from '../base/uuid.ts'
import { errorNameOf, type WireErrorName } from '../spec/errors.ts'
import { type ProduceRequestInput, type ProduceResponse, produceApi } from '../wire/gen/produce.ts'
import type { Cluster, LeaderAddress } from './cluster.ts'
import type { Connection } from './connection.ts'

/** The last version in which topics have names. */
const NAMES_VERSION_MAX = 12
/** How much longer than the broker waits for replicas the client waits for the broker. */
const GRACE_MS = 5_000

export type Acks = -1 | 0 | 1

export interface ProduceTarget {
  readonly topic: string
  readonly partition: number
  readonly acks: Acks
  /** How long the broker may wait for replicas. */
  readonly timeoutMs: Millis
}

export interface ProduceAnswer {
  readonly error: WireErrorName
  /** The broker's own words. */
  readonly message: string | null
  readonly baseOffset: Offset
  readonly logAppendTimeMs: Millis
}

export class ProduceRoute {
  readonly #target: ProduceTarget
  readonly #leader: LeaderAddress
  readonly #connection: Connection

  private constructor(target: ProduceTarget, leader: LeaderAddress, connection: Connection) {
    this.#target = target
    this.#leader = leader
    this.#connection = connection
  }

  /** Rejects with a WireFailure or a ConnectionError. */
  static async find(cluster: Cluster, target: ProduceTarget): Promise<ProduceRoute> {
    const leader = await cluster.leader(target.topic, target.partition)
    return new ProduceRoute(target, leader, await cluster.connections.to(leader.address))
  }

  /** Sends at once, in the order of calls. Rejects with a ConnectionError: then nobody knows what came of it. */
  async send(records: Uint8Array): Promise<ProduceAnswer> {
    const { topic, partition, acks, timeoutMs } = this.#target
    const { topicId } = this.#leader
    const body: ProduceRequestInput = {
      acks,
      timeoutMs,
      topicData: [{ name: topic, topicId, partitionData: [{ index: partition, records }] }],
    }
    const known = this.#connection.versionOf(produceApi)
    const version = topicId === ZERO_UUID ? Math.min(known, NAMES_VERSION_MAX) : known
    if (acks === 0) {
      await this.#connection.notify(produceApi, body, { version })
      return { error: 'NONE', message: null, baseOffset: -1, logAppendTimeMs: -1 }
    }
    const response = await this.#connection.request(produceApi, body, { version, timeoutMs: timeoutMs + GRACE_MS })
    return answerOf(response)
  }
}

function answerOf(response: ProduceResponse): ProduceAnswer {
  const answer = response.responses[0]?.partitionResponses[0]
  if (answer === undefined) {
    return { error: 'UNKNOWN_SERVER_ERROR', message: 'the reply is empty', baseOffset: -1, logAppendTimeMs: -1 }
  }
  const { errorCode, errorMessage, baseOffset, logAppendTimeMs } = answer
  const error = errorNameOf(errorCode)
  const message = error === null ? `error code ${errorCode}` : errorMessage
  return { error: error ?? 'UNKNOWN_SERVER_ERROR', message, baseOffset, logAppendTimeMs }
}
