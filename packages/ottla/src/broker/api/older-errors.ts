/** Errors that are younger than the version of a request, as its sender understands them. */
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'

/** First versions whose senders know KAFKA_STORAGE_ERROR (KIP-112). */
const STORAGE_ERROR_SINCE = { Produce: 4, Fetch: 6 } as const

/** The code for a partition's error in a Produce or Fetch reply. */
export function dataErrorCode(api: keyof typeof STORAGE_ERROR_SINCE, version: number, error: WireErrorName): number {
  if (error === 'KAFKA_STORAGE_ERROR' && version < STORAGE_ERROR_SINCE[api])
    return errorCodeOf('NOT_LEADER_OR_FOLLOWER')
  return errorCodeOf(error)
}
