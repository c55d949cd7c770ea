/** The walk of a request's bytes through the broker: where processor time went, by stage, from stacks that perf sampled. */
import type { Stacks } from './stacks.ts'

interface Stage {
  readonly title: string
  /** Of functions: ours with their path below `src/`, those of Node, of packages and of the kernel by name. */
  readonly frames: RegExp
}

/** Of the main thread, in the order of the walk. A sample belongs to the stage of its innermost frame that is in one. */
const STAGES: readonly Stage[] = [
  { title: 'read from the socket', frames: /^uv__read|^uv__stream_io|^tcp_recvmsg/ },
  {
    title: 'frames, decoding, dispatch',
    frames: /broker\/(api|net\/(?!reply))|wire\/(frame|gen|header|api|schema)/,
  },
  { title: 'batch: CRC-32C', frames: /wire\/batch\/crc32c|^crc32\./ },
  { title: 'batch: headers and records', frames: /wire\/batch\// },
  { title: 'partition: offsets, producers, waiting', frames: /src\/(runtime|core)\// },
  {
    title: 'log: copy into the piece, index',
    frames: /storage\/(log|log-tail|piece|memory-budget|segment|segment-index|leader-epochs)\.ts/,
  },
  { title: 'journal: copy into the round, its write begun', frames: /storage\/journal\/|adapters\/node\/commit-lane/ },
  {
    title: 'segments: their writes begun, checkpoints',
    frames: /storage\/(write-back|page-cache|checkpoint|index-files|retention|descriptors)/,
  },
  { title: 'files: reads begun, batches found', frames: /storage\/(cold-read|read-|log-read|file-gate)/ },
  { title: 'reply: encoding, write to the socket', frames: /broker\/net\/reply|adapters\/node\/connection/ },
]
const REST = 'garbage, promises, the event loop'

/** Of the threads of libuv's pool. */
const POOL_STAGES: readonly Stage[] = [
  { title: 'pool: writing', frames: /^(vfs|ksys|ext4_file)_?p?write|^__x64_sys_pwrite/ },
  { title: 'pool: syncing', frames: /fdatasync|fsync/ },
  { title: 'pool: reading', frames: /^(vfs|ksys|ext4_file)_?p?read|^__x64_sys_pread/ },
]
const POOL_REST = 'pool: waking, waiting, closing'

export interface StageShare {
  readonly title: string
  /** Of all processor time in the stacks. */
  readonly share: number
}

/** Stages in which time went, in the order of the walk. */
export function stagesOf(stacks: Stacks): StageShare[] {
  const times = new Map<string, number>()
  let total = 0
  for (const [stack, weight] of stacks) {
    const title = stageOf(stack.split(';'))
    times.set(title, (times.get(title) ?? 0) + weight)
    total += weight
  }
  const titles = [...STAGES.map(each => each.title), REST, ...POOL_STAGES.map(each => each.title), POOL_REST]
  return titles.flatMap(title => {
    const time = times.get(title)
    return time === undefined ? [] : [{ title, share: time / total }]
  })
}

/** The outermost frame is the thread. */
function stageOf(frames: readonly string[]): string {
  const isPool = frames[0]?.startsWith('libuv-worker') === true
  const stages = isPool ? POOL_STAGES : STAGES
  for (const frame of frames.toReversed()) {
    const stage = stages.find(each => each.frames.test(frame))
    if (stage !== undefined) return stage.title
  }
  return isPool ? POOL_REST : REST
}
