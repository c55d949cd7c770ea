/** The way from the command line to a cluster. */
import { NodeClock } from '../../adapters/node/clock.ts'
import { NodeNet } from '../../adapters/node/net.ts'
import { NodeRandom } from '../../adapters/node/random.ts'
import { Cluster } from '../../client/cluster.ts'
import type { NetAddress } from '../../ports/net.ts'
import { errorText } from '../../spec/config/text.ts'
import { CommandError, Failure } from './failure.ts'
import { VERSION } from './version.ts'

export interface ClusterFlags {
  readonly bootstrapServer: string
}

const DEFAULT_PORT = 9092
/** A person waits: failures that may pass get this long. */
const RETRY_FOR_MS = 10_000
const FORM = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/

/** Runs `use` with a cluster that answers, and ends its connections. */
export async function withCluster<T>(flags: ClusterFlags, use: (cluster: Cluster) => Promise<T>): Promise<T> {
  const bootstrap = bootstrapOf(flags.bootstrapServer)
  const cluster = new Cluster(
    { net: new NodeNet(), clock: new NodeClock(), random: new NodeRandom() },
    {
      bootstrap,
      clientId: 'ottla-cli',
      software: { name: 'ottla-cli', version: VERSION },
      retryForMs: RETRY_FOR_MS,
    },
  )
  try {
    // Whether anybody is there at all is no matter of patience.
    await cluster.reach()
    return await use(cluster)
  } finally {
    cluster.close()
  }
}

/** `host:port,host:port`; the port may be left out. Throws a CommandError. */
export function bootstrapOf(text: string): NetAddress[] {
  return text.split(',').map(part => {
    const match = FORM.exec(part.trim())
    const port = Number(match?.[3] ?? DEFAULT_PORT)
    if (match === null || port < 1 || port > 65_535) {
      throw new CommandError(
        `--bootstrap-server ${errorText(part)}: it has the form HOST:PORT, as in localhost:9092; several are separated by commas`,
        Failure.usage,
      )
    }
    return { host: match[1] ?? match[2] ?? '', port }
  })
}
