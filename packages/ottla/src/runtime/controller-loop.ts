/**
 * The controller's shell: takes commands one after another, has core decide, appends the records fenced by its epoch, and
 * answers when they are committed and this broker serves what they say. Commands that wait together share an append. When
 * an append fails the machine is unloaded and read again from the log: what is committed is the truth.
 */
import { assert } from '../base/assert.ts'
import type { BrokerId } from '../base/units.ts'
import type { ControllerCommand, ControllerReply } from '../core/controller/commands.ts'
import { decide } from '../core/controller/decide.ts'
import type { BrokerConfigInForce } from '../core/metadata/broker-config.ts'
import { evolveAll } from '../core/metadata/evolve.ts'
import { emptyImage, type MetadataImage } from '../core/metadata/image.ts'
import { decodeMetadataRecord, encodeMetadataRecord, type MetadataRecord } from '../core/metadata/records.ts'
import type { Leadership, Membership } from '../ports/membership.ts'
import type { MetaAppendResult, MetaLog, MetaOffset } from '../ports/meta-log.ts'
import type { Observe } from '../ports/observe.ts'
import { ControllerUnavailable } from './services.ts'

/** Commands decided into one append. */
const COMMANDS_MAX = 64

interface Waiting {
  readonly command: ControllerCommand
  readonly resolve: (reply: ControllerReply) => void
  readonly reject: (error: ControllerUnavailable) => void
}

export interface ControllerParts {
  readonly self: BrokerId
  readonly incarnation: string
  readonly log: MetaLog
  readonly membership: Membership
  /** Decisions follow what is in force at the image that they are made on. */
  readonly config: BrokerConfigInForce
  readonly whenApplied: (offset: MetaOffset) => Promise<void>
  readonly observe: Observe
  readonly fatal: (why: unknown) => void
}

/** What the controller knows while it leads. */
interface Machine {
  image: MetadataImage
  head: MetaOffset
}

export class ControllerLoop {
  readonly #parts: ControllerParts
  #leadership: Leadership | null = null
  #machine: Machine | null = null
  #queue: Waiting[] = []
  #running: Promise<void> | null = null
  #stopped = false

  constructor(parts: ControllerParts) {
    this.#parts = parts
  }

  /** Resolves when this broker is the controller and has read the whole log. */
  async start(): Promise<void> {
    const { membership, self, incarnation, observe } = this.#parts
    this.#leadership = await membership.campaign(self, incarnation)
    if (this.#leadership === null) throw new ControllerUnavailable('the coordination engine was closed')
    await this.#load()
    observe.log('info', 'controller.elected', { epoch: this.#leadership.epoch })
  }

  submit<C extends ControllerCommand>(command: C): Promise<ControllerReply<C>> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) {
        reject(new ControllerUnavailable('the broker is stopping'))
        return
      }
      this.#queue.push({ command, resolve: resolve as Waiting['resolve'], reject })
      this.#running ??= this.#run().catch(this.#parts.fatal)
    })
  }

  /** Answers what is queued, then takes no more. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    await this.#leadership?.resign()
    this.#leadership = null
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const taken = this.#queue.splice(0, COMMANDS_MAX)
      const machine = this.#machine ?? (await this.#load())
      await this.#decideAndAppend(machine, taken)
    }
    // In the turn in which the queue was seen empty: a command from now on begins another run.
    this.#running = null
  }

  async #decideAndAppend(machine: Machine, taken: readonly Waiting[]): Promise<void> {
    const { config, log, whenApplied } = this.#parts
    const records: MetadataRecord[] = []
    const replies: ControllerReply[] = []
    let image = machine.image
    for (const { command } of taken) {
      const decision = decide(image, command, config)
      image = evolveAll(image, decision.records)
      for (const record of decision.records) records.push(record)
      replies.push(decision.reply)
    }
    const answer = () => {
      taken.forEach((each, i) => {
        each.resolve(replies[i] as ControllerReply)
      })
    }
    if (records.length === 0) {
      answer()
      return
    }
    const epoch = this.#epoch()
    const encoded = records.map(record => encodeMetadataRecord(record))
    const outcome = epoch === null ? null : await log.append(epoch, machine.head, encoded)
    if (outcome?.kind !== 'ok') {
      this.#machine = null
      const why = whyNotAppended(outcome)
      this.#parts.observe.log('warn', 'controller.append-failed', { outcome: outcome?.kind ?? 'deposed', why })
      for (const each of taken) each.reject(new ControllerUnavailable(why))
      return
    }
    machine.image = image
    machine.head = outcome.head
    // The next commands need not wait until the broker has opened what these made.
    whenApplied(outcome.head).then(answer, this.#parts.fatal)
  }

  /** Null once the role may have passed on. */
  #epoch(): number | null {
    return this.#leadership?.valid() === true ? this.#leadership.epoch : null
  }

  async #load(): Promise<Machine> {
    const { snapshot, entries, head } = await this.#parts.log.read(0)
    const records = [...(snapshot?.records ?? []), ...entries.flatMap(entry => entry.records)].map(decodeMetadataRecord)
    assert(head >= (snapshot?.endOffset ?? 0), 'a snapshot is of what was appended', { head })
    this.#machine = { image: evolveAll(emptyImage(), records), head }
    return this.#machine
  }
}

function whyNotAppended(outcome: Exclude<MetaAppendResult, { kind: 'ok' }> | null): string {
  if (outcome === null) return 'this broker is no longer the controller'
  return outcome.kind === 'refused'
    ? `the metadata log has no room: ${outcome.reason}`
    : `the metadata log answered ${outcome.kind}`
}
