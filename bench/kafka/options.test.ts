import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chosenRows, optionsOf, UsageError } from './options.ts'
import { rows } from './rows.ts'

const machine = { directory: '/somewhere', memoryBytes: 1000 }
const refused = (text: RegExp) => (error: Error) => error instanceof UsageError && text.test(error.message)

test('unless told otherwise the page cache is filled with as much as the machine has', () => {
  const options = optionsOf([], machine)
  assert.equal(options.fillBytes, 1000)
  assert.equal(options.directory, '/somewhere')
  assert.equal(options.rounds, 5)
  assert.equal(optionsOf(['--fill-gb', '0'], machine).fillBytes, 0)
})

test('an option that is not there is refused with those that are', () => {
  assert.throws(() => optionsOf(['--nonsense'], machine), refused(/--nonsense.*; there are --list, --only/))
  assert.throws(() => optionsOf(['--rounds', '1.5'], machine), refused(/--rounds 1.5: a whole number from 1/))
  assert.throws(() => optionsOf(['--seconds', ''], machine), refused(/--seconds/))
})

test('a name stands for the rows that begin with it, a whole name for its row alone', () => {
  const names = (only: string) => chosenRows(rows, only.split(',')).map(row => row.name)
  assert.deepEqual(names('produce-128k-disk'), ['produce-128k-disk'])
  assert.deepEqual(names('produce-16k'), ['produce-16k-cache', 'produce-16k-disk-cache'])
  assert.deepEqual(names('open-19,produce-100b'), ['produce-100b-disk-cache', 'open-19-disk'])
  assert.throws(() => names('produce-1,flying'), refused(/no row is named flying; there are produce-128k-cache,/))
})
