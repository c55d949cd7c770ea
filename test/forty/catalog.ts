/** All forty behaviours, in their order. */
import type { Behaviour } from './behaviour.ts'
import { connectionBehaviours } from './behaviours/connection.ts'
import { fetchBehaviours } from './behaviours/fetch.ts'
import { idempotenceBehaviours } from './behaviours/idempotence.ts'
import { metadataBehaviours } from './behaviours/metadata.ts'
import { positionBehaviours } from './behaviours/positions.ts'
import { produceBehaviours } from './behaviours/produce.ts'

export const behaviours: readonly Behaviour[] = [
  ...connectionBehaviours,
  ...produceBehaviours,
  ...idempotenceBehaviours,
  ...fetchBehaviours,
  ...positionBehaviours,
  ...metadataBehaviours,
].sort((a, b) => a.number - b.number)
