/** A topic of a contender: made with the durability wanted, which the broker is then asked for; deleted at the end. */
import { randomUUID } from 'node:crypto'
import type { Server } from '../servers.ts'
import { boundedTo, configInEffect, deleteTopic, makeTopic } from '../topics.ts'
import { durabilityConfigs } from './fleet.ts'
import { isBare } from './goals.ts'
import type { Contender } from './workload.ts'

const GIB = 2 ** 30
/** What a topic may hold: written once over in seconds, after which deleting is part of every round. */
const TOPIC_BYTES = GIB

export interface BenchTopic {
  readonly name: string
  /** What the broker says is in effect. */
  readonly durability: string
  delete(): Promise<void>
}

export async function benchTopic(
  server: Server,
  contender: Contender,
  options: { readonly partitions: number; readonly bytesMax?: number },
): Promise<BenchTopic> {
  // The bare loop has no topics.
  if (isBare(contender.side)) return { name: 'none', durability: contender.durability, delete: async () => {} }
  const { partitions, bytesMax = TOPIC_BYTES } = options
  const name = `bench-${randomUUID()}`
  const configs = { ...durabilityConfigs(contender.side, contender.durability), ...boundedTo(bytesMax, partitions) }
  await makeTopic(server.port, { name, partitions, configs })
  const durability = await durabilityInEffect(server, contender, name)
  return { name, durability, delete: () => deleteTopic(server.port, name) }
}

/** The durability of a topic as its broker tells it. Throws when it is not the one wanted. */
export async function durabilityInEffect(
  { port }: Pick<Server, 'port'>,
  contender: Contender,
  topic: string,
): Promise<string> {
  const wanted = contender.durability
  if (contender.side === 'ottla') {
    const said = await configInEffect(port, topic, 'durability')
    if (said !== wanted) throw new Error(`topic ${topic} has durability ${said}, not ${wanted}`)
    return said
  }
  const flushMessages = await configInEffect(port, topic, 'flush.messages')
  if ((flushMessages === '1') !== (wanted === 'disk')) {
    throw new Error(`topic ${topic} has flush.messages=${flushMessages} where durability ${wanted} is wanted`)
  }
  return wanted === 'disk' ? 'disk (flush.messages=1)' : wanted
}
