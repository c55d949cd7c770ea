/**
 * What the reply to a whole request looks like that a broker refuses with one error: the error stands where the version
 * of the request has room for it, at the top or with each thing that was asked for. Rows for what a client may be tested
 * against; Produce, Fetch and Metadata are not here, because their replies need more than the request.
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import { aliveBrokers } from '../../core/metadata/image.ts'
import type { Api } from '../../wire/api.ts'
import { alterConfigsApi } from '../../wire/gen/alter-configs.ts'
import { apiVersionsApi } from '../../wire/gen/api-versions.ts'
import { createPartitionsApi } from '../../wire/gen/create-partitions.ts'
import { createTopicsApi } from '../../wire/gen/create-topics.ts'
import { deleteGroupsApi } from '../../wire/gen/delete-groups.ts'
import { deleteRecordsApi } from '../../wire/gen/delete-records.ts'
import { deleteTopicsApi } from '../../wire/gen/delete-topics.ts'
import { describeClusterApi } from '../../wire/gen/describe-cluster.ts'
import { describeConfigsApi } from '../../wire/gen/describe-configs.ts'
import { describeGroupsApi } from '../../wire/gen/describe-groups.ts'
import { findCoordinatorApi } from '../../wire/gen/find-coordinator.ts'
import { heartbeatApi } from '../../wire/gen/heartbeat.ts'
import { incrementalAlterConfigsApi } from '../../wire/gen/incremental-alter-configs.ts'
import { initProducerIdApi } from '../../wire/gen/init-producer-id.ts'
import { joinGroupApi } from '../../wire/gen/join-group.ts'
import { leaveGroupApi } from '../../wire/gen/leave-group.ts'
import { listGroupsApi } from '../../wire/gen/list-groups.ts'
import { listOffsetsApi } from '../../wire/gen/list-offsets.ts'
import { offsetCommitApi } from '../../wire/gen/offset-commit.ts'
import { offsetDeleteApi } from '../../wire/gen/offset-delete.ts'
import { offsetFetchApi } from '../../wire/gen/offset-fetch.ts'
import { offsetForLeaderEpochApi } from '../../wire/gen/offset-for-leader-epoch.ts'
import { syncGroupApi } from '../../wire/gen/sync-group.ts'
import type { ApiContext } from './handler.ts'

// First versions in which the place of the error, or what stands with it, is another one.
const COORDINATORS_SINCE = 4
const FETCHED_GROUPS_SINCE = 8
const FETCH_ERROR_ON_TOP_SINCE = 2
const DELETED_BY_LIST_SINCE = 6
const NULL_PROTOCOL_SINCE = 7
const NO_BYTES = new Uint8Array(0)

type Refused = (request: unknown, code: number, context: ApiContext) => unknown

/** A row; the types of request and reply must fit the API. */
function row<Q, QI, R, RI>(_api: Api<Q, QI, R, RI>, refuse: (request: Q, code: number, context: ApiContext) => RI) {
  return refuse as Refused
}

