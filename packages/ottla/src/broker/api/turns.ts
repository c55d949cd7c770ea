/** Long work in slices, so that no reply holds up everybody else for more than some milliseconds. */
import type { Clock } from '../../ports/clock.ts'

/** Resolves when others had their turn. */
export function nextTurn(clock: Clock): Promise<void> {
  return new Promise(resolve => clock.after(0, resolve))
}

/** Runs `run` for every item in order, `atOnce` of them at a time. */
export async function inGroups<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let from = 0; from < items.length; from += atOnce) {
    results.push(...(await Promise.all(items.slice(from, from + atOnce).map(run))))
  }
  return results
}
