/** One run of the behaviours against one broker. */
import { shorten } from '../interop/children.ts'
import type { Behaviour } from './behaviour.ts'
import { type ClusterSetup, TestCluster } from './cluster.ts'
import { type Difference, differences } from './differences.ts'

/** A behaviour that takes longer has failed. */
const BEHAVIOUR_TIMEOUT_MS = 60_000

export type Outcome =
  | { readonly kind: 'passed'; readonly tookMs: number }
  | { readonly kind: 'failed'; readonly tookMs: number; readonly message: string }
  | { readonly kind: 'n/a'; readonly reason: string }

/** Runs one behaviour on connections and names of its own. Never throws. */
export async function outcomeOf(behaviour: Behaviour, setup: ClusterSetup): Promise<Outcome> {
  if (behaviour.run === null) return { kind: 'n/a', reason: behaviour.reason }
  const cluster = new TestCluster(setup, `b${String(behaviour.number).padStart(2, '0')}`)
  const begun = performance.now()
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new Error(`not done within ${BEHAVIOUR_TIMEOUT_MS} ms`)),
    BEHAVIOUR_TIMEOUT_MS,
  )
  try {
    await Promise.race([behaviour.run(cluster), late.promise])
    refuseForgotten(behaviour, cluster)
    return { kind: 'passed', tookMs: performance.now() - begun }
  } catch (error) {
    return { kind: 'failed', tookMs: performance.now() - begun, message: messageOf(error) }
  } finally {
    clearTimeout(timer)
    await cluster.close()
  }
}

/** Every listed difference of a behaviour was asserted by it. */
function refuseForgotten(behaviour: Behaviour, cluster: TestCluster): void {
  const rows = Object.entries<Difference>(differences).filter(([, row]) => row.behaviour === behaviour.number)
  const forgotten = rows.map(([id]) => id).filter(id => !(cluster.asserted as ReadonlySet<string>).has(id))
  if (forgotten.length > 0) throw new Error(`differences that nothing asserts: ${forgotten.join(', ')}`)
}

/** What an assertion said, and the line of the behaviour where it stands. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const place = /behaviours\/[\w-]+\.ts:\d+/.exec(error.stack ?? '')?.[0]
  const text = error.message.replaceAll(/\n\s*\n/g, '\n').trim()
  return shorten(place === undefined ? text : `${place}: ${text}`, 600)
}
