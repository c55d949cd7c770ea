import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { useCompileCache } from './compile-cache.ts'

const given = process.env.NODE_COMPILE_CACHE
afterEach(() => {
  if (given === undefined) delete process.env.NODE_COMPILE_CACHE
  else process.env.NODE_COMPILE_CACHE = given
})

test('a cache that grew over its limit begins anew, and one that is named stays', () => {
  const root = mkdtempSync(join(tmpdir(), 'ottla-cache-'))
  const entry = join(root, '.cache', 'compile', 'v24', 'a')
  const use = (filesMax: number) => {
    delete process.env.NODE_COMPILE_CACHE
    useCompileCache(root, filesMax)
    assert.equal(process.env.NODE_COMPILE_CACHE, join(root, '.cache', 'compile'))
  }
  try {
    use(1)
    mkdirSync(join(entry, '..'), { recursive: true })
    writeFileSync(entry, '')
    use(2)
    assert.ok(existsSync(entry))
    use(1)
    assert.ok(!existsSync(entry))
    process.env.NODE_COMPILE_CACHE = '/elsewhere'
    useCompileCache(root)
    assert.equal(process.env.NODE_COMPILE_CACHE, '/elsewhere')
  } finally {
    rmSync(root, { recursive: true })
  }
})
