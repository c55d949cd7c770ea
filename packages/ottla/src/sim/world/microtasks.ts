/**
 * Runs a simulation so that after each event every promise callback it caused has run before the next event: between two
 * events the only order is then the language's own. V8 can be asked to do that from inside a synchronous loop, which is
 * several times as fast as giving the event loop a turn for each event; where it cannot, the turn is given.
 */
import { setFlagsFromString } from 'node:v8'

/** A simulation: yields after each event, returns its result. */
export type Simulation<T> = Generator<void, T, void>

/** Runs all microtasks now. Null where V8 does not offer it. Does nothing while microtasks are running. */
const runMicrotasks = findCheckpoint()

/** Whether simulations run in the fast way. */
export const isFast = runMicrotasks !== null

export function drive<T>(simulation: Simulation<T>, checkpoint: (() => void) | null = runMicrotasks): Promise<T> {
  return new Promise((resolve, reject) => {
    // Each turn begins outside of any microtask, where the checkpoint works.
    const turn = () => {
      try {
        let step = simulation.next()
        if (checkpoint !== null) {
          while (!step.done) {
            checkpoint()
            step = simulation.next()
          }
        }
        if (step.done) resolve(step.value)
        else setImmediate(turn)
      } catch (error) {
        reject(error)
      }
    }
    setImmediate(turn)
  })
}

function findCheckpoint(): (() => void) | null {
  try {
    setFlagsFromString('--allow-natives-syntax')
    const checkpoint = new Function('%PerformMicrotaskCheckpoint()') as () => void
    setFlagsFromString('--no-allow-natives-syntax')
    return checkpoint
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
