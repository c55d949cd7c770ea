#!/usr/bin/env node
/** The `ottla` command. What it can do is program.ts; this file is the process around it. */
import { NodeTerminal } from '../../adapters/node/terminal.ts'
import { runProgram } from './program.ts'

/** The first release of Node that runs this. */
const NODE_MAJOR_MIN = 24

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
  process.stderr.write(`ottla: Node.js ${NODE_MAJOR_MIN} or later is needed, this is ${process.version}\n`)
  process.exitCode = 1
} else {
  const terminal = new NodeTerminal()
  const release = terminal.hold()
  process.exitCode = await runProgram(process.argv.slice(2), terminal)
  release()
}
