/**
 * The rules of the house as data: which folder may import which, what is banned where. ARCHITECTURE.md §3 says the same
 * in prose.
 */

export interface FolderRule {
  readonly folder: string
  /** 0 is the lowest. No higher one may be imported; `imports` narrows that further. */
  readonly layer: number
  /** Folders, or folders in them, that files here may import besides their own. */
  readonly imports: readonly string[]
  /** Packages and node: modules; `node:*` stands for all of Node's. */
  readonly packages: readonly string[]
  /** Globals that may not be named here. */
  readonly banned: readonly string[]
}

/** What reads the world: time, chance, the process, the network. They have ports. */
const WORLD = [
  'Date',
  'Math.random',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'process',
  'performance',
  'fetch',
  'crypto',
  'console',
  'Temporal',
  'Worker',
  'WebSocket',
]
/** What waits. */
const WAITING = ['Promise', 'async', 'await', 'queueMicrotask']
const PURE = [...WORLD, ...WAITING]

/** Packages that only compute; each has a reason in docs/adr/0001-house.md. */
const COMPUTE = ['node:zlib', 'node:buffer', '@node-rs/crc32', '@platformatic/wasm-utils', 'lz4-napi', 'snappy']

const LOWER = ['base', 'spec', 'wire', 'core', 'ports', 'storage', 'client']

export const folderRules: readonly FolderRule[] = [
  { folder: 'base', layer: 0, imports: [], packages: [], banned: PURE },
  { folder: 'spec', layer: 1, imports: ['base'], packages: [], banned: PURE },
  { folder: 'wire', layer: 1, imports: ['base', 'spec'], packages: COMPUTE, banned: PURE },
  { folder: 'core', layer: 2, imports: ['base', 'spec', 'wire'], packages: [], banned: PURE },
  // A port may name Promise in a type; it holds no code that waits.
  { folder: 'ports', layer: 2, imports: ['base', 'spec'], packages: [], banned: [...WORLD, 'async', 'await'] },
  { folder: 'storage', layer: 3, imports: ['base', 'spec', 'wire/batch', 'ports'], packages: [], banned: WORLD },
  { folder: 'client', layer: 3, imports: ['base', 'spec', 'wire', 'ports'], packages: [], banned: WORLD },
  { folder: 'runtime', layer: 4, imports: LOWER, packages: [], banned: WORLD },
  {
    folder: 'broker',
    layer: 5,
    imports: ['base', 'spec', 'wire', 'core', 'ports', 'client', 'runtime'],
    packages: [],
    banned: WORLD,
  },
  { folder: 'adapters', layer: 5, imports: ['base', 'spec', 'wire', 'ports'], packages: ['node:*'], banned: [] },
  {
    folder: 'sim',
    layer: 6,
    imports: [...LOWER, 'runtime', 'broker', 'adapters/memory', 'adapters/file', 'apps/server'],
    packages: ['node:*'],
    banned: [],
  },
  {
    folder: 'apps',
    layer: 6,
    imports: [...LOWER, 'runtime', 'broker', 'adapters'],
    packages: ['node:*', 'commander'],
    banned: [],
  },
]

/** Single files that may do what their folder may not, each with the reason. */
export const fileExceptions: ReadonlyMap<string, { readonly allows: readonly string[]; readonly why: string }> =
  new Map([
    [
      'wire/batch/native.ts',
      { allows: ['node:module'], why: 'loads a native package when first needed, and none where it has no binary' },
    ],
  ])

/** Lines a file and a function may have; tools/arch/size-exceptions.json lists the larger ones. */
export const FILE_LINES_MAX = 400
export const FUNCTION_LINES_MAX = 60
/** Written by tools/gen: no size rules. */
export const GENERATED = 'wire/gen/'
