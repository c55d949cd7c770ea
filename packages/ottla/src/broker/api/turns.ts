/** Work for many things at a time, but not for all of them. */

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
