/**
 * Byte streams. FIFO per connection; a stream may be split and joined at any byte. Nothing here knows of frames.
 */
import type { Millis } from '../base/units.ts'

export interface NetAddress {
  /** Host name or IP address; an empty host means every interface (listen only). */
  readonly host: string
  /** 0 to 65,535; 0 lets the system choose (listen only). */
  readonly port: number
}

/** Which layer of a connection failed, so that an error can name it. */
export type NetFaultLayer = 'dns' | 'refused' | 'unreachable' | 'timeout' | 'in-use' | 'denied' | 'reset' | 'local'

export class NetFault extends Error {
  readonly layer: NetFaultLayer
  readonly address: NetAddress | null

  constructor(layer: NetFaultLayer, message: string, address: NetAddress | null) {
    super(message)
    this.name = 'NetFault'
    this.layer = layer
    this.address = address
  }
}

/** The receiver of one connection's events. Calls never overlap. After `closed` there are none. */
export interface NetReceiver {
  /**
   * Memory for the next bytes, at least 1 byte long, asked for before each read. The same memory may be given by many
   * receivers of one process: it is filled and handed over (`received`) without another receiver's turn between.
   */
  space(): Uint8Array
  /** `count` bytes, 1 or more, now stand at the start of the last `space()`. They must be used or copied before returning. */
  received(count: number): void
  /** Everything written has left the process's memory; called once after each time `write` returned false. */
  drained(): void
  /** The connection is gone, both ways. Null after an orderly end by either side. */
  closed(fault: NetFault | null): void
}

export interface NetConnection {
  readonly local: NetAddress
  readonly peer: NetAddress
  /**
   * Sends the chunks in order, without copying them: they must not change until `sent` was called (also called when the
   * connection closes first). Nothing is sent any more after `end` or `destroy`. False when more is held than the system takes at once: wait for `drained`.
   */
  write(chunks: readonly Uint8Array[], sent?: () => void): boolean
  /** Bytes written and not yet taken by the system. */
  readonly bufferedBytes: number
  /** Stops and resumes reading; data already on its way to `received` may still come once. */
  pause(): void
  resume(): void
  /** Sends what was written, then closes. What the peer sent and is not received yet is dropped, and harms nothing. */
  end(): void
  /** Closes at once; what was written may be lost. */
  destroy(): void
}

export interface NetListener {
  /** The address bound, with the port that the system chose. */
  readonly address: NetAddress
  /** Stops accepting. Open connections live on. Resolves when the port is free. */
  close(): Promise<void>
}

export interface Net {
  /** Rejects with a NetFault (`in-use`, `denied`, `dns`). `accept` returns the receiver of a new connection, or null to refuse it. */
  listen(address: NetAddress, accept: (connection: NetConnection) => NetReceiver | null): Promise<NetListener>
  /** Rejects with a NetFault that names the layer. `timeoutMs` bounds the whole attempt. */
  connect(
    address: NetAddress,
    options: { readonly timeoutMs: Millis },
    receive: (connection: NetConnection) => NetReceiver,
  ): Promise<NetConnection>
}
