/**
 * Produce and Fetch as they are answered when partitions refuse: the handler runs as ever over partitions that say no.
 * So versions, fetch sessions and acks=0 need no second telling here. For tests of how clients take errors.
 */
import { topicById } from '../../core/metadata/image.ts'
import type {
  AppendReply,
  BrokerServices,
  FetchedPartition,
  FetchResult,
  PartitionName,
  PartitionRead,
  Partitions,
} from '../../runtime/services.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import type { ApiContext } from './handler.ts'

export interface PartitionRefusal {
  readonly error: WireErrorName
  /** Null: of every topic. */
  readonly topic: string | null
  /** Called once, when the first partition refuses; false: it is too late, nothing refuses. */
  spend(): boolean
}

/** The context with partitions of which those that are meant refuse; all others work. */
export function refusingContext(context: ApiContext, refusal: PartitionRefusal): ApiContext {
  const { services } = context
  return overriding(context, { services: { ...services, partitions: refusing(services, refusal) } })
}

function refusing(services: BrokerServices, { error, topic, spend }: PartitionRefusal): Partitions {
  const real = services.partitions
  let spent: boolean | null = null
  const refuses = (name: PartitionName): boolean => {
    const named = name.topic ?? topicById(services.image(), name.topicId ?? '')?.name
    if (topic !== null && named !== topic) return false
    spent ??= spend()
    return spent
  }
  return overriding(real, {
    append: (name, records, options) => (refuses(name) ? refusedAppend(error) : real.append(name, records, options)),
    fetch: (reads, options) => {
      const isRefused = reads.map(refuses)
      if (!isRefused.includes(true)) return real.fetch(reads, options)
      const rest = reads.filter((_, i) => !isRefused[i])
      // A reader is told of an error at once.
      const fetched = real.fetch(rest, { ...options, noWait: true })
      const merge = (result: FetchResult) => merged(reads, isRefused, { error, result })
      return fetched instanceof Promise ? fetched.then(merge) : merge(fetched)
    },
  })
}

/** `real`, but for what `changes` says otherwise. */
function overriding<T extends object>(real: T, changes: Partial<T>): T {
  return new Proxy(real, {
    get: (target, name) => {
      if (Object.hasOwn(changes, name)) return Reflect.get(changes, name)
      const value: unknown = Reflect.get(target, name, target)
      // Private fields are found in the object itself alone.
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function refusedAppend(error: WireErrorName): AppendReply {
  return {
    error,
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    message: null,
    batchIndexes: [],
    currentLeader: null,
  }
}

function merged(
  reads: readonly PartitionRead[],
  isRefused: readonly boolean[],
  { error, result }: { readonly error: WireErrorName; readonly result: FetchResult },
): FetchResult {
  const rest = result.partitions[Symbol.iterator]()
  const partitions = reads.map((read, i): FetchedPartition => {
    if (!isRefused[i]) return rest.next().value as FetchedPartition
    return {
      read,
      error,
      highWatermark: -1,
      lastStableOffset: -1,
      logStartOffset: -1,
      divergingEpoch: null,
      currentLeader: null,
      abortedTransactions: null,
      records: [],
      bytes: 0,
    }
  })
  return { partitions, release: () => result.release() }
}
