/**
 * The records of the metadata log and their bytes: a type number (int16), then the record as wire/schema/records/metadata
 * declares it, which begins with its version. A type or a version that this release does not know is an error of its own:
 * a newer release wrote it, and to go on without it would mean to disagree about the cluster.
 */
import { DecodeError, Reader, Writer } from '../../base/cursor.ts'
import type { RecordCodec } from '../../wire/api.ts'
import {
  type MetadataBroker,
  type MetadataBrokerRemoval,
  type MetadataBrokerState,
  type MetadataCluster,
  type MetadataConfig,
  type MetadataFeature,
  type MetadataPartition,
  type MetadataPartitionState,
  type MetadataProducerIds,
  type MetadataTopic,
  type MetadataTopicRemoval,
  metadataBrokerRecord,
  metadataBrokerRemovalRecord,
  metadataBrokerStateRecord,
  metadataClusterRecord,
  metadataConfigRecord,
  metadataFeatureRecord,
  metadataPartitionRecord,
  metadataPartitionStateRecord,
  metadataProducerIdsRecord,
  metadataTopicRecord,
  metadataTopicRemovalRecord,
} from '../../wire/gen/records/metadata.ts'

/** What each type of record holds. Fields: wire/schema/records/metadata.ts. */
export interface MetadataBodies {
  cluster: MetadataCluster
  broker: MetadataBroker
  brokerState: MetadataBrokerState
  brokerRemoval: MetadataBrokerRemoval
  topic: MetadataTopic
  topicRemoval: MetadataTopicRemoval
  partition: MetadataPartition
  partitionState: MetadataPartitionState
  config: MetadataConfig
  producerIds: MetadataProducerIds
  feature: MetadataFeature
}

export type MetadataType = keyof MetadataBodies

/** One record: its type and what it says. */
export type MetadataRecord = {
  [Type in MetadataType]: { readonly type: Type; readonly body: Readonly<MetadataBodies[Type]> }
}[MetadataType]

interface Row<Body> {
  /** On disk for ever: a number is never given to another type. */
  readonly number: number
  readonly codec: RecordCodec<Body, Body>
}

const rows: { readonly [Type in MetadataType]: Row<MetadataBodies[Type]> } = {
  cluster: { number: 1, codec: metadataClusterRecord },
  broker: { number: 2, codec: metadataBrokerRecord },
  brokerState: { number: 3, codec: metadataBrokerStateRecord },
  brokerRemoval: { number: 4, codec: metadataBrokerRemovalRecord },
  topic: { number: 5, codec: metadataTopicRecord },
  topicRemoval: { number: 6, codec: metadataTopicRemovalRecord },
  partition: { number: 7, codec: metadataPartitionRecord },
  partitionState: { number: 8, codec: metadataPartitionStateRecord },
  config: { number: 9, codec: metadataConfigRecord },
  producerIds: { number: 10, codec: metadataProducerIdsRecord },
  feature: { number: 11, codec: metadataFeatureRecord },
}

const typeByNumber = new Map(Object.entries(rows).map(([type, row]) => [row.number, type as MetadataType]))

/** A record that this release cannot read: a newer one wrote it, or the bytes are not what was written. */
export class MetadataRecordError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'MetadataRecordError'
  }
}

/** One for all: its chunk is large against a record, and what was handed out is never written again. */
const writer = new Writer()

/** In the newest version. */
export function encodeMetadataRecord(record: MetadataRecord): Uint8Array {
  const { number, codec } = rows[record.type] as Row<unknown>
  writer.beginBare()
  writer.int16(number)
  codec.encode(writer, codec.max, record.body)
  return writer.finishBytes()
}

/** Throws MetadataRecordError. Fields of a newer release that an older one may skip are kept as views of `bytes`. */
export function decodeMetadataRecord(bytes: Uint8Array): MetadataRecord {
  const reader = new Reader(bytes)
  try {
    const number = reader.int16()
    const type = typeByNumber.get(number)
    if (type === undefined) throw new MetadataRecordError(`metadata record of unknown type ${number}`)
    const body = rows[type].codec.decode(reader)
    if (reader.remaining !== 0) throw new MetadataRecordError(`${reader.remaining} bytes behind a ${type} record`)
    return { type, body } as MetadataRecord
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new MetadataRecordError(`metadata record: ${error.message}`, error)
  }
}
