/** All clients under test, in the order of the table's columns. */
import type { InteropClient } from './client.ts'
import { kcat } from './kcat.ts'
import { confluent, franz, java, kafkajs, kafkaPython, platformatic, sarama } from './libraries.ts'

export const clients: readonly InteropClient[] = [
  kcat,
  kafkajs,
  platformatic,
  java,
  confluent,
  kafkaPython,
  franz,
  sarama,
]
export const clientNames: readonly string[] = clients.map(client => client.name)
/** Apache Kafka's command-line tools are chosen by this name; they have a table of their own. */
export const toolsName = 'tools'
