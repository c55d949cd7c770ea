/**
 * The names of a simulated file system: what it shows now, what is durable, and the changes between. Names become
 * durable by syncing their directory and in no other way, a new directory's own name included (by its parent). A rename
 * within one directory is atomic. At a power cut a seeded part of the unsynced changes survives, in any order that keeps
 * the order of changes to one name.
 */
import type { Prng } from '../../base/random.ts'
import type { DiskFaultCode } from '../../ports/disk.ts'
import type { FileNode } from './file-node.ts'

export type Node = FileNode | DirectoryNode

export class DirectoryNode {
  readonly kind = 'directory'
  readonly entries = new Map<string, Node>()
  readonly durable = new Map<string, Node>()
}

interface Part {
  readonly directory: DirectoryNode
  readonly name: string
  /** What the name stands for afterwards; null when it is gone. */
  readonly node: Node | null
}

interface NameChange {
  readonly sequence: number
  parts: readonly Part[]
}

/** Why a path cannot be used; the disk makes a DiskFault of it. */
export class PathProblem extends Error {
  readonly code: DiskFaultCode

  constructor(code: DiskFaultCode, path: string) {
    super(`${code} ${path}`)
    this.code = code
  }
}

export class DirectoryTree {
  readonly root = new DirectoryNode()
  #changes: NameChange[] = []

  find(path: string): Node | null {
    let node: Node = this.root
    for (const name of split(path)) {
      if (node.kind === 'file') throw new PathProblem('ENOTDIR', path)
      const next = node.entries.get(name)
      if (next === undefined) return null
      node = next
    }
    return node
  }

  directory(path: string): DirectoryNode {
    const node = this.find(path)
    if (node === null) throw new PathProblem('ENOENT', path)
    if (node.kind === 'file') throw new PathProblem('ENOTDIR', path)
    return node
  }

  /** Puts a node where no other is. */
  add(path: string, node: Node, sequence: number): void {
    const [parent, name] = this.#parentOf(path)
    this.#change(sequence, [{ directory: parent, name, node }])
  }

  makeDirectories(path: string, sequence: number): void {
    let parent = this.root
    for (const name of split(path)) {
      const found = parent.entries.get(name)
      if (found?.kind === 'file') throw new PathProblem('EEXIST', path)
      if (found === undefined) {
        const made = new DirectoryNode()
        this.#change(sequence, [{ directory: parent, name, node: made }])
        parent = made
      } else parent = found
    }
  }

  remove(path: string, kind: Node['kind'], sequence: number): void {
    const node = this.find(path)
    if (node === null) return
    if (kind === 'file' && node.kind === 'directory') throw new PathProblem('EISDIR', path)
    if (kind === 'directory' && node.kind === 'file') throw new PathProblem('ENOTDIR', path)
    if (node.kind === 'directory' && node.entries.size > 0) throw new PathProblem('ENOTEMPTY', path)
    const [parent, name] = this.#parentOf(path)
    this.#change(sequence, [{ directory: parent, name, node: null }])
  }

  rename(from: string, to: string, sequence: number): void {
    const node = this.find(from)
    if (node === null) throw new PathProblem('ENOENT', from)
    const target = this.find(to)
    if (target === node) return
    if (target !== null) refuseReplace(node, target, to)
    const [fromParent, fromName] = this.#parentOf(from)
    const [toParent, toName] = this.#parentOf(to)
    this.#change(sequence, [
      { directory: fromParent, name: fromName, node: null },
      { directory: toParent, name: toName, node },
    ])
  }

  /** A sync of the directory that began when `sequence` was the newest change returned. */
  synced(directory: DirectoryNode, sequence: number): void {
    for (const change of this.#changes) {
      if (change.sequence > sequence) continue
      for (const part of change.parts) if (part.directory === directory) makeDurable(part)
      change.parts = change.parts.filter(part => part.directory !== directory)
    }
    this.#changes = this.#changes.filter(change => change.parts.length > 0)
  }

  /** The power went: keeps durable names and a seeded part of the rest. */
  losePower(rng: Prng): void {
    for (const change of survivingChanges(this.#changes, rng)) change.parts.forEach(makeDurable)
    this.#changes = []
    restore(this.root)
  }

  *files(
    directory: DirectoryNode = this.root,
    path = '',
  ): Iterable<{ readonly path: string; readonly file: FileNode }> {
    for (const [name, node] of directory.entries) {
      if (node.kind === 'file') yield { path: `${path}/${name}`, file: node }
      else yield* this.files(node, `${path}/${name}`)
    }
  }

  #parentOf(path: string): [DirectoryNode, string] {
    const names = split(path)
    const name = names.pop()
    if (name === undefined) throw new PathProblem('EINVAL', path)
    return [this.directory(names.join('/')), name]
  }

  #change(sequence: number, parts: readonly Part[]): void {
    for (const { directory, name, node } of parts) {
      if (node === null) directory.entries.delete(name)
      else directory.entries.set(name, node)
    }
    this.#changes.push({ sequence, parts })
  }
}

function refuseReplace(node: Node, target: Node, path: string): void {
  if (target.kind === 'directory' && node.kind === 'file') throw new PathProblem('EISDIR', path)
  if (target.kind === 'file' && node.kind === 'directory') throw new PathProblem('ENOTDIR', path)
  if (target.kind === 'directory' && target.entries.size > 0) throw new PathProblem('ENOTEMPTY', path)
}

function makeDurable(part: Part): void {
  if (part.node === null) part.directory.durable.delete(part.name)
  else part.directory.durable.set(part.name, part.node)
}

/** None, all, the first few (as a journaling file system does), or any that depend on no lost one. */
function survivingChanges(changes: readonly NameChange[], rng: Prng): readonly NameChange[] {
  switch (rng.int(0, 3)) {
    case 0:
      return []
    case 1:
      return changes
    case 2:
      return changes.slice(0, rng.int(0, changes.length))
    default: {
      const lost: Part[] = []
      return changes.filter(change => {
        const depends = change.parts.some(part =>
          lost.some(l => l.directory === part.directory && l.name === part.name),
        )
        if (!depends && rng.chance(0.5)) return true
        lost.push(...change.parts)
        return false
      })
    }
  }
}

function restore(directory: DirectoryNode): void {
  directory.entries.clear()
  for (const [name, node] of directory.durable) {
    directory.entries.set(name, node)
    if (node.kind === 'directory') restore(node)
  }
}

function split(path: string): string[] {
  return path.split('/').filter(name => name !== '' && name !== '.')
}
