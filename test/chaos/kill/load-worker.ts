/**
 * What producers and readers under load share: one connection at a time through any number of deaths of the broker,
 * pauses, and an end. What is done over a connection is theirs.
 */
import type { Connection } from '../../../packages/ottla/src/client/connection.ts'
import { Bell } from './bell.ts'
import { isLostConnection } from './broker-link.ts'
import type { Load } from './load.ts'

export abstract class LoadWorker {
  readonly name: string
  protected readonly load: Load
  /** Rings when it is paused no more, stopped, without its connection, or done with what it was busy with. */
  protected readonly bell = new Bell()
  protected isPaused = false
  protected isStopped = false
  #done: Promise<void> = Promise.resolve()

  constructor(load: Load, name: string) {
    this.load = load
    this.name = name
  }

  /** Something of it is out, which a pause waits for. */
  protected abstract get isBusy(): boolean

  /** Works until the connection is lost, which it may tell by throwing, or the worker is stopped. */
  protected abstract workOver(connection: Connection): Promise<void>

  /** The connection is gone. */
  protected abstract disconnected(): Promise<void>

  start(): void {
    this.#done = this.#run()
    this.#done.catch((error: unknown) => this.load.failed(error))
  }

  /** Resolves when nothing of it is out. What is unknown stays so until it goes on. */
  async pause(): Promise<void> {
    this.isPaused = true
    await this.settled()
  }

  goOn(): void {
    this.isPaused = false
    this.bell.ring()
  }

  /** For good. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.isStopped = true
    this.bell.ring()
    await this.#done
  }

  protected async settled(): Promise<void> {
    while (this.isBusy) await this.bell.next()
  }

  async #run(): Promise<void> {
    while (!this.isStopped) {
      const connection = await this.load.link.connect(this.name)
      if (connection === null) return
      connection.onClose(() => this.bell.ring())
      try {
        await this.workOver(connection)
      } catch (error) {
        if (!isLostConnection(error)) throw error
      } finally {
        connection.close()
        await this.disconnected()
      }
    }
  }
}
