/**
 * What storage promised so far, for tests that crash it anywhere: per log what was ever appended, what of it was
 * acknowledged, and which cut or deletion was under way. `check` compares a recovered directory with it.
 */
import assert from 'node:assert/strict'
import type { Offset } from '../base/units.ts'
import type { TopicConfig } from '../spec/config/topic.ts'
import type { CleanerOptions } from './cleaner/log-cleaner.ts'
import { recordsFrom } from './cleaner/testing.ts'
import type { LogId } from './env.ts'
import type { Log } from './log.ts'
import type { LogDirectory } from './log-directory.ts'
import { appendTo, type TestBatch, valuesFrom } from './testing.ts'

export type CrashKind = 'kill' | 'power'

class LogModel {
  readonly id: LogId
  readonly config: TopicConfig
  log: Log
  /** Value of the record at each offset, as last appended; empty for a tombstone. */
  values: string[] = []
  /** Their keys, where they have one. */
  readonly keys: (string | undefined)[] = []
  ackedEnd: Offset = 0
  start: Offset = 0
  /** A cut was asked for and not answered: its offset, and what stood above it. */
  cutting: { readonly offset: Offset; readonly before: readonly string[] } | null = null
  /** A later start was asked for and not answered. */
  starting: Offset | null = null
  removal: 'none' | 'asked' | 'done' = 'none'

  constructor(log: Log, config: TopicConfig) {
    this.log = log
    this.id = log.id
    this.config = config
  }

  get acknowledgedSurvives(): boolean {
    return this.config.durability === 'disk'
  }
}

export class StorageModel {
  readonly logs = new Map<string, LogModel>()
  directory: LogDirectory
  /** What the harness appends after a recovery. */
  usual: TestBatch = { count: 2 }
  #marks = 0

  constructor(directory: LogDirectory) {
    this.directory = directory
  }

  async create(name: string, id: LogId, config: TopicConfig): Promise<void> {
    const log = await this.directory.create(id, config)
    const model = new LogModel(log, config)
    this.#attach(model)
    this.logs.set(name, model)
  }

  /** Hooks as the partition host's: the high watermark is the durable end. */
  #attach(model: LogModel): void {
    const { log } = model
    log.attach({
      highWatermark: () => log.durableEndOffset,
      producers: () => ({ offset: log.endOffset, entries: [] }),
      durable: () => {},
    })
  }

  of(name: string): LogModel {
    const model = this.logs.get(name)
    assert.ok(model, name)
    return model
  }

  /** Not awaited by most: resolves when it is acknowledged. */
  append(name: string, options: TestBatch = {}): Promise<void> {
    const model = this.of(name)
    const mark = `m${this.#marks++}`
    const from = model.log.endOffset
    const count = options.count ?? 1
    const done = appendTo(model.log, { ...options, mark })
    for (let i = 0; i < count; i++) {
      model.values[from + i] = options.deletes === true ? '' : `${from + i}${mark}`
      model.keys[from + i] = options.key
    }
    model.values.length = from + count
    const end = from + count
    return done.then(() => {
      model.ackedEnd = Math.max(model.ackedEnd, end)
    })
  }

  async truncate(name: string, offset: Offset): Promise<void> {
    const model = this.of(name)
    model.cutting = { offset, before: [...model.values] }
    await model.log.truncateTo(offset)
    model.values.length = Math.min(model.values.length, offset)
    model.ackedEnd = Math.min(model.ackedEnd, offset)
    model.cutting = null
  }

  async advanceStart(name: string, offset: Offset): Promise<void> {
    const model = this.of(name)
    model.starting = offset
    await model.log.advanceStart(offset)
    model.start = offset
    model.starting = null
  }

  async retain(nowMs: number): Promise<void> {
    for (const model of this.logs.values()) model.starting = Math.max(model.starting ?? 0, model.log.durableEndOffset)
    await this.directory.runRetention(nowMs)
    for (const model of this.logs.values()) {
      model.start = Math.max(model.start, model.log.startOffset)
      model.starting = null
    }
  }

  /** Compacts what can be, after a checkpoint that closes what was rolled. */
  async clean(options: CleanerOptions): Promise<void> {
    await this.directory.checkpoint()
    await this.directory.cleaner.run(options)
  }

  async remove(name: string): Promise<void> {
    const model = this.of(name)
    model.removal = 'asked'
    await this.directory.remove(model.log)
    model.removal = 'done'
  }

  /** The directory was opened again after a stop of this kind; from now on the model goes on with it. */
  async check(directory: LogDirectory, how: CrashKind | 'stop'): Promise<void> {
    this.directory = directory
    for (const [name, model] of this.logs) {
      const log = directory.find(model.id.topicId, model.id.partition)
      if (log === undefined) {
        assert.ok(model.removal !== 'none' || model.config.durability === 'memory', `${name} is gone`)
        this.logs.delete(name)
        continue
      }
      assert.notEqual(model.removal, 'done', `${name} was deleted and is there again`)
      model.log = log
      await checkLog(name, model, how)
      this.#attach(model)
    }
  }
}

