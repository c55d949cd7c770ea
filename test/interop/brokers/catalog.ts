/** The brokers that the interop programs can run against, by the names that `--against` takes. */
import type { Broker, StartOptions } from './broker.ts'
import { startKafka } from './kafka.ts'
import { startOttla } from './ottla.ts'

const starters = { ottla: startOttla, kafka: startKafka } as const
export type BrokerName = keyof typeof starters

export function brokerNamed(name: string): BrokerName {
  if (name in starters) return name as BrokerName
  throw new Error(`--against ${name} is not one of ${Object.keys(starters).join(', ')}`)
}

export const startBroker = (name: BrokerName, options: StartOptions): Promise<Broker> => starters[name](options)
