import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DecodeError, Reader, Writer } from '../base/cursor.ts'
import type { ApiRow } from './api.ts'
import { apiRowOf } from './api-table.ts'
import {
  decodeCorrelationId,
  decodeRequestHeaderRest,
  decodeRequestPrefix,
  decodeResponseHeaderRest,
  encodeRequestHeader,
  encodeResponseHeader,
  type RequestHeader,
} from './header.ts'

const blank = (): RequestHeader => ({ apiKey: 0, apiVersion: 0, correlationId: 0, clientId: null })
const rowOf = (key: number): ApiRow => apiRowOf(key) ?? assert.fail(`no API ${key}`)

function requestHeader(header: RequestHeader): string {
  const w = new Writer().beginBare()
  encodeRequestHeader(w, rowOf(header.apiKey), header)
  return Buffer.from(w.finishBytes()).toString('hex')
}

function readRequestHeader(hex: string): RequestHeader {
  const r = new Reader(Uint8Array.from(Buffer.from(hex, 'hex')))
  const header = blank()
  decodeRequestPrefix(r, header)
  decodeRequestHeaderRest(r, rowOf(header.apiKey), header)
  assert.equal(r.remaining, 0)
  return header
}

function responseHeader(key: number, version: number): string {
  const w = new Writer().beginBare()
  encodeResponseHeader(w, rowOf(key), version, 7)
  return Buffer.from(w.finishBytes()).toString('hex')
}

test('a plain request header ends with the client id, a flexible one with tagged fields', () => {
  assert.equal(
    requestHeader({ apiKey: 3, apiVersion: 8, correlationId: 7, clientId: 'me' }),
    '0003000800000007' + '00026d65',
  )
  assert.equal(
    requestHeader({ apiKey: 3, apiVersion: 9, correlationId: 7, clientId: 'me' }),
    '0003000900000007' + '00026d65' + '00',
  )
})

test('the client id keeps its long form, and may be null, in either header', () => {
  assert.equal(
    requestHeader({ apiKey: 3, apiVersion: 9, correlationId: 7, clientId: null }),
    '0003000900000007' + 'ffff' + '00',
  )
  assert.equal(readRequestHeader('0003000900000007ffff00').clientId, null)
  assert.equal(readRequestHeader('00030008000000070000').clientId, '')
})

test('unknown tagged fields of a request header are kept', () => {
  const header = readRequestHeader('0003000900000007ffff010501aa')
  assert.deepEqual(header.unknownTags, [{ tag: 5, bytes: Uint8Array.of(0xaa) }])
  assert.equal(requestHeader(header), '0003000900000007ffff010501aa')
})

test('a reused header does not keep the tagged fields of the request before', () => {
  const header = blank()
  for (const hex of ['0003000900000007ffff010501aa', '0003000800000007ffff']) {
    const r = new Reader(Uint8Array.from(Buffer.from(hex, 'hex')))
    decodeRequestPrefix(r, header)
    decodeRequestHeaderRest(r, rowOf(3), header)
  }
  assert.equal(header.unknownTags, undefined)
})

test('response headers have tagged fields for flexible versions, but never for ApiVersions', () => {
  assert.equal(responseHeader(3, 8), '00000007')
  assert.equal(responseHeader(3, 9), '0000000700')
  assert.equal(responseHeader(18, 4), '00000007')
  const r = new Reader(Uint8Array.from(Buffer.from('00000007010501aa', 'hex')))
  assert.equal(decodeCorrelationId(r), 7)
  decodeResponseHeaderRest(r, rowOf(3), 9)
  assert.equal(r.remaining, 0)
  const plain = new Reader(Uint8Array.of(0, 0, 0, 7, 99))
  decodeCorrelationId(plain)
  decodeResponseHeaderRest(plain, rowOf(18), 4)
  assert.equal(plain.remaining, 1)
})

test('a header that stops early, or whose client id is no text, is a DecodeError', () => {
  const whole = '0003000900000007' + '00026d65' + '00'
  for (let end = 0; end < whole.length; end += 2)
    assert.throws(() => readRequestHeader(whole.slice(0, end)), DecodeError)
  assert.throws(
    () => readRequestHeader('0003000800000007' + '0002c328'),
    /RequestHeader.clientId: a string is not UTF-8/,
  )
})
