/** What the controller's decisions are made of. */
import type { BrokerConfig } from '../../spec/config/broker.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import type { Outcome } from './commands.ts'

/**
 * Records to be appended as one, and the answer to give once they are committed. No records: nothing changes, and the
 * answer may go out when all that was decided before is committed.
 */
export interface Decision<Reply> {
  readonly records: readonly MetadataRecord[]
  readonly reply: Reply
}

/** The broker config that decisions depend on, as it is in force at the image that they are made on. */
export type ControllerRules = Pick<
  BrokerConfig,
  'numPartitions' | 'defaultReplicationFactor' | 'deleteTopicEnable' | 'topicDefaults'
>

export const DONE: Outcome = { error: 'NONE', message: null }

/** `message` null: the error's name says it all. */
export function refusal(error: WireErrorName, message: string | null): Outcome {
  return { error, message }
}
