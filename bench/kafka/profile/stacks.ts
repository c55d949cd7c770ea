/** Sampled stacks, folded: where time went, from what the profilers of Node and of Linux write. */

/** Time by stack: frames from the outermost to the innermost, joined by `;`. The weights have the unit of the source. */
export type Stacks = ReadonlyMap<string, number>

/** As `node --cpu-prof` writes it. Source: the Chrome DevTools protocol, Profiler.Profile. */
export interface CpuProfile {
  readonly nodes: readonly CpuProfileNode[]
  /** By the monotonic clock. Microseconds. */
  readonly startTime: number
  /** Ids of nodes. */
  readonly samples: readonly number[]
  /** Before each sample. Microseconds. */
  readonly timeDeltas: readonly number[]
}

interface CpuProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

/** By the monotonic clock (`process.hrtime`). Microseconds. */
export interface Window {
  readonly from: number
  readonly until: number
}

/** Of one thread, without the time in which it had nothing to do; samples outside of the windows are left out. */
export function stacksOfCpuProfile(profile: CpuProfile, windows: readonly Window[]): Stacks {
  const stackOf = new Map<number, string | null>()
  const byId = new Map(profile.nodes.map(node => [node.id, node]))
  const walk = (id: number, outer: string) => {
    const node = byId.get(id) as CpuProfileNode
    const name = frameName(node)
    const stack = name === '(root)' ? '' : outer === '' ? name : `${outer};${name}`
    stackOf.set(id, name === '(idle)' ? null : stack)
    for (const child of node.children ?? []) walk(child, stack)
  }
  const root = profile.nodes[0]
  if (root !== undefined) walk(root.id, '')
  const stacks = new Map<string, number>()
  let at = profile.startTime
  profile.samples.forEach((id, index) => {
    const delta = profile.timeDeltas[index] ?? 0
    at += delta
    const stack = stackOf.get(id)
    if (!stack || !windows.some(({ from, until }) => at >= from && at < until)) return
    stacks.set(stack, (stacks.get(stack) ?? 0) + delta)
  })
  return stacks
}

/** For example `append storage/journal.ts:40`; of a package, the path from its name. */
function frameName({ callFrame: { functionName, url, lineNumber } }: CpuProfileNode): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const path = url.replace(/^file:\/\//, '').replace(/^.*\/(?:node_modules|ottla\/src|ottla\/dist)\//, '')
  return `${name} ${path.replaceAll(';', ',')}:${lineNumber + 1}`
}

/**
 * Of all threads and the kernel, from the output of `perf script -F comm,ip,sym,dso`: the thread's name is the outermost
 * frame. Where perf knows no function, the frame is the file that the code is from.
 */
export function stacksOfPerfScript(text: string): Stacks {
  const stacks = new Map<string, number>()
  for (const sample of text.split('\n\n')) {
    const [thread, ...frames] = sample
      .trim()
      .split('\n')
      .map(line => line.trim())
    if (!thread) continue
    const names = frames.map(perfFrameName)
    const stack = [thread.replace(/:\s*$/, ''), ...names.reverse()].join(';')
    stacks.set(stack, (stacks.get(stack) ?? 0) + 1)
  }
  return stacks
}

/** Of a line such as `7f01 __write+0x10 (/usr/lib/libc.so.6)`. */
function perfFrameName(line: string): string {
  const found = /^[0-9a-f]+ (?<symbol>.*) \((?<file>[^()]*)\)$/.exec(line)?.groups
  const { symbol = line, file = '' } = found ?? {}
  const name = symbol === '[unknown]' ? (file.split('/').at(-1) ?? '') : symbol.replace(/\+0x[0-9a-f]+$/, '')
  return name.replaceAll(';', ',')
}

/** The innermost frames in which most time went, as shares of all. */
export function hottest(stacks: Stacks, count: number): { readonly frame: string; readonly share: number }[] {
  const self = new Map<string, number>()
  let total = 0
  for (const [stack, weight] of stacks) {
    const frame = stack.slice(stack.lastIndexOf(';') + 1)
    self.set(frame, (self.get(frame) ?? 0) + weight)
    total += weight
  }
  return [...self]
    .sort((a, b) => b[1] - a[1])
    .slice(0, count)
    .map(([frame, weight]) => ({ frame, share: weight / total }))
}
