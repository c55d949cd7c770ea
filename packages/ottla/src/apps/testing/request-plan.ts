/**
 * What a test has planned for requests to come: failures, delays, and who watches. The broker asks at each request
 * (broker/api ApiTable.around). The kit's own requests are left alone, so that a helper never eats what was planned for
 * the application under test.
 */
import type { ApiTable } from '../../broker/api/api-table.ts'
import type { ApiContext, Reply, Served } from '../../broker/api/handler.ts'
import { type RefusableApi, refusableApis, refuse, topicwiseApis } from '../../broker/api/refusal.ts'
import type { Clock } from '../../ports/clock.ts'
import { nearest } from '../../spec/config/text.ts'
import { errorNameOf, errorNames, type WireErrorName } from '../../spec/errors.ts'
import { bad } from './options.ts'
import { TestBrokerError } from './test-broker-error.ts'

/** How the kit's own connections name themselves. */
export const KIT_CLIENT_ID = 'ottla-testing'

export interface FailOptions {
  /** How many requests fail. Default 1. */
  readonly count?: number
  /** Only this topic of a request is refused; requests that do not name it are not counted. */
  readonly topic?: string
}

export interface DelayOptions {
  /** How many requests are delayed. Default 1. */
  readonly count?: number
}

/** A request as a watcher sees it. */
export interface SeenRequest {
  /** Kafka's name of the API, as `Produce`. */
  readonly api: string
  readonly version: number
  readonly clientId: string
}

interface Failure {
  readonly api: string
  readonly error: WireErrorName
  readonly topic: string | null
  left: number
}

interface Delay {
  readonly api: string
  readonly ms: number
  left: number
}

const DELAY_MS_MAX = 600_000

export class RequestPlan {
  readonly #clock: Clock
  #failures: Failure[] = []
  #delays: Delay[] = []
  readonly #watchers = new Set<(request: SeenRequest) => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  fail(apis: ApiTable, api: string, error: WireErrorName | number, options: FailOptions): void {
    const { count = 1, topic = null } = options
    this.#requireServed(apis, api)
    const refusable = refusableApis.find(each => each === api)
    if (refusable === undefined)
      throw new TestBrokerError('UNSUPPORTED', `failNext cannot fail ${api}; it can fail ${refusableApis.join(', ')}`)
    if (topic !== null && !topicwiseApis.includes(refusable)) {
      throw bad(
        `failNext ${api} with topic=${topic}`,
        `a topic can be named for ${topicwiseApis.join(', ')}`,
        'leave it out to fail the whole request',
      )
    }
    this.#failures.push({ api, error: errorOf(error), topic, left: countOf('failNext', count) })
  }

  delay(apis: ApiTable, api: string, ms: number, { count = 1 }: DelayOptions): void {
    this.#requireServed(apis, api)
    if (!(ms >= 0 && ms <= DELAY_MS_MAX))
      throw bad(`delay of ${String(ms)} ms`, `allowed is a number from 0 to ${DELAY_MS_MAX}`, 'it counts milliseconds')
    this.#delays.push({ api, ms, left: countOf('delay', count) })
  }

  /** Returns the way to stop. */
  watch(watcher: (request: SeenRequest) => void): () => void {
    this.#watchers.add(watcher)
    return () => {
      this.#watchers.delete(watcher)
    }
  }

  /** Forgets failures and delays that were not used. */
  clear(): void {
    this.#failures = []
    this.#delays = []
  }

  readonly around = (
    served: Served,
    context: ApiContext,
    request: unknown,
  ): Reply<unknown> | Promise<Reply<unknown>> => {
    if (context.clientId === KIT_CLIENT_ID) return served.handle(context, request)
    const { name } = served.api
    this.#tell({ api: name, version: context.apiVersion, clientId: context.clientId })
    const delayMs = this.#takeDelay(name)
    const reply = this.#answer(served, context, request)
    return delayMs === 0 ? reply : this.#later(context, reply, delayMs)
  }

  /** What a watcher throws is the test's to see, and none of the connection's. */
  #tell(request: SeenRequest): void {
    for (const watcher of this.#watchers) {
      try {
        watcher(request)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  /** Failures happen in their order: one that is for a topic which the request does not name keeps its place. */
  #answer(served: Served, context: ApiContext, request: unknown): ReturnType<RequestPlan['around']> {
    const failure = this.#failures.find(each => each.api === served.api.name)
    if (failure === undefined) return served.handle(context, request)
    const spend = () => {
      // Another request may have met it while this one waited.
      if (failure.left === 0) return false
      failure.left--
      this.#failures = this.#failures.filter(each => each.left > 0)
      return true
    }
    const { error, topic } = failure
    return refuse(served, request, { context, refusal: { error, topic, spend } })
  }

  #takeDelay(api: string): number {
    const delay = this.#delays.find(each => each.api === api)
    if (delay === undefined) return 0
    delay.left--
    if (delay.left === 0) this.#delays = this.#delays.filter(each => each !== delay)
    return delay.ms
  }

  /** A broker that stops, or a client that is gone, waits no longer. */
  async #later(
    context: ApiContext,
    reply: ReturnType<RequestPlan['around']>,
    delayMs: number,
  ): Promise<Reply<unknown>> {
    const ready = await reply
    await new Promise<void>(resolve => {
      const cancel = this.#clock.after(delayMs, () => {
        forget()
        resolve()
      })
      const forget = context.signal.onClose(() => {
        cancel()
        resolve()
      })
    })
    return ready
  }

  #requireServed(apis: ApiTable, api: string): void {
    const names = apis.advertised.map(row => apis.find(row.apiKey)?.api.name ?? '')
    if (names.includes(api)) return
    const meant = nearest(api, names)
    const next = meant === null ? `it answers ${names.join(', ')}` : `did you mean ${meant}?`
    throw new TestBrokerError('UNSUPPORTED', `this broker does not answer ${api}; ${next}`)
  }
}

function errorOf(error: WireErrorName | number): WireErrorName {
  const name = typeof error === 'number' ? errorNameOf(error) : (errorNames.find(each => each === error) ?? null)
  if (name !== null && name !== 'NONE') return name
  const meant = typeof error === 'string' ? nearest(error, errorNames) : null
  throw bad(
    `error ${String(error)}`,
    'allowed is the name or code of an error of the Kafka protocol',
    meant === null || meant === 'NONE' ? 'docs/generated/errors.md lists them' : `did you mean ${meant}?`,
  )
}

function countOf(what: string, count: number): number {
  if (count === Number.POSITIVE_INFINITY || (Number.isInteger(count) && count >= 1)) return count
  throw bad(
    `${what} with count=${String(count)}`,
    'allowed is a whole number from 1, or Infinity',
    'leave it out for 1',
  )
}

export type { RefusableApi }
