/** How the scenarios of Apache Kafka's command-line tools run one and judge what it prints. */
import { describeFailure, endChild, type Finished, startChild } from '../children.ts'
import { javaArgs, runKafkaTool } from '../clients/java-home.ts'
import { type Address, addressText, type Judge } from '../raw/judge.ts'

const tools = {
  topics: 'org.apache.kafka.tools.TopicCommand',
  producer: 'org.apache.kafka.tools.ConsoleProducer',
  consumer: 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  offsets: 'org.apache.kafka.tools.GetOffsetShell',
  deleteRecords: 'org.apache.kafka.tools.DeleteRecordsCommand',
  producerPerf: 'org.apache.kafka.tools.ProducerPerformance',
  consumerGroups: 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  verifiableProducer: 'org.apache.kafka.tools.VerifiableProducer',
  verifiableConsumer: 'org.apache.kafka.tools.VerifiableConsumer',
  consumerPerf: 'org.apache.kafka.tools.ConsumerPerformance',
  cluster: 'org.apache.kafka.tools.ClusterTool',
  apiVersions: 'org.apache.kafka.tools.BrokerApiVersionsCommand',
  configs: 'kafka.admin.ConfigCommand',
  logDirs: 'org.apache.kafka.tools.LogDirsCommand',
  reassignPartitions: 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand',
} as const

export interface ToolBench {
  readonly address: Address
  readonly judge: Judge
  /** A folder for files that tools read. */
  readonly workFolder: string
  /** Whether a scenario of this name runs. */
  readonly wanted: (name: string) => boolean
}

export interface ToolScenario {
  readonly name: string
  /** Keys of APIs without which the tool does not even begin. */
  readonly needsApis?: readonly number[]
  run(bench: ToolBench): Promise<void>
}

export async function runTool(
  bench: ToolBench,
  tool: keyof typeof tools,
  args: readonly string[],
  input?: string,
): Promise<{ finished: Finished; stdout: string; stderr: string; all: readonly string[] }> {
  const all = [...args, '--bootstrap-server', addressText(bench.address)]
  const finished = await runKafkaTool(tools[tool], all, {
    timeoutMs: 90_000,
    ...(input === undefined ? {} : { input: Buffer.from(input) }),
  })
  return { finished, stdout: finished.stdout.toString(), stderr: finished.stderr, all }
}

/** Runs a tool that must succeed, and returns its standard output. */
export async function ran(
  bench: ToolBench,
  tool: keyof typeof tools,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const { finished, stdout, all } = await runTool(bench, tool, args, input)
  // Some tools print an error and still end with 0.
  if (finished.code !== 0 || /\b(ERROR|Exception)\b/.test(finished.stderr + stdout))
    throw new Error(describeFailure(tool, all, finished))
  return stdout
}

/** Runs a tool that must fail and say why. */
export async function refused(
  bench: ToolBench,
  tool: keyof typeof tools,
  args: readonly string[],
  why: RegExp,
): Promise<void> {
  const { finished, stdout, stderr } = await runTool(bench, tool, args)
  if (finished.code === 0) throw new Error(`${tool} ${args.join(' ')} did not fail`)
  expectText(args.join(' '), stdout + stderr, why)
}

export function expectText(what: string, text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`${what}: nothing matches ${pattern} in\n${text.trim()}`)
}

/** Runs a tool that does not end by itself while `use` runs, then ends it as SIGTERM does. */
export async function whileRunning<T>(
  bench: ToolBench,
  tool: keyof typeof tools,
  args: readonly string[],
  use: () => Promise<T>,
): Promise<T> {
  const all = await javaArgs(tools[tool], [...args, '--bootstrap-server', addressText(bench.address)])
  const child = startChild('java', all, { stdio: 'ignore' })
  try {
    return await use()
  } finally {
    await endChild(child)
  }
}
