/** A copy of the repository to break things in: what git knows and does not ignore, with the installed packages linked. */
import { spawnSync } from 'node:child_process'
import { cpSync, lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Guard } from './guards.ts'

export class TreeCopy {
  readonly root: string

  /** Copies the files of `source` as they stand now, committed or not. */
  constructor(source: string) {
    this.root = mkdtempSync(join(tmpdir(), 'ottla-mutants-'))
    try {
      for (const path of filesOf(source)) cpSync(join(source, path), join(this.root, path))
      symlinkSync(join(source, 'node_modules'), join(this.root, 'node_modules'))
    } catch (error) {
      this.remove()
      throw error
    }
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8')
  }

  /** Runs `use` while the guard is gone. */
  async without<T>(guard: Guard, use: () => Promise<T>): Promise<T> {
    const file = join(this.root, guard.path)
    const text = readFileSync(file, 'utf8')
    const lines = text.split('\n')
    if (lines[guard.line - 1] !== guard.before) throw new Error(`${guard.path}:${guard.line} is not what it was`)
    lines[guard.line - 1] = guard.after
    writeFileSync(file, lines.join('\n'))
    try {
      return await use()
    } finally {
      writeFileSync(file, text)
    }
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** Paths of the files that git tracks or would track, and that are there. */
export function filesOf(root: string): string[] {
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (listed.status !== 0) throw new Error(`git ls-files failed in ${root}: ${listed.stderr}`)
  return listed.stdout
    .split('\0')
    .filter(path => path !== '' && lstatSync(join(root, path), { throwIfNoEntry: false })?.isFile() === true)
}