async function checkLog(name: string, model: LogModel, how: CrashKind | 'stop'): Promise<void> {
  const { log } = model
  assert.equal(log.fault, null, `${name}: ${log.fault?.message}`)
  const wasCut = model.cutting !== null && log.endOffset <= model.cutting.offset
  const history = wasCut || model.cutting === null ? model.values : model.cutting.before
  const promised = how === 'power' && !model.acknowledgedSurvives ? 0 : model.ackedEnd
  const least = wasCut ? Math.min(promised, model.cutting?.offset ?? 0) : promised
  assert.ok(log.endOffset >= least, `${name} ends at ${log.endOffset}, acknowledged up to ${least}`)
  assert.ok(log.endOffset <= history.length, `${name} ends at ${log.endOffset}, appended up to ${history.length}`)
  if (how !== 'power' || model.acknowledgedSurvives) {
    assert.ok(log.startOffset >= model.start, `${name} starts at ${log.startOffset}, promised ${model.start}`)
  }
  assert.ok(log.startOffset <= Math.max(model.start, model.starting ?? 0), `${name} starts at ${log.startOffset}`)
  if (model.config.cleanupPolicy.has('compact')) await checkCompacted(name, model, history)
  else await checkWhole(name, model, history)
  model.values = history.slice(0, log.endOffset)
  model.ackedEnd = log.endOffset
  model.start = log.startOffset
  model.starting = null
  model.cutting = null
}

async function checkWhole(name: string, model: LogModel, history: readonly string[]): Promise<void> {
  const { log } = model
  const values = await valuesFrom(log, log.startOffset)
  assert.deepEqual(values, history.slice(log.startOffset, log.endOffset), `${name} from ${log.startOffset}`)
  // Each by itself too, which asks the indexes where it is.
  for (let offset = log.startOffset; offset < log.endOffset; offset += 3) {
    const [value] = await valuesFrom(log, offset, log.endOffset, 1)
    assert.equal(value, history[offset], `${name} at ${offset}`)
  }
}

/** Whatever compaction took away, a later record of the same key replaces; a tombstone may go when it is the last. */
async function checkCompacted(name: string, model: LogModel, history: readonly string[]): Promise<void> {
  const { log, keys } = model
  const seen = await recordsFrom(log)
  const newestSeen = new Map<string, Offset>()
  for (const { offset, key, value } of seen) {
    assert.deepEqual(
      [key ?? undefined, value?.replace(/\.+$/, '') ?? ''],
      [keys[offset], history[offset]],
      `${name} at ${offset}`,
    )
    if (key !== null) newestSeen.set(key, offset)
  }
  const newest = new Map<string, Offset>()
  keys.slice(0, log.endOffset).forEach((key, offset) => {
    if (key !== undefined) newest.set(key, offset)
  })
  for (const [key, offset] of newest) {
    const isGone = history[offset] === '' && !newestSeen.has(key)
    assert.ok(isGone || newestSeen.get(key) === offset, `${name}: ${key} is at ${newestSeen.get(key)}, not ${offset}`)
  }
  for (let from = log.startOffset; from < log.endOffset; from += 3) {
    const expected = seen.filter(({ offset }) => offset >= from)
    assert.deepEqual(await recordsFrom(log, from), expected, `${name} from ${from}`)
  }
}
