/**
 * The APIs that a broker answers, by key. What is in the table is what ApiVersions advertises: nothing else is offered,
 * and nothing offered is missing.
 */
import { assert } from '../../base/assert.ts'
import type { ApiContext, Reply, Served } from './handler.ts'

/** One row of an ApiVersions reply. */
export interface AdvertisedRange {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

/** Stands between a request and its handler, `served.handle`: may call it, answer in its place, or change either. */
export type Around = (served: Served, context: ApiContext, request: unknown) => Reply<unknown> | Promise<Reply<unknown>>

export class ApiTable {
  readonly #served: readonly Served[]
  readonly #byKey: (Served | undefined)[] = []
  /** In the order of the keys. */
  readonly advertised: readonly AdvertisedRange[]

  constructor(served: readonly Served[]) {
    this.#served = served
    for (const row of served) {
      assert(this.#byKey[row.api.key] === undefined, 'an API has one handler', { key: row.api.key })
      this.#byKey[row.api.key] = row
    }
    this.advertised = served
      .map(({ api }) => ({ apiKey: api.key, minVersion: api.advertisedMin, maxVersion: api.max }))
      .sort((a, b) => a.apiKey - b.apiKey)
  }

  /** The same APIs, each request of which goes through `around`: for tests of how clients take failures. */
  around(around: Around): ApiTable {
    return new ApiTable(
      this.#served.map(row => ({ api: row.api, handle: (context, request) => around(row, context, request) })),
    )
  }

  /** Any int16 may be asked for. */
  find(key: number): Served | undefined {
    return key >= 0 ? this.#byKey[key] : undefined
  }
}
