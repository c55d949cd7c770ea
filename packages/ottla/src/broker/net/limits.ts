/**
 * What one connection, and all of them together, may cost (docs/reliability.md J, G1, G2, I1-I4). Those that Kafka has
 * a key for come from the configuration; the others are constants here.
 */
import type { Bytes, Millis } from '../../base/units.ts'
import type { BrokerConfig } from '../../spec/config/broker.ts'

export interface NetLimits {
  /** `socket.request.max.bytes`. */
  readonly requestBytesMax: Bytes
  /** `connections.max.idle.ms`: no request came and no reply left for this long, none is in work. Infinite when the key says -1. */
  readonly idleMs: Millis
  /** `max.connections`, over all listeners. */
  readonly connectionsMax: number
  /** `max.connections.per.ip`. */
  readonly connectionsPerAddressMax: number
  /** `max.connection.creation.rate`, per second over all listeners. */
  readonly connectionsPerSecond: number
}

export function netLimitsOf(config: BrokerConfig): NetLimits {
  return {
    requestBytesMax: config.socketRequestMaxBytes,
    idleMs: config.connectionsMaxIdleMs < 0 ? Number.POSITIVE_INFINITY : config.connectionsMaxIdleMs,
    connectionsMax: config.maxConnections,
    connectionsPerAddressMax: config.maxConnectionsPerIp,
    connectionsPerSecond: config.maxConnectionCreationRate,
  }
}

/** Requests of one connection that may be in work, or wait for their turn to be answered. */
export const IN_WORK_MAX = 500
/**
 * Of those, requests that do not move records: their replies are not paced while they are made, and all topics of a large
 * cluster are a megabyte.
 */
export const OTHERS_IN_WORK_MAX = 16
/** Replies of one connection that may wait to be sent; above it nothing more of it is read. Bytes. */
export const UNSENT_BYTES_MAX = 16 * 1024 * 1024
/** What may wait to be sent to all connections before replies get shorter. Bytes. */
export const UNSENT_BYTES_TOTAL_MAX = 256 * 1024 * 1024
/** A connection that took none of the bytes offered for this long is dropped. */
export const SLOW_READER_MS = 30_000
/**
 * A connection that waited this long for storage to have room is dropped: while it is not read nobody sees that its
 * client gave up, which most do after 30 s, and its place and its memory would be held for as long as a disk is full.
 */
export const NO_ROOM_MS = 60_000
/** From when on a request still being received must keep up `FRAME_BYTES_PER_SECOND_MIN` on average. */
export const FRAME_GRACE_MS = 30_000
/** 100 MiB at this rate take four hours; one byte a second ends after the grace. */
export const FRAME_BYTES_PER_SECOND_MIN = 8 * 1024
/** Requests of one connection that are begun before others get their turn. */
export const FRAMES_PER_TURN = 256
/** A new connection above the creation rate waits for up to this long to be served; beyond it is refused. */
export const ADMISSION_WAIT_MS_MAX = 5_000
/** How often idle, slow and stalled connections are looked for. */
export const SWEEP_MS = 1_000
