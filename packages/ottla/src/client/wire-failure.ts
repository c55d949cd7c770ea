/** A request that a broker answered with an error code: what was asked, what it said, what it means. */
import { errorNameOf, errors, isRetriable, type WireErrorName } from '../spec/errors.ts'

export class WireFailure extends Error {
  readonly errorName: WireErrorName

  /** `what`: what could not be done, as in `cannot create topic orders`. `detail`: the broker's own words, if it sent any. */
  constructor(errorName: WireErrorName, what: string, detail: string | null = null) {
    super(`${what}: ${detail === null || detail === '' ? errors[errorName].doc : detail} (${errorName})`)
    this.name = 'WireFailure'
    this.errorName = errorName
  }

  /** Whether the same request may be sent again and hope. */
  get retriable(): boolean {
    return isRetriable(this.errorName)
  }
}

/** Throws unless the code is 0. A code that this release does not know counts as the broker's own failure. */
export function refuseError(code: number, what: string, detail: string | null = null): void {
  if (code === 0) return
  const name = errorNameOf(code)
  if (name !== null) throw new WireFailure(name, what, detail)
  throw new WireFailure('UNKNOWN_SERVER_ERROR', what, `error code ${code}, which this release does not know`)
}
