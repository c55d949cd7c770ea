/** Error codes by name, so that a failed comparison can be read. */
import { errorNameOf } from '../../packages/ottla/src/spec/errors.ts'

/** The name of an error code, `NONE` for 0. */
export function errorText(code: number): string {
  return code === 0 ? 'NONE' : (errorNameOf(code) ?? `error ${code}`)
}
