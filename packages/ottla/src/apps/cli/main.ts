#!/usr/bin/env node
/**
 * The `ottla` command: which commands there are, and how a failure leaves the process. Each command is a module of its
 * own, loaded only when it runs, so that `ottla --help` is quick.
 */
import { Command, CommanderError } from 'commander'
import { Failure, report } from './failure.ts'
import { addStart } from './start-options.ts'
import { VERSION } from './version.ts'

const program = new Command('ottla')
  .description('Event streaming that speaks the Apache Kafka protocol.')
  .version(VERSION, '-V, --version')
  .showSuggestionAfterError()
  .showHelpAfterError('(ottla --help lists the commands)')
  .exitOverride()

addStart(program)

try {
  await program.parseAsync()
} catch (error) {
  // Commander has written its own message, and help and version are no failures.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : Failure.usage
  else process.exitCode = report(error)
}
