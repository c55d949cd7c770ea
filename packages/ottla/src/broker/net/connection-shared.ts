/** What the connections of one broker share. */
import type { Reader, Writer } from '../../base/cursor.ts'
import type { BrokerServices } from '../../runtime/services.ts'
import type { FrameMemory } from '../../wire/frame-memory.ts'
import type { ApiTable } from '../api/api-table.ts'
import type { NetLimits } from './limits.ts'
import type { NetMeter } from './net-meter.ts'

export interface ConnectionShared {
  readonly services: BrokerServices
  readonly apis: ApiTable
  readonly limits: NetLimits
  readonly memory: FrameMemory
  readonly meter: NetMeter
  /** Decoding and encoding never wait, so one of each serves all. */
  readonly reader: Reader
  readonly writer: Writer
}
