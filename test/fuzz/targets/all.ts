/** The targets by name, each made only when asked for. */
import type { Target } from '../target.ts'
import { batchesTarget } from './batches.ts'
import { codecsTarget } from './codecs.ts'
import { connectionsTarget } from './connections.ts'

const makers: Readonly<Record<string, () => Target | Promise<Target>>> = {
  codecs: codecsTarget,
  batches: batchesTarget,
  connections: connectionsTarget,
}

export const targetNames: readonly string[] = Object.keys(makers)

export async function targetOf(name: string): Promise<Target> {
  const make = makers[name]
  if (make === undefined) throw new Error(`there is no target ${name}; there are ${targetNames.join(', ')}`)
  return make()
}
