/** Reading a command's own options: what it does not know is told in one line, with what it does know. */
import { type ParseArgsConfig, parseArgs } from 'node:util'

type Options = NonNullable<ParseArgsConfig['options']>

/** What is wrong with the command line, in one line: what was given, and what is allowed. */
export class BadOption extends Error {}

/** As `parseArgs` of node:util, strict. Throws a BadOption for an option that is not in `options`, or has no value. */
export function readOptions<T extends Options>(
  options: T,
  args: readonly string[] = process.argv.slice(2),
): ReturnType<typeof parseArgs<{ args: string[]; options: T }>>['values'] {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new BadOption(`${said(error)}; allowed: ${Object.entries(options).map(shown).join(', ')}`)
  }
}

/** Ends the process with code 2 and one line for a BadOption. Throws anything else again. */
export function exitOnBadOption(error: unknown): never {
  if (!(error instanceof BadOption)) throw error
  console.error(error.message)
  process.exit(2)
}

/** Of a command that does nothing before it knows its options: they, or the end of the process as exitOnBadOption. */
export function optionsOrExit<T extends Options>(options: T): ReturnType<typeof readOptions<T>> {
  try {
    return readOptions(options)
  } catch (error) {
    return exitOnBadOption(error)
  }
}

function shown([name, { type }]: [string, Options[string]]): string {
  return type === 'boolean' ? `--${name}` : `--${name} ${name.replaceAll('-', '_').toUpperCase()}`
}

/** The first sentence of what Node says: the rest is about how to give a positional argument. */
function said(error: unknown): string {
  const { message } = error as Error
  return (message.split(/\.\s|\n/)[0] ?? message).replace(/\.$/, '')
}
