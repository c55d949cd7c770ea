/** Apache Kafka from Maven: its Java client, its command-line tools and its broker, run with `java -cp`. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { agentsFolder, installed } from '../cache.ts'
import { type Finished, type RunOptions, run, runOrThrow } from '../children.ts'

const pom = join(agentsFolder, 'java', 'pom.xml')
const copyDependencies = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'

/** Java starts faster with these, which is what counts for tools that live a second. */
export const quickStart: readonly string[] = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

/** What Kafka's own start scripts give to Java, but for the heap: for runs whose speed is compared. */
export const fullSpeed: readonly string[] = [
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-XX:MaxInlineLevel=15',
]

const quietLog = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'

/** Class path of Apache Kafka's jars, downloaded when they are missing. */
export async function kafkaClassPath(): Promise<string> {
  const folder = await installed({
    name: 'java',
    pinnedBy: [pom],
    install: async target => {
      await runOrThrow('java', ['-version'], { timeoutMs: 20_000 })
      const args = ['-q', '-B', '-f', pom, copyDependencies, '-DincludeScope=runtime', `-DoutputDirectory=${target}`]
      await runOrThrow('mvn', args, { timeoutMs: 600_000 })
    },
  })
  return join(folder, '*')
}

/** Version of Apache Kafka, as pinned in the committed pom. */
export async function kafkaVersion(): Promise<string> {
  const version = /<kafka\.version>(.+)<\/kafka\.version>/.exec(await readFile(pom, 'utf8'))?.[1]
  if (version === undefined) throw new Error(`no kafka.version in ${pom}`)
  return version
}

export async function javaArgs(
  mainClass: string,
  args: readonly string[],
  jvm: readonly string[] = quickStart,
): Promise<string[]> {
  return [...jvm, quietLog, '-cp', await kafkaClassPath(), mainClass, ...args]
}

/** Runs a main class of Apache Kafka to its end. */
export async function runKafkaTool(
  mainClass: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  return run('java', await javaArgs(mainClass, args), options)
}