/** By the name of the API. */
export const refusedReplies = {
  ListOffsets: row(listOffsetsApi, ({ topics }, errorCode) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  })),
  OffsetCommit: row(offsetCommitApi, ({ topics }, errorCode) => ({
    topics: topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  })),
  OffsetFetch: row(offsetFetchApi, ({ groups, topics }, errorCode, { apiVersion }) => {
    if (apiVersion >= FETCHED_GROUPS_SINCE)
      return { groups: groups.map(({ groupId }) => ({ groupId, topics: [], errorCode })) }
    if (apiVersion >= FETCH_ERROR_ON_TOP_SINCE) return { topics: [], errorCode }
    return {
      topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map(partitionIndex => ({
          partitionIndex,
          committedOffset: -1,
          metadata: '',
          errorCode,
        })),
      })),
    }
  }),
  FindCoordinator: row(findCoordinatorApi, ({ coordinatorKeys }, errorCode, { apiVersion }) => {
    const refused = { errorCode, nodeId: -1, host: '', port: -1 }
    if (apiVersion < COORDINATORS_SINCE) return refused
    return { coordinators: coordinatorKeys.map(key => ({ ...refused, key })) }
  }),
  JoinGroup: row(joinGroupApi, ({ memberId }, errorCode, { apiVersion }) => ({
    errorCode,
    protocolName: apiVersion >= NULL_PROTOCOL_SINCE ? null : '',
    leader: '',
    memberId,
  })),
  Heartbeat: row(heartbeatApi, (_, errorCode) => ({ errorCode })),
  LeaveGroup: row(leaveGroupApi, (_, errorCode) => ({ errorCode })),
  SyncGroup: row(syncGroupApi, (_, errorCode) => ({ errorCode, assignment: NO_BYTES })),
  DescribeGroups: row(describeGroupsApi, ({ groups }, errorCode) => ({
    groups: groups.map(groupId => ({
      errorCode,
      groupId,
      groupState: '',
      protocolType: '',
      protocolData: '',
      members: [],
    })),
  })),
  ListGroups: row(listGroupsApi, (_, errorCode) => ({ errorCode, groups: [] })),
  DeleteGroups: row(deleteGroupsApi, ({ groupsNames }, errorCode) => ({
    results: groupsNames.map(groupId => ({ groupId, errorCode })),
  })),
  OffsetDelete: row(offsetDeleteApi, (_, errorCode) => ({ errorCode, topics: [] })),
  ApiVersions: row(apiVersionsApi, (_, errorCode) => ({ errorCode, apiKeys: [] })),
  CreateTopics: row(createTopicsApi, ({ topics }, errorCode) => ({
    topics: topics.map(({ name }) => ({ name, errorCode, configs: null })),
  })),
  DeleteTopics: row(deleteTopicsApi, ({ topics, topicNames }, errorCode, { apiVersion }) => ({
    responses:
      apiVersion >= DELETED_BY_LIST_SINCE
        ? topics.map(({ name, topicId }) => ({ name, topicId, errorCode }))
        : topicNames.map(name => ({ name, topicId: ZERO_UUID, errorCode })),
  })),
  DeleteRecords: row(deleteRecordsApi, ({ topics }, errorCode) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, lowWatermark: -1, errorCode })),
    })),
  })),
  InitProducerId: row(initProducerIdApi, (_, errorCode) => ({ errorCode, producerId: -1n, producerEpoch: -1 })),
  OffsetForLeaderEpoch: row(offsetForLeaderEpochApi, ({ topics }, errorCode) => ({
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({ partition, errorCode })),
    })),
  })),
  CreatePartitions: row(createPartitionsApi, ({ topics }, errorCode) => ({
    results: topics.map(({ name }) => ({ name, errorCode })),
  })),
  DescribeConfigs: row(describeConfigsApi, ({ resources }, errorCode) => ({
    results: resources.map(({ resourceType, resourceName }) => ({
      errorCode,
      errorMessage: null,
      resourceType,
      resourceName,
      configs: [],
    })),
  })),
  AlterConfigs: row(alterConfigsApi, ({ resources }, errorCode) => ({
    responses: resources.map(({ resourceType, resourceName }) => ({ errorCode, resourceType, resourceName })),
  })),
  IncrementalAlterConfigs: row(incrementalAlterConfigsApi, ({ resources }, errorCode) => ({
    responses: resources.map(({ resourceType, resourceName }) => ({ errorCode, resourceType, resourceName })),
  })),
  DescribeCluster: row(describeClusterApi, (_, errorCode, { services }) => ({
    errorCode,
    clusterId: services.clusterId,
    controllerId: aliveBrokers(services.image())[0]?.id ?? -1,
    brokers: [],
  })),
} satisfies Readonly<Record<string, Refused>>

export type WhollyRefusable = keyof typeof refusedReplies
