/** What a fault of the disk means on the wire: the one place where they meet. */
import { unreachable } from '../base/assert.ts'
import { DiskFault } from '../ports/disk.ts'
import type { WireErrorName } from '../spec/errors.ts'

/** Every fault takes the log directory, or this write, out of service; a client asks another replica or tries again later. */
export function wireErrorOf(fault: DiskFault): WireErrorName {
  switch (fault.code) {
    case 'ENOSPC':
    case 'EIO':
    case 'EROFS':
    case 'EACCES':
    case 'EMFILE':
    case 'ENOENT':
    case 'EEXIST':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ENOTEMPTY':
    case 'EINVAL':
      return 'KAFKA_STORAGE_ERROR'
    default:
      return unreachable(fault.code)
  }
}

/** The wire error of a fault; anything else is a Bug and is thrown on. */
export function faultToWire(thrown: unknown): WireErrorName {
  if (thrown instanceof DiskFault) return wireErrorOf(thrown)
  throw thrown
}
