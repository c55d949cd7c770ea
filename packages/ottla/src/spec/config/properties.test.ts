import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyText } from '../../base/text.testing.ts'
import { parseProperties } from './properties.ts'

const pairs = (text: string) => parseProperties(text).entries.map(({ key, value }) => [key, value])

test('the three separators, comments, blank lines and blanks around', () => {
  const text = '# a comment\n! another\n\n  a=1\nb : 2\nc 3\n\td\t=\t4 \ne\nf=\ng==x\nh:=y\n'
  assert.deepEqual(pairs(text), [
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
    ['d', '4 '],
    ['e', ''],
    ['f', ''],
    ['g', '=x'],
    ['h', '=y'],
  ])
})

test('a backslash at the end continues the line; two do not', () => {
  assert.deepEqual(pairs('a=1,\\\n   2,\\\r\n\t3\nb=x\\\\\nc=y\\'), [
    ['a', '1,2,3'],
    ['b', 'x\\'],
    ['c', 'y'],
  ])
  assert.deepEqual(pairs('a=1\\\n# no comment inside a continued line'), [
    ['a', '1# no comment inside a continued line'],
  ])
})

test('escapes in keys and values', () => {
  assert.deepEqual(pairs('a\\ b\\=c\\:d = \\t\\n\\r\\f\\u00e4\\z\\\\'), [['a b=c:d', '\t\n\r\fäz\\']])
})

test('every line ending, and a byte order mark', () => {
  assert.deepEqual(pairs('\uFEFFa=1\rb=2\r\nc=3\nd=4'), [
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
    ['d', '4'],
  ])
})

test('line numbers are those of the first line of an entry', () => {
  const { entries } = parseProperties('# x\na=1\\\n2\n\nb=3')
  assert.deepEqual(
    entries.map(entry => entry.line),
    [2, 5],
  )
})

test('what cannot be read is named by its line, and the rest is read', () => {
  const { entries, malformed } = parseProperties('a=\\u12x4\n=1\nb=2\nc=\\u12')
  assert.deepEqual(
    malformed.map(each => each.line),
    [1, 2, 4],
  )
  assert.deepEqual(
    entries.map(entry => entry.key),
    ['b'],
  )
})

test('any key and value written with escapes come back', () => {
  const text = fc.string({ unit: 'binary-ascii', maxLength: 20 })
  const escaped = (value: string) =>
    Array.from(value, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          text.filter(key => key !== ''),
          text,
        ),
      ),
      entries => {
        const written = entries.map(([key, value]) => `${escaped(key)}=${escaped(value)}`).join('\n')
        assert.deepEqual(pairs(written), entries)
      },
    ),
  )
})

test('no text makes it fail', () => {
  fc.assert(fc.property(fc.oneof(anyText(10), fc.string()), text => void parseProperties(text)))
})
