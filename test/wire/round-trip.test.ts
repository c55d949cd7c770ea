/** Every declared message in every version: what is encoded decodes the same, and damage is an error, never worse. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { DecodeError, Reader, Writer } from '../../packages/ottla/src/base/cursor.ts'
import { type Fields, messageOf } from './arbitrary.ts'
import { loadMessages, type Message } from './messages.ts'

const SCHEMA = join(import.meta.dirname, '..', '..', 'packages', 'ottla', 'src', 'wire', 'schema')
const RUNS = 6
const DAMAGED_RUNS = 3

const messages = await loadMessages(SCHEMA)

function encode(message: Message, version: number, fields: Fields): Uint8Array {
  const w = new Writer().beginBare()
  message.encode(w, version, fields)
  return w.finishBytes()
}

/** `decoded` has every field of `sent` with the same value; fields that the version lacks may follow with defaults. */
function assertHolds(decoded: unknown, sent: unknown, path: string): void {
  if (Array.isArray(sent)) {
    assert.ok(Array.isArray(decoded) && decoded.length === sent.length, `${path}: length`)
    for (const [index, element] of sent.entries()) assertHolds(decoded[index], element, `${path}[${index}]`)
  } else if (sent !== null && typeof sent === 'object' && !(sent instanceof Uint8Array)) {
    for (const [name, value] of Object.entries(sent)) assertHolds((decoded as Fields)[name], value, `${path}.${name}`)
  } else {
    assert.deepEqual(decoded, sent, path)
  }
}

function versionsOf(message: Message): number[] {
  const { min, max } = message.versions
  return Array.from({ length: max - min + 1 }, (_, index) => min + index)
}

for (const [name, message] of messages) {
  test(`${name}: what is encoded decodes the same, to the last byte`, () => {
    for (const version of versionsOf(message)) {
      const property = fc.property(messageOf(message.body, version), sent => {
        const bytes = encode(message, version, sent)
        const r = new Reader(bytes)
        const decoded = message.decode(r, version)
        assertHolds(decoded, sent, `v${version}`)
        assert.deepEqual(
          new Set(Object.keys(decoded)),
          new Set([...message.body.fields.map(one => one.name), ...unknown(decoded)]),
        )
        assert.equal(r.remaining, 0)
        assert.deepEqual(encode(message, version, decoded), bytes)
      })
      fc.assert(property, { numRuns: RUNS })
    }
  })

  test(`${name}: G9 cut at any byte, it is a DecodeError`, () => {
    for (const version of versionsOf(message)) {
      const property = fc.property(messageOf(message.body, version), sent => {
        const bytes = encode(message, version, sent)
        for (let end = 0; end < bytes.length; end++) {
          assert.throws(
            () => message.decode(new Reader(bytes.subarray(0, end)), version),
            DecodeError,
            `v${version} cut at ${end}`,
          )
        }
      })
      fc.assert(property, { numRuns: 1 })
    }
  })

  test(`${name}: with bytes changed, it decodes or is a DecodeError`, () => {
    for (const version of versionsOf(message)) {
      const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 })
      const property = fc.property(messageOf(message.body, version), damage, (sent, changes) => {
        const bytes = encode(message, version, sent)
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value
        try {
          message.decode(new Reader(bytes), version)
        } catch (error) {
          assert.ok(error instanceof DecodeError, `v${version}: ${String(error)}`)
        }
      })
      fc.assert(property, { numRuns: DAMAGED_RUNS })
    }
  })
}

const unknown = (decoded: Fields): string[] => ('unknownTags' in decoded ? ['unknownTags'] : [])
