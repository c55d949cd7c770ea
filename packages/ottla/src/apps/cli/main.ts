#!/usr/bin/env node
/** The `ottla` command. What it can do is program.ts; this file is the process around it. */
import module from 'node:module'

/** The first release of Node that runs this. */
const NODE_MAJOR_MIN = 24

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
  process.stderr.write(`ottla: Node.js ${NODE_MAJOR_MIN} or later is needed, this is ${process.version}\n`)
  process.exitCode = 1
} else {
  // For rounds, write-back and reads of several directories at once, of which one may hang; read when the first is needed.
  process.env.UV_THREADPOOL_SIZE ??= '16'
  // In the system's folder for temporary files, or as NODE_COMPILE_CACHE says: the next start compiles nothing. What is
  // imported before this call would not be kept.
  module.enableCompileCache()
  const { NodeTerminal } = await import('../../adapters/node/terminal.ts')
  const { runProgram } = await import('./program.ts')
  const terminal = new NodeTerminal()
  const release = terminal.hold()
  process.exitCode = await runProgram(process.argv.slice(2), terminal)
  release()
}
