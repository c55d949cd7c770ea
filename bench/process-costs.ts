/** What a process has cost so far and what it holds, from proc(5): Linux alone. */
import { readdirSync, readFileSync } from 'node:fs'

/** Of the clock that /proc counts processor time in; the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100
const PAGE_BYTES = 4096

/** Processor time used so far by all threads, user and system. Seconds. Throws when the process is gone. */
export function cpuSecondsOf(pid: number): number {
  const fields = statOf(pid)
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Throws when the process is gone. */
export function residentBytesOf(pid: number): number {
  return Number(statOf(pid)[21]) * PAGE_BYTES
}

/** Open files, sockets included. Throws when the process is gone. */
export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** Fields 3 and on: the two before hold the name, which may have spaces in it. */
function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return text.slice(text.lastIndexOf(') ') + 2).split(' ')
}
