/**
 * A broker's config as the image has it in force: what it started with, under what was set for all brokers and for this
 * one. Source: KIP-226.
 */
import type { BrokerId } from '../../base/units.ts'
import type { BrokerConfig } from '../../spec/config/broker.ts'
import { type DynamicConfigs, withDynamicConfigs } from '../../spec/config/dynamic.ts'
import { ConfigResource, type MetadataImage, overridesOf } from './image.ts'

/** The name of the resource that stands for all brokers together. */
export const ALL_BROKERS = ''

/** Remembers the last answer: images follow one another and rarely differ in this. */
export class BrokerConfigInForce {
  /** As the broker read it at its start. */
  readonly start: BrokerConfig
  readonly #name: string
  #ofAll: DynamicConfigs
  #ofOne: DynamicConfigs
  #config: BrokerConfig

  constructor(start: BrokerConfig, brokerId: BrokerId) {
    this.start = start
    this.#name = String(brokerId)
    this.#ofAll = new Map()
    this.#ofOne = this.#ofAll
    this.#config = start
  }

  /** The same object as long as nothing that concerns this broker has changed. */
  at(image: MetadataImage): BrokerConfig {
    const ofAll = overridesOf(image, ConfigResource.broker, ALL_BROKERS)
    const ofOne = overridesOf(image, ConfigResource.broker, this.#name)
    if (ofAll !== this.#ofAll || ofOne !== this.#ofOne) {
      this.#ofAll = ofAll
      this.#ofOne = ofOne
      this.#config = withDynamicConfigs(this.start, [ofAll, ofOne])
    }
    return this.#config
  }
}
