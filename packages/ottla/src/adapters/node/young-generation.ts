/**
 * Bounds the part of V8's heap that new objects go to. Under load V8 doubles it to 64 MB, twice, which makes a broker no
 * faster (docs/performance.md) and is more than all else that it holds. The bound that Node has for it is a flag of the
 * command line, which a program started by its name does not have; what V8 reads while it runs is by how much to grow.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Two halves of 4 MB; with halves of 1 MB, what V8 begins with, collections took a tenth more processor time. */
const WANTED_BYTES = 8 * 2 ** 20
/** Objects made until it has grown: some 10,000 do. */
const OBJECTS_MAX = 1_000_000
const OBJECTS_PER_LOOK = 2000

/**
 * Lets it grow once, fourfold, to `WANTED_BYTES`, and then no more. Takes 5 ms, and changes nothing where V8 does not
 * listen. Returns its size. Bytes.
 */
export function boundYoungGeneration(): number {
  setFlagsFromString('--semi-space-growth-factor=4')
  let kept: object[] = []
  // Grows when much of it outlives a collection.
  while (youngBytes() < WANTED_BYTES && kept.length < OBJECTS_MAX) {
    for (let i = 0; i < OBJECTS_PER_LOOK; i++) kept.push({ i })
  }
  kept = []
  setFlagsFromString('--semi-space-growth-factor=1')
  return youngBytes()
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(space => space.space_name === 'new_space')?.space_size ?? WANTED_BYTES
}
