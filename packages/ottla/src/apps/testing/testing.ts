/** For tests: a client of the application under test, which failures and delays are for. */
import { NodeClock } from '../../adapters/node/clock.ts'
import { NodeNet } from '../../adapters/node/net.ts'
import { NodeRandom } from '../../adapters/node/random.ts'
import { Cluster } from '../../client/cluster.ts'
import type { TestBroker } from './test-broker.ts'

/** Runs `use` with a cluster that retries nothing, and ends its connections. */
export async function withApplication<T>(broker: TestBroker, use: (cluster: Cluster) => Promise<T>): Promise<T> {
  const cluster = new Cluster(
    { net: new NodeNet(), clock: new NodeClock(), random: new NodeRandom() },
    { bootstrap: [{ host: '127.0.0.1', port: broker.port }], clientId: 'application', retryForMs: 0 },
  )
  try {
    return await use(cluster)
  } finally {
    cluster.close()
  }
}
