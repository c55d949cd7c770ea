/** The options of `ottla start`. What the command does is start.ts, loaded when it runs. */
import { type Command, Option } from 'commander'
import type { LogLevel } from '../../ports/observe.ts'

export interface StartOptions {
  readonly config?: string
  readonly port?: string
  readonly data?: string
  readonly set?: readonly string[]
  readonly logLevel: LogLevel
  readonly logFormat?: 'text' | 'json'
}

export function addStart(program: Command): void {
  program
    .command('start')
    .description('Start a broker.')
    .option('--config <file>', 'a server.properties file')
    .option('--port <number>', 'port of the first listener; 0: any free one (default 9092)')
    .option('--data <folder>', 'folder that holds the data (default ottla-data)')
    .option('-s, --set <key=value>', 'any config key; may be repeated', collect)
    .addOption(
      new Option('--log-level <level>', 'the least that is logged')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addOption(new Option('--log-format <form>', 'default: text on a terminal, else json').choices(['text', 'json']))
    .addHelpText(
      'after',
      '\nKeys come from the file, then from OTTLA_* variables, then from options: the last one counts.',
    )
    .action(async (options: StartOptions) => {
      const { runStart } = await import('./start.ts')
      await runStart(options)
    })
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
