/**
 * Changes configs of topics and of all brokers, and grows topics, while everything else goes on; and checks that what was
 * answered is still so after every kind of end: a change that was acknowledged holds, one without an answer holds or not.
 */
import type { Connection } from '../../client/connection.ts'
import { createPartitionsApi } from '../../wire/gen/create-partitions.ts'
import { describeConfigsApi } from '../../wire/gen/describe-configs.ts'
import { incrementalAlterConfigsApi } from '../../wire/gen/incremental-alter-configs.ts'
import { metadataApi } from '../../wire/gen/metadata.ts'
import { Actor, type ActorParts, type Curtain, mayRetry, nameOf, rethrowUnlessConnection } from './actor.ts'
import type { TopicPlan } from './places.ts'

const PAUSE_MS_MAX = 1_000
/** Partitions that a topic gets above those that the run uses. */
const GROWTH_MAX = 3
const TOPIC = 2
const BROKER = 4
const SET = 0

interface Setting {
  readonly resourceType: number
  /** A topic; empty for all brokers. */
  readonly resourceName: string
  readonly key: string
  readonly choices: readonly string[]
  /** What may be in force: one value, unless a change got no answer. Empty until it is changed. */
  possible: ReadonlySet<string>
}

interface Growth {
  readonly topic: string
  /** At least these many are there. */
  least: number
  /** And never more than these. */
  readonly most: number
}

export class Operator {
  readonly #actor: Actor
  readonly #settings: readonly Setting[]
  readonly #growths: readonly Growth[]

  constructor(
    name: string,
    parts: ActorParts,
    { curtain, topics }: { curtain: Curtain; topics: readonly TopicPlan[] },
  ) {
    this.#actor = new Actor(name, parts, curtain)
    this.#settings = [...topics.flatMap(({ name }) => settingsOf(name)), ofAllBrokers()]
    this.#growths = topics.map(({ name, partitions }) => ({
      topic: name,
      least: partitions,
      most: partitions + GROWTH_MAX,
    }))
  }

  /** Until the curtain closes. */
  async run(): Promise<void> {
    const { rng, curtain } = this.#actor
    while (!curtain.isClosing) {
      await this.#actor.sleep(rng.int(0, PAUSE_MS_MAX))
      const connection = await this.#actor.connection()
      try {
        if (rng.chance(0.8)) await this.#change(connection, rng.pick(this.#settings))
        else await this.#grow(connection, rng.pick(this.#growths))
      } catch (error) {
        rethrowUnlessConnection(error)
      }
    }
    this.#actor.hangUp()
  }

  /** All that was changed, as the broker tells it now. */
  async check(): Promise<void> {
    for (;;) {
      const connection = await this.#actor.connection()
      try {
        for (const setting of this.#settings) await this.#checkSetting(connection, setting)
        for (const growth of this.#growths) await this.#checkGrowth(connection, growth)
        this.#actor.hangUp()
        return
      } catch (error) {
        rethrowUnlessConnection(error)
      }
      await this.#actor.backoff()
    }
  }

  async #change(connection: Connection, setting: Setting): Promise<void> {
    const { resourceType, resourceName, key, choices } = setting
    const value = this.#actor.rng.pick(choices)
    const before = setting.possible
    // Whatever becomes of the answer: the value may be in force from here on.
    setting.possible = new Set([...(before.size === 0 ? [await this.#valueOf(connection, setting)] : before), value])
    const configs = [{ name: key, configOperation: SET, value }]
    const resources = [{ resourceType, resourceName, configs }]
    const { responses } = await connection.request(incrementalAlterConfigsApi, { resources, validateOnly: false })
    const error = nameOf(responses[0]?.errorCode ?? -1)
    if (error === 'NONE') setting.possible = new Set([value])
    else if (!mayRetry(error)) this.#unexpected(resourceName, `${key}=${value} was answered ${error}`)
  }

  async #grow(connection: Connection, growth: Growth): Promise<void> {
    const { topic, least, most } = growth
    if (least >= most) return
    const count = this.#actor.rng.int(least + 1, most)
    const { results } = await connection.request(createPartitionsApi, {
      topics: [{ name: topic, count }],
      timeoutMs: 5_000,
    })
    const error = nameOf(results[0]?.errorCode ?? -1)
    if (error === 'NONE') growth.least = count
    // An attempt without an answer may have done as much, or more.
    else if (!mayRetry(error) && error !== 'INVALID_PARTITIONS')
      this.#unexpected(topic, `growing to ${count} was answered ${error}`)
  }

  async #valueOf(connection: Connection, { resourceType, resourceName, key }: Setting): Promise<string> {
    const resources = [{ resourceType, resourceName, configurationKeys: [key] }]
    const { results } = await connection.request(describeConfigsApi, { resources })
    return results[0]?.configs[0]?.value ?? ''
  }

  async #checkSetting(connection: Connection, setting: Setting): Promise<void> {
    const { resourceName, key, possible } = setting
    if (possible.size === 0) return
    const value = await this.#valueOf(connection, setting)
    if (!possible.has(value)) {
      this.#unexpected(resourceName, `${key} is '${value}', and not one of '${[...possible].join("', '")}'`)
    }
  }

  async #checkGrowth(connection: Connection, { topic, least, most }: Growth): Promise<void> {
    const { topics } = await connection.request(metadataApi, {
      topics: [{ name: topic }],
      allowAutoTopicCreation: false,
    })
    const count = topics[0]?.partitions.length ?? 0
    if (count < least || count > most) this.#unexpected(topic, `it has ${count} partitions, not ${least} to ${most}`)
  }

  #unexpected(resource: string, what: string): void {
    this.#actor.history.unexpected(resource, `${this.#actor.name}: ${what}`)
  }
}

function settingsOf(topic: string): Setting[] {
  const of = (key: string, choices: readonly string[]): Setting => ({
    resourceType: TOPIC,
    resourceName: topic,
    key,
    choices,
    possible: new Set(),
  })
  return [
    of('segment.bytes', ['2048', '8192', '1048576']),
    of('segment.ms', ['1', '500', '604800000']),
    of('index.interval.bytes', ['0', '100', '4096']),
    of('compression.type', ['producer', 'uncompressed', 'lz4']),
    of('flush.ms', ['1', '1000', '9223372036854775807']),
  ]
}

function ofAllBrokers(): Setting {
  const key = 'producer.id.expiration.ms'
  return { resourceType: BROKER, resourceName: '', key, choices: ['86400000', '43200000'], possible: new Set() }
}
