/**
 * Inputs that are kept: one for each thing that was ever seen to happen, the smallest found. One file for each target in
 * fixtures/fuzz: a line of JSON for each input. Findings are kept too, in files of their own, until they no longer are.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from './target.ts'

/** Inputs above this size are run and not kept. Bytes. */
const KEPT_BYTES_MAX = 4096
/** Inputs kept for one target. */
const KEPT_MAX = 400

export const FOLDER = join(import.meta.dirname, '../../fixtures/fuzz')

export class Corpus {
  readonly #path: string
  readonly #byOutcome = new Map<string, Uint8Array>()
  #changed = false

  constructor(target: string, folder = FOLDER) {
    this.#path = join(folder, `${target}.jsonl`)
    if (!existsSync(this.#path)) return
    for (const line of readFileSync(this.#path, 'utf8').split('\n')) {
      if (line === '') continue
      const { outcome, hex } = JSON.parse(line) as { outcome: string; hex: string }
      this.#byOutcome.set(outcome, Uint8Array.from(Buffer.from(hex, 'hex')))
    }
  }

  get size(): number {
    return this.#byOutcome.size
  }

  inputs(): Uint8Array[] {
    return [...this.#byOutcome.values()]
  }

  /** Whether the input is worth going on from: its outcome is new. */
  offer(outcome: string, input: Uint8Array): boolean {
    const held = this.#byOutcome.get(outcome)
    if (held === undefined ? this.#byOutcome.size >= KEPT_MAX : held.length <= input.length) return false
    if (input.length > KEPT_BYTES_MAX) return held === undefined
    this.#byOutcome.set(outcome, input)
    this.#changed = true
    return held === undefined
  }

  save(): void {
    if (!this.#changed) return
    const lines = [...this.#byOutcome].sort(([a], [b]) => (a < b ? -1 : 1))
    const text = lines.map(([outcome, input]) => JSON.stringify({ outcome, hex: Buffer.from(input).toString('hex') }))
    mkdirSync(join(this.#path, '..'), { recursive: true })
    writeFileSync(this.#path, `${text.join('\n')}\n`)
  }
}

/** Writes the finding's input down; gives its path. */
export function saveFinding(finding: Finding, folder = join(FOLDER, 'found')): string {
  mkdirSync(folder, { recursive: true })
  const name = createHash('sha256').update(finding.input).digest('hex').slice(0, 12)
  const path = join(folder, `${finding.target}-${finding.kind}-${name}.hex`)
  writeFileSync(path, `${Buffer.from(finding.input).toString('hex')}\n`)
  return path
}

/** Inputs of earlier findings of a target. */
export function foundInputs(target: string, folder = join(FOLDER, 'found')): Uint8Array[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter(name => name.startsWith(`${target}-`))
    .sort()
    .map(name => Uint8Array.from(Buffer.from(readFileSync(join(folder, name), 'utf8').trim(), 'hex')))
}
