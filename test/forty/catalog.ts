/** All forty behaviours, in their order. */
import type { Behaviour } from './behaviour.ts'
import { connectionBehaviours } from './behaviours/connection.ts'
import { fetchBehaviours } from './behaviours/fetch.ts'
import { groupBehaviours } from './behaviours/groups.ts'
import { idempotenceBehaviours } from './behaviours/idempotence.ts'
import { limitBehaviours } from './behaviours/limits.ts'
import { metadataBehaviours } from './behaviours/metadata.ts'
import { offsetBehaviours } from './behaviours/offsets.ts'
import { positionBehaviours } from './behaviours/positions.ts'
import { produceBehaviours } from './behaviours/produce.ts'
import { topicBehaviours } from './behaviours/topics.ts'

export const behaviours: readonly Behaviour[] = [
  ...connectionBehaviours,
  ...produceBehaviours,
  ...idempotenceBehaviours,
  ...fetchBehaviours,
  ...positionBehaviours,
  ...metadataBehaviours,
  ...groupBehaviours,
  ...offsetBehaviours,
  ...topicBehaviours,
  ...limitBehaviours,
].sort((a, b) => a.number - b.number)
