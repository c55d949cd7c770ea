/** Fields that many messages share, so that they mean the same everywhere. */
import { type Field, f, type StructType, struct } from './language.ts'

export const throttleTimeMs = (versions: string): Field =>
  f.int32(versions, {
    default: 0,
    doc: 'How long the client was, or should hold itself, throttled by a quota. Milliseconds.',
  })

export const errorCode = (versions: string, subject: string): Field =>
  f.int16(versions, { default: 0, doc: `Why ${subject} failed; 0 when it did not (spec/errors).` })

export const errorMessage = (versions: string, nullable = versions): Field =>
  f.string(versions, {
    nullable,
    default: null,
    doc: 'The error in words, for people; null when there is nothing to add.',
  })

export const replicaId = (versions: string): Field =>
  f.int32(versions, { default: -1, doc: 'Broker id of a follower; -1 from a client.' })

/** Where a partition's leader is, for clients that asked the wrong broker (KIP-951). */
export const leaderIdAndEpoch = (name: string): StructType =>
  struct(name, {
    leaderId: f.int32('0+', { default: -1, doc: 'Broker id of the leader; -1 when unknown.' }),
    leaderEpoch: f.int32('0+', { default: -1, doc: 'Epoch of that leader; -1 when unknown.' }),
  })

/** Address of a broker named by a leader hint (KIP-951). */
export const nodeEndpoint = (name: string): StructType =>
  struct(name, {
    nodeId: f.int32('0+', { doc: 'Broker id.' }),
    host: f.string('0+', { doc: 'Advertised host name.' }),
    port: f.int32('0+', { doc: 'Advertised port.' }),
    rack: f.string('0+', { nullable: '0+', default: null, doc: 'Rack of the broker; null when it has none.' }),
  })

export const topicName = (versions: string, doc = 'Name of the topic.'): Field => f.string(versions, { doc })

export const topicId = (versions: string): Field =>
  f.uuid(versions, { default: 'zero', doc: 'Id of the topic; all zero when unknown.' })

export const partitionIndexes = (versions: string, doc: string): Field => f.array(versions, 'int32', { doc })

/** Sent for authorized operations that nobody asked for: the smallest int32. */
const NOT_ASKED = -2_147_483_648

/** Operations are numbered as in ACLs: bit n stands for operation n. */
export const authorizedOperations = (versions: string, subject: string): Field =>
  f.int32(versions, {
    default: NOT_ASKED,
    doc: `Bit field of the operations that the client may do on ${subject}; the smallest int32 when not asked for.`,
  })

export const groupId = (versions: string): Field => f.string(versions, { doc: 'Id of the group.' })

export const groupInstanceId = (versions: string): Field =>
  f.string(versions, {
    nullable: versions,
    default: null,
    doc: 'Id that a static member keeps over restarts (KIP-345); null for a dynamic one.',
  })

export const producerId = (doc = 'Producer id.'): Field => f.int64('0+', { doc })
export const producerEpoch = (doc = 'Epoch of that id.'): Field => f.int16('0+', { doc })

/** Topics with partitions named by index, as `partitions`. */
export const topicPartitions = (
  name: string,
  field: 'topic' | 'name',
  list: 'partitions' | 'partitionIndexes',
): StructType =>
  struct(name, {
    [field]: topicName('0+'),
    [list]: partitionIndexes('0+', 'Partitions of the topic.'),
  })

/** Answers of one error code for each partition. */
export const topicErrors = (name: string): StructType =>
  struct(name, {
    name: topicName('0+'),
    partitions: f.array(
      '0+',
      struct(`${name}Partition`, {
        partitionIndex: f.int32('0+', { doc: 'Partition.' }),
        errorCode: errorCode('0+', 'the request for this partition'),
      }),
      { doc: 'One answer for each partition asked for.' },
    ),
  })

export const resourceType = (
  doc = 'Type of the resource: 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.',
): Field => f.int8('0+', { doc })
