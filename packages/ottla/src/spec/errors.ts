/**
 * Every error code of the Kafka protocol: one row each. A row name is how the code is spoken of everywhere (core returns
 * names, handlers encode codes). Not here: which fault of a port becomes which row (runtime), nor the text of one case.
 * Codes and the retriable mark are Kafka 4.3's (clients, `protocol/Errors`); the sentences are ours.
 */
import { assert } from '../base/assert.ts'
import { errorRows } from './error-rows.ts'

/** One error as it may stand in a reply. */
export interface WireErrorRow {
  /** int16 on the wire: -1 to 133. */
  readonly code: number
  /** Whether a client may send the same request again and hope. */
  readonly retriable: boolean
  /** What it says to the one who sent the request. One or two sentences. */
  readonly doc: string
}

export type WireErrorName = keyof typeof errorRows

/** The table. `NONE` is code 0: not an error. */
export const errors: Readonly<Record<WireErrorName, WireErrorRow>> = errorRows

/** All names in the order of their codes. */
export const errorNames: readonly WireErrorName[] = (Object.keys(errorRows) as WireErrorName[]).sort(
  (a, b) => errors[a].code - errors[b].code,
)

const CODE_MIN = -1
const nameByCode: readonly WireErrorName[] = indexByCode()

export function errorCodeOf(name: WireErrorName): number {
  return errors[name].code
}

/** Null for a code that is not in the table: from a peer newer than this release. */
export function errorNameOf(code: number): WireErrorName | null {
  return nameByCode[code - CODE_MIN] ?? null
}

export function isRetriable(name: WireErrorName): boolean {
  return errors[name].retriable
}

function indexByCode(): WireErrorName[] {
  return errorNames.map((name, index) => {
    assert(errors[name].code === index + CODE_MIN, 'codes have no gap and no twin', { name, index })
    return name
  })
}
