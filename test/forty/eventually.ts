/** Waiting for what a broker does in its own time, and measuring how long it took. */

const PATIENCE_MS = 10_000
const PAUSE_MS = 20

/** Asks until the answer is true. Throws with what was hoped for when the time is over. */
export async function eventually(hope: string, ask: () => Promise<boolean>, patienceMs = PATIENCE_MS): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error(`not within ${patienceMs} ms: ${hope}`)
    await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
  }
}

/** What `run` returned, and how long that took. Milliseconds. */
export async function timed<T>(run: () => Promise<T>): Promise<{ readonly result: T; readonly tookMs: number }> {
  const begun = performance.now()
  const result = await run()
  return { result, tookMs: performance.now() - begun }
}
