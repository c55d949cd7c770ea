/** From the system's errors to DiskFaults. */
import { DiskFault, type DiskFaultCode } from '../../ports/disk.ts'

/** Errno names that callers treat differently; all others are EIO. */
const codes: Readonly<Record<string, DiskFaultCode>> = {
  ENOENT: 'ENOENT',
  EEXIST: 'EEXIST',
  ENOSPC: 'ENOSPC',
  EDQUOT: 'ENOSPC',
  EACCES: 'EACCES',
  EPERM: 'EACCES',
  EMFILE: 'EMFILE',
  ENFILE: 'EMFILE',
  ENOTDIR: 'ENOTDIR',
  EISDIR: 'EISDIR',
  ENOTEMPTY: 'ENOTEMPTY',
  EROFS: 'EROFS',
  EINVAL: 'EINVAL',
  ENAMETOOLONG: 'EINVAL',
  ELOOP: 'EINVAL',
}

/** The name of the error, such as ENOSPC, or null when it is not the system's. */
export function errnoName(error: unknown): string | null {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : null
}

/** The fault for a system error; anything else (our own mistake) is thrown on. */
export function diskFault(error: unknown, path: string): DiskFault {
  if (error instanceof DiskFault) return error
  const name = errnoName(error)
  if (name === null) throw error
  return new DiskFault(codes[name] ?? 'EIO', path, (error as Error).message)
}

/** Runs `operation` and turns its system error into a fault. */
export async function faulting<T>(path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation()
  } catch (error) {
    throw diskFault(error, path)
  }
}

export function faultingSync<T>(path: string, operation: () => T): T {
  try {
    return operation()
  } catch (error) {
    throw diskFault(error, path)
  }
}
