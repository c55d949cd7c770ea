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
