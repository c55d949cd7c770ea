/**
 * Packages that hold native code (or WebAssembly) and only compute: CRC-32C and codecs. They are loaded when first
 * needed, so that a command that never touches a batch does not pay for them, and a platform for which a package has no
 * binary gets the portable form instead of a crash at start.
 */
import { createRequire } from 'node:module'

/** Returns a package's exports, or throws when it cannot be loaded here. Tests give one that refuses. */
export type LoadPackage = (name: string) => unknown

export const loadPackage: LoadPackage = createRequire(import.meta.url)

/** Codecs in WebAssembly: the portable writers of lz4 and snappy. */
export const WASM_PACKAGE = '@platformatic/wasm-utils'

/** What was chosen for one job, and why not the faster one: `ottla` prints it when asked, nothing else reads it. */
export interface Choice<T> {
  readonly use: T
  readonly kind: 'native' | 'portable'
  /** Why the native form is not in use. */
  readonly because?: unknown
}

/** Takes the native form when its package loads, else the portable one, and keeps the reason. */
export function choose<Package, T>(
  load: LoadPackage,
  name: string,
  native: (loaded: Package) => T,
  portable: () => T,
): Choice<T> {
  let loaded: Package
  try {
    loaded = load(name) as Package
  } catch (because) {
    return { use: portable(), kind: 'portable', because }
  }
  return { use: native(loaded), kind: 'native' }
}
