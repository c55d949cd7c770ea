/** Imported into the broker's process before its program: plants the bug that the query of this module's URL names. */
import { type PlantedBug, plantBugs } from '../../../packages/ottla/src/base/planted.ts'

plantBugs([new URL(import.meta.url).search.slice(1) as PlantedBug])
