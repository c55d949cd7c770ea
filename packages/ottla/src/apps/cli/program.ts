/** The commands and their options, as a person types them. What they do is in the files that they load. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { Terminal } from '../../adapters/node/terminal.ts'
import type { EditFlags, GetFlags } from './config.ts'
import type { ConsumeFlags } from './consume.ts'
import type { ProduceFlags } from './produce.ts'
import { addStart } from './start-options.ts'
import type { AlterFlags, CreateFlags, TopicFlags } from './topic.ts'
import { VERSION } from './version.ts'

type Finish = (exitCode: number) => void

/** What the wire can tell. */
const INT16_MAX = 0x7fff
const INT32_MAX = 0x7fff_ffff

/** Runs one command; resolves with the process's exit code. Failures are told on the terminal. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0
  const program = buildProgram(terminal, code => {
    exitCode = code
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    const { describe, Failure } = await import('./failure.ts')
    // Commander has already said what is wrong, or shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : Failure.usage
    const report = describe(error)
    if (report.text !== '') terminal.note(report.text)
    return report.exitCode
  }
}

function buildProgram(terminal: Terminal, finish: Finish): Command {
  const program = new Command('ottla')
    .description('Event streaming that speaks the Apache Kafka protocol.')
    .version(VERSION, '-V, --version')
    .helpCommand(false)
    .showSuggestionAfterError()
    .showHelpAfterError('(--help shows what is possible)')
    .exitOverride()
    .configureOutput({
      writeOut: text => {
        terminal.write(text).catch(() => {})
      },
      // A help that was not asked for is no error.
      writeErr: text => {
        const prefix = text.startsWith('Usage:') ? '' : 'ottla: '
        terminal.note(prefix + text.replace(/^error: /, '').trimEnd())
      },
    })
  addStart(program)
  addTopic(program, terminal)
  addConfig(program, terminal)
  addProduce(program, terminal, finish)
  addConsume(program, terminal)
  return program
}

function addTopic(program: Command, terminal: Terminal): void {
  const topic = program.command('topic').summary('create, list, describe, change and delete topics')
  topic.description('Create, list, describe, change and delete topics.').helpCommand(false)
  forCluster(topic.command('create <name>').summary('create a topic'))
    .description('Creates a topic. What is left out is as the broker has it configured.')
    .option('-p, --partitions <count>', 'partitions', wholeNumber(1, INT32_MAX))
    .option('-r, --replicas <count>', 'replicas of each partition', wholeNumber(1, INT16_MAX))
    .option('-c, --config <key=value>', 'sets a topic config; may be repeated', collect)
    .option('--if-not-exists', 'do nothing when the topic is there')
    .option('--validate-only', 'check everything, create nothing')
    .action(async (name: string, flags: CreateFlags) =>
      (await import('./topic.ts')).createCommand(name, flags, terminal),
    )
  forCluster(topic.command('list').alias('ls').summary('list topics'))
    .addOption(outputOption())
    .action(async (flags: TopicFlags) => (await import('./topic.ts')).listCommand(flags, terminal))
  forCluster(topic.command('describe <name>').summary('show partitions, offsets and configs of a topic'))
    .addOption(outputOption())
    .action(async (name: string, flags: TopicFlags) =>
      (await import('./topic.ts')).describeCommand(name, flags, terminal),
    )
  forCluster(topic.command('alter <name>').summary('add partitions, change configs'))
    .description('Changes a topic while it is in use. Everything is checked before anything changes.')
    .option('-p, --partitions <count>', 'partitions in all: a topic grows and never shrinks', wholeNumber(1))
    .option(
      '-c, --config <key=value>',
      'sets a config (key+=item and key-=item for lists); may be repeated',
      collect,
      [],
    )
    .option('-d, --delete-config <key>', 'back to what the broker has configured; may be repeated', collect, [])
    .option('--validate-only', 'check everything, change nothing')
    .action(async (name: string, flags: AlterFlags) => (await import('./topic.ts')).alterCommand(name, flags, terminal))
  forCluster(topic.command('delete <name...>').alias('rm').summary('delete topics with all their records')).action(
    async (names: string[], flags: TopicFlags) => (await import('./topic.ts')).deleteCommand(names, flags, terminal),
  )
}

function addConfig(program: Command, terminal: Terminal): void {
  const config = program.command('config').summary('show and change configs of topics and brokers')
  config.description('Show and change configs of topics and brokers while they run.')
  ofOwner(config.command('get [key...]').summary('show configs'))
    .description('Shows what is set and where it comes from, or the keys that are named.')
    .option('-a, --all', 'defaults too')
    .addOption(outputOption())
    .action(async (keys: string[], flags: GetFlags) => (await import('./config.ts')).getCommand(keys, flags, terminal))
  ofOwner(config.command('set <key=value...>').summary('set configs'))
    .description('Sets configs, all or none of those given; key+=item and key-=item extend and shorten a list.')
    .option('--validate-only', 'check everything, change nothing')
    .action(async (settings: string[], flags: EditFlags) =>
      (await import('./config.ts')).setCommand(settings, flags, terminal),
    )
  ofOwner(config.command('delete <key...>').alias('rm').summary('back to what holds without them'))
    .option('--validate-only', 'check everything, change nothing')
    .action(async (keys: string[], flags: EditFlags) =>
      (await import('./config.ts')).deleteCommand(keys, flags, terminal),
    )
}

function ofOwner(command: Command): Command {
  return forCluster(command)
    .option('-t, --topic <name>', 'configs of a topic')
    .option('--broker <id>', 'configs of one broker', wholeNumber(0))
    .option('--all-brokers', 'configs of all brokers together')
}

function addProduce(program: Command, terminal: Terminal, finish: Finish): void {
  forCluster(program.command('produce <topic>').summary('write lines from the input as records'))
    .description('Writes each line of the input as a record, and waits until all are acknowledged.')
    .option('-k, --key-separator <text>', 'what stands before it in a line is the key; \\t is a tab')
    .option('-H, --header <name=value>', 'a header of every record; may be repeated', collect)
    .option('-p, --partition <number>', 'the partition (default: by the key, or any)', wholeNumber(0, INT32_MAX))
    .addOption(new Option('-z, --codec <codec>').choices(['none', 'gzip', 'snappy', 'lz4', 'zstd']).default('none'))
    .addOption(new Option('-a, --acks <acks>', 'who must have it').choices(['all', '1', '0']).default('all'))
    .option('-Z, --tombstones', 'an empty value means: none (deletes the key in a compacted topic)')
    .option('-v, --verbose', 'print partition and offset of each record')
    .action(async (name: string, flags: ProduceFlags) => {
      const { produceCommand } = await import('./produce.ts')
      finish(await produceCommand(name, flags, terminal))
    })
}

function addConsume(program: Command, terminal: Terminal): void {
  forCluster(program.command('consume <topic>').summary('print records as they come'))
    .description('Prints records, and waits for more until Ctrl-C.')
    .option('-p, --partition <numbers>', 'partitions, as in 0,2 (default: all)')
    .option('-o, --offset <where>', 'start, end, an offset, or -N for the last N of each partition', 'start')
    .option('-n, --count <count>', 'end after so many records', wholeNumber(1))
    .option('-e, --exit', 'end when everything that was there at the beginning has been printed')
    .option(
      '-f, --format <format>',
      '%v value, %k key, %t topic, %p partition, %o offset, %d time in ms, %h headers, %% percent, \\n \\t; or: json',
      '%v\\n',
    )
    .action(async (name: string, flags: ConsumeFlags) =>
      (await import('./consume.ts')).consumeCommand(name, flags, terminal),
    )
}

function forCluster(command: Command): Command {
  return command.option(
    '-b, --bootstrap-server <host:port>',
    'brokers to ask first, separated by commas',
    'localhost:9092',
  )
}

function outputOption(): Option {
  return new Option('-o, --output <form>').choices(['table', 'json']).default('table')
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return text => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`allowed is a whole number from ${min} to ${max}.`)
    }
    return value
  }
}
