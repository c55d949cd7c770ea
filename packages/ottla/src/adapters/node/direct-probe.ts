/**
 * Whether a file system takes direct I/O. Some refuse the flag, some accept it and fail the first write, so one block is
 * really written, once per file system (ARCHITECTURE.md J11, J13). macOS has no O_DIRECT: never.
 */
import { closeSync, constants, openSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { errnoName } from './disk-faults.ts'

const answers = new Map<number, boolean>()
let probes = 0

/** `block` is one aligned block to write. `directory` must exist; when it cannot be written, the answer is no. */
export function takesDirect(directory: string, block: Uint8Array): boolean {
  if (constants.O_DIRECT === undefined || constants.O_DIRECT === 0) return false
  const device = statSync(directory).dev
  const known = answers.get(device)
  if (known !== undefined) return known
  const answer = probe(`${directory}/.ottla-probe-${process.pid}-${probes++}`, block)
  if (answer !== null) answers.set(device, answer)
  return answer ?? false
}

/** Null when it could not be found out here. */
function probe(path: string, block: Uint8Array): boolean | null {
  const { O_RDWR, O_CREAT, O_EXCL, O_DIRECT } = constants
  let fd: number
  try {
    fd = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_DIRECT, 0o600)
  } catch (error) {
    const refused = errnoName(error) === 'EINVAL'
    // Some kernels make the file before they refuse the flag.
    if (refused) removeProbe(path)
    return refused ? false : null
  }
  try {
    return writeSync(fd, block, 0, block.length, 0) === block.length
  } catch (error) {
    return errnoName(error) === 'EINVAL' ? false : null
  } finally {
    closeSync(fd)
    removeProbe(path)
  }
}

function removeProbe(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') throw error
  }
}
