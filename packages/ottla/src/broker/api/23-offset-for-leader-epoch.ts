/**
 * OffsetForLeaderEpoch: where a leader's term ended, so that a reader finds out whether what it read still stands
 * (KIP-101, KIP-279, KIP-320). Epoch and end offset are -1 for a term that is not known. v3 the asking replica, v4
 * flexible.
 */
import { errorCodeOf } from '../../spec/errors.ts'
import {
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponseInput,
  offsetForLeaderEpochApi,
} from '../../wire/gen/offset-for-leader-epoch.ts'
import { type Handler, serve } from './handler.ts'

export const handleOffsetForLeaderEpoch: Handler<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponseInput> = (
  { services },
  request,
) => ({
  body: {
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
        const name = { topic, topicId: null, partition }
        const reply = services.partitions.endOffsetForEpoch(name, { currentLeaderEpoch, leaderEpoch })
        return {
          errorCode: errorCodeOf(reply.error),
          partition,
          leaderEpoch: reply.leaderEpoch,
          endOffset: reply.endOffset,
        }
      }),
    })),
  },
})

export const offsetForLeaderEpoch = serve(offsetForLeaderEpochApi, handleOffsetForLeaderEpoch)
