/**
 * Bugs planted on purpose, to prove that the simulator finds their kind. Each name is a switch at the place in the code
 * where the guard stands: `if (!planted('truncation-not-journaled')) ...`. Only sim/ and tests turn one on; in production the set
 * is empty and the question costs one comparison.
 */

/** Every bug that can be planted, with what goes wrong while it is on. */
export const plantedBugs = {
  'reply-before-sync': 'an append is reported durable when its round was handed over, before the sync returned',
  'journal-not-replayed': 'recovery skips the commit journal',
  'ring-reused-before-writeback-synced': 'a ring file is reused before what it holds is synced in the segments',
  'truncation-not-journaled': 'a truncation changes files without a journal record before it',
  'stale-tail-kept': 'recovery leaves what stands behind the recovered end in the file',
  'index-trusted': 'an index read at start is used without a check against its segment',
  'cleaned-swap-not-synced': 'old segments go before the name of the cleaned one that replaces them is durable',
  'sequence-check-skipped-after-restart': 'producer state is not rebuilt, so a retried batch is appended again',
  'moved-before-synced': 'a log takes the place of the one that it was copied from before it is synced',
  'group-reply-before-durable': 'a group answers when its record was appended, before it is committed',
  'old-generation-may-commit': 'offsets are taken from a member of the group whatever generation it believes to be in',
  'offsets-not-reloaded': 'a coordinator answers without having read its groups from the log',
} as const

export type PlantedBug = keyof typeof plantedBugs

const active = new Set<PlantedBug>()

/** Whether the bug is on. False everywhere but in a simulation that asked for it. */
export function planted(name: PlantedBug): boolean {
  return active.size !== 0 && active.has(name)
}

/** Replaces the set of bugs that are on; an empty list turns all of them off. For sim/ and tests. */
export function plantBugs(names: readonly PlantedBug[]): void {
  active.clear()
  for (const name of names) active.add(name)
}
