/**
 * kcat as a member of a group (`kcat -G`): a process that lives as long as the member. It prints records on its
 * standard output and what it is assigned on its standard error, and commits by itself what it has printed.
 */
import type { ChildProcess } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { endChild, startChild } from '../children.ts'
import { type Address, addressText } from '../raw/judge.ts'
import type { GroupMember, JoinRequest, MemberView, SeenRecord } from './member.ts'

const noCommand = 'kcat takes no commands while it consumes'

export class KcatMember implements GroupMember {
  readonly #child: ChildProcess
  #assigned: number[] = []
  #assignments = 0
  readonly #revoked: number[] = []
  #records: SeenRecord[] = []
  #failure: string | null = null

  constructor(address: Address, request: JoinRequest, logPath: string) {
    const settings = {
      'partition.assignment.strategy': request.assignor === 'cooperative' ? 'cooperative-sticky' : request.assignor,
      'session.timeout.ms': request.sessionTimeoutMs,
      'heartbeat.interval.ms': 200,
      'fetch.wait.max.ms': 100,
      'auto.offset.reset': 'earliest',
      ...(request.instanceId === null ? {} : { 'group.instance.id': request.instanceId }),
      ...(request.autoCommitMs === null ? {} : { 'auto.commit.interval.ms': request.autoCommitMs }),
    }
    const options = Object.entries(settings).flatMap(([name, value]) => ['-X', `${name}=${value}`])
    const args = ['-b', addressText(address), ...options, '-u', '-f', '%p %o %s\\n', '-G', request.group, request.topic]
    this.#child = startChild('kcat', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    createInterface({ input: this.#child.stdout! }).on('line', line => this.#record(line))
    createInterface({ input: this.#child.stderr! }).on('line', line => {
      appendFileSync(logPath, `${line}\n`)
      this.#event(line)
    })
    this.#child.once('close', code => {
      if (code !== 0) this.#failure ??= `kcat ended with ${code}`
    })
  }

  async view(): Promise<MemberView> {
    const records = this.#records
    this.#records = []
    const owned = { assigned: [...this.#assigned], assignments: this.#assignments, revoked: [...this.#revoked] }
    return { ...owned, records, failure: this.#failure }
  }

  commit(): Promise<void> {
    return Promise.reject(new Error(noCommand))
  }

  seek(): Promise<void> {
    return Promise.reject(new Error(noCommand))
  }

  pause(): Promise<void> {
    return Promise.reject(new Error(noCommand))
  }

  resume(): Promise<void> {
    return Promise.reject(new Error(noCommand))
  }

  async leave(): Promise<MemberView> {
    await endChild(this.#child)
    return this.view()
  }

  #record(line: string): void {
    const [, partition, offset, value] = /^(\d+) (\d+) (.*)$/.exec(line)!
    this.#records.push([Number(partition), Number(offset), Buffer.from(value!).toString('base64')])
  }

  /**
   * For example `% Group g rebalanced (memberid m): assigned: t [0], t [1]`, or, cooperatively,
   * `% Group g rebalanced: incremental revoke of 2 partition(s) (memberid m, ...): t [0], t [1]`.
   */
  #event(line: string): void {
    const found = /rebalanced.*?\b(assign|revoke)/.exec(line)
    if (found === null) {
      if (line.includes('ERROR')) this.#failure ??= line
      return
    }
    const partitions = [...line.matchAll(/\[(\d+)\]/g)].map(match => Number(match[1]))
    if (found[1] === 'revoke') {
      this.#revoked.push(...partitions)
      this.#assigned = this.#assigned.filter(each => !partitions.includes(each))
    } else {
      this.#assignments++
      this.#assigned = [...this.#assigned, ...partitions].sort((left, right) => left - right)
    }
  }
}
