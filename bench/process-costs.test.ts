import assert from 'node:assert/strict'
import { closeSync, openSync } from 'node:fs'
import { test } from 'node:test'
import { cpuSecondsOf, descriptorsOf, residentBytesOf } from './process-costs.ts'

const options = { skip: process.platform !== 'linux' }

test('what a process holds is what it says of itself', options, () => {
  const said = process.memoryUsage.rss()
  assert.ok(Math.abs(residentBytesOf(process.pid) - said) < said / 4)
  const { user, system } = process.cpuUsage()
  // The system's ticks are of ten milliseconds, and counted by thread.
  assert.ok(Math.abs(cpuSecondsOf(process.pid) - (user + system) / 1e6) < 0.2)
})

test('an open file is one more descriptor', options, () => {
  const before = descriptorsOf(process.pid)
  const file = openSync('/dev/null', 'r')
  assert.equal(descriptorsOf(process.pid), before + 1)
  closeSync(file)
})
