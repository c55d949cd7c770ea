import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { uuidFromBytes } from '../../base/uuid.ts'
import { brokerConfigOf } from '../../spec/config/broker.ts'
import { replayLog } from '../golden.ts'
import { BrokerConfigInForce } from '../metadata/broker-config.ts'
import { evolveAll } from '../metadata/evolve.ts'
import { ConfigResource, emptyImage, type MetadataImage, topicByName } from '../metadata/image.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import { imageInvariants } from '../metadata/snapshot.ts'
import type {
  AssignDirectory,
  ConfigChange,
  ConfigOperation,
  ControllerCommand,
  NewTopic,
  Outcome,
} from './commands.ts'
import { decide } from './decide.ts'

function idOf(number: number): string {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint32(0, number)
  return uuidFromBytes(bytes)
}

/** One controller and the image that its records make. Commands and records are told in words. */
class Console {
  image: MetadataImage = emptyImage()
  config = new BrokerConfigInForce(brokerConfigOf(), 1)
  #topicNumber = 0

  run(line: string): string[] {
    const [verb = '', ...words] = line.split(' ')
    if (verb === 'config') {
      const start = brokerConfigOf(Object.fromEntries(words.map(word => word.split('=') as [string, string])))
      this.config = new BrokerConfigInForce(start, 1)
      return []
    }
    const command = this.#command(verb, words)
    const decision = decide(this.image, command, this.config)
    this.image = evolveAll(this.image, decision.records)
    imageInvariants(this.image)
    const reply = decision.reply as (Outcome & Record<string, unknown>) | (Outcome & Record<string, unknown>)[]
    const told = Array.isArray(reply) ? reply.map(tellOutcome) : [tellOutcome(reply)]
    return [...this.#tellRecords(decision.records), ...told]
  }

  #command(verb: string, words: string[]): ControllerCommand {
    const [first = '', second = ''] = words
    const number = Number(first)
    const isStale = words.includes('stale')
    const registration = {
      brokerId: number,
      brokerEpoch: (this.image.brokers.get(number)?.epoch ?? 0) - (isStale ? 1 : 0),
    }
    switch (verb) {
      case 'cluster':
        return { type: 'createCluster', clusterId: first }
      case 'register':
        return this.#register(words)
      case 'fence':
      case 'unfence':
      case 'unregister':
        return { type: `${verb}Broker`, ...registration }
      case 'create':
      case 'validate':
        return { type: 'createTopics', topics: this.#newTopics(words), validateOnly: verb === 'validate', placement: 0 }
      case 'delete':
        return { type: 'deleteTopics', topics: words.map(word => this.#namedTopic(word)) }
      case 'partitions':
        return { type: 'createPartitions', topics: [this.#morePartitions(words)], validateOnly: false, placement: 0 }
      case 'alter':
        return { type: 'alterConfigs', resources: [alteration(words)], validateOnly: false }
      case 'ids':
        return { type: 'allocateProducerIds', ...registration }
      case 'isr':
        return this.#alterPartition(words)
      case 'elect':
        return { type: 'electLeaders', election: first as 'preferred' | 'unclean', partitions: partitionsOf(second) }
      default:
        throw new Error(`no such command: ${verb}`)
    }
  }

  /** `register ID start=N [caughtUp] [rack=R] [cluster=C]` */
  #register(words: string[]): ControllerCommand {
    const given = optionsOf(words)
    return {
      type: 'registerBroker',
      clusterId: given.get('cluster') ?? null,
      brokerId: Number(words[0]),
      incarnation: idOf(Number(given.get('start'))),
      endpoints: [],
      rack: given.get('rack') ?? null,
      directories: [idOf(1000 + Number(words[0]))],
      caughtUp: words.includes('caughtUp'),
    }
  }

  /** `NAME[=PARTITIONSxREPLICAS|=1,2/2,1] [key:value]`, several names are several topics */
  #newTopics(words: string[]): NewTopic[] {
    const topics: NewTopic[] = []
    for (const word of words) {
      const config = /^([a-z.]+):(.*)$/.exec(word)
      if (config !== null) {
        const topic = topics.pop()!
        topics.push({ ...topic, configs: [...topic.configs, { name: config[1]!, value: config[2]! }] })
        continue
      }
      const [name = '', shape = ''] = word.split('=')
      const [partitionCount, replicationFactor] = shape.includes('x') ? shape.split('x').map(Number) : [-1, -1]
      const assignments =
        shape === '' || shape.includes('x')
          ? []
          : shape.split('/').map((list, partition) => ({ partition, replicas: list.split(',').map(Number) }))
      this.#topicNumber += 1
      const counts = { partitionCount: partitionCount!, replicationFactor: replicationFactor! }
      topics.push({ name, topicId: idOf(100 + this.#topicNumber), ...counts, assignments, configs: [] })
    }
    return topics
  }

  #namedTopic(word: string): { name: string | null; topicId: string | null } {
    if (word.startsWith('id:')) return { name: null, topicId: topicByName(this.image, word.slice(3))?.id ?? idOf(9) }
    return word === 'both' ? { name: 'both', topicId: idOf(9) } : { name: word, topicId: null }
  }

  #morePartitions([name = '', count, placed]: string[]) {
    const assignments = placed === undefined ? null : placed.split('/').map(list => list.split(',').map(Number))
    return { name, count: Number(count), assignments }
  }

  /** `isr TOPIC-PARTITION by=BROKER to=1,2 [epoch=N] [state=N] [stale]` */
  #alterPartition(words: string[]): ControllerCommand {
    const [{ topic, partition }] = partitionsOf(words[0]!)! as [{ topic: string; partition: number }]
    const given = optionsOf(words)
    const found = topicByName(this.image, topic)
    const state = found?.partitions[partition]
    const brokerId = Number(given.get('by'))
    const epochOf = (id: number) => this.image.brokers.get(id)?.epoch ?? 0
    const members = (given.get('to') ?? '').split(',').map(Number)
    return {
      type: 'alterPartition',
      brokerId,
      brokerEpoch: epochOf(brokerId),
      topicId: found?.id ?? idOf(9),
      partition,
      leaderEpoch: Number(given.get('epoch') ?? state?.leaderEpoch),
      partitionEpoch: Number(given.get('state') ?? state?.partitionEpoch),
      isr: members.map(id => ({ brokerId: id, brokerEpoch: epochOf(id) - (words.includes('stale') ? 1 : 0) })),
    }
  }

  #tellRecords(records: readonly MetadataRecord[]): string[] {
    const lines = records.map(record => this.#tellRecord(record))
    return lines.length <= 9 ? lines : [...lines.slice(0, 2), `... ${lines.length - 3} more`, ...lines.slice(-1)]
  }

  #tellRecord({ type, body }: MetadataRecord): string {
    const placeOf = ({ topicId, partition }: { topicId: string; partition: number }) => {
      const topic = [...this.image.topics.values()].find(each => each.id === topicId)
      return `${topic?.name ?? 'gone'}-${partition}`
    }
    switch (type) {
      case 'cluster':
        return `cluster ${body.clusterId}`
      case 'broker':
        return `broker ${body.brokerId} registration ${body.brokerEpoch}${body.fenced ? ' fenced' : ''}`
      case 'brokerState':
        return `broker ${body.brokerId} ${body.fenced ? 'fenced' : 'alive'}`
      case 'brokerRemoval':
        return `broker ${body.brokerId} gone`
      case 'topic':
        return `topic ${body.name}`
      case 'topicRemoval':
        return 'topic gone'
      case 'partition':
        return `${placeOf(body)} on ${body.replicas} in sync ${body.isr} leader ${body.leader}`
      case 'partitionState': {
        const numbers = `term ${body.leaderEpoch} state ${body.partitionEpoch}`
        return `${placeOf(body)} in sync ${body.isr} leader ${body.leader} ${numbers}`
      }
      case 'config':
        return `config ${body.resourceName || 'all brokers'} ${body.name}=${body.value ?? '(default)'}`
      case 'producerIds':
        return `producer ids from ${body.nextProducerId}`
      default:
        return `feature ${body.name} ${body.level}`
    }
  }
}

/** What the answer says, without what the records said already. */
function tellOutcome(reply: Outcome & Record<string, unknown>): string {
  const { error, message } = reply
  const subject =
    reply.name ?? reply.resourceName ?? (reply.topic === undefined ? null : `${reply.topic}-${reply.partition}`)
  const about = subject === null || subject === undefined ? '' : `${subject === '' ? 'all brokers' : subject}: `
  if (error !== 'NONE') return `-> ${about}${error} ${message ?? ''}`.trimEnd()
  const facts = []
  if (reply.brokerEpoch !== undefined) facts.push(`registration ${reply.brokerEpoch}`)
  if (reply.firstProducerId !== undefined) facts.push(`${reply.count} from ${reply.firstProducerId}`)
  if (reply.partitionCount !== undefined) facts.push(`${reply.partitionCount} x ${reply.replicationFactor}`)
  return `-> ${about}${['done', ...facts].join(', ')}`
}

function optionsOf(words: string[]): Map<string, string> {
  return new Map(words.filter(word => word.includes('=')).map(word => word.split('=') as [string, string]))
}

function partitionsOf(text: string): { topic: string; partition: number }[] | null {
  if (text === '') return null
  return text.split(',').map(each => {
    const dash = each.lastIndexOf('-')
    return { topic: each.slice(0, dash), partition: Number(each.slice(dash + 1)) }
  })
}

/** `alter [broker] NAME|all key=value key+=value key-=value key= [replaceAll]` */
function alteration(words: string[]): ConfigChange {
  const isBroker = words[0] === 'broker'
  const [name = '', ...rest] = isBroker ? words.slice(1) : words
  const resourceName = isBroker && name === 'all' ? '' : name
  const operations: Record<string, ConfigOperation> = { '=': 'set', '+=': 'append', '-=': 'subtract' }
  const changes = rest
    .filter(word => word !== 'replaceAll')
    .map(word => {
      const [, name = '', sign = '', value = ''] = /^([a-z.]+)([+-]?=)(.*)$/.exec(word)!
      const operation = sign === '=' && value === '' ? 'delete' : operations[sign]!
      return { name, operation, value: operation === 'delete' ? null : value }
    })
  const resourceType = isBroker ? ConfigResource.broker : ConfigResource.topic
  return { resourceType, resourceName, changes, replaceAll: rest.includes('replaceAll') }
}

test('replicas placed by hand and counts exclude each other; no config value is null', () => {
  const controller = new Console()
  for (const line of ['cluster c', 'register 1 start=1 caughtUp']) controller.run(line)
  const topic = { name: 'a', topicId: idOf(7), partitionCount: -1, replicationFactor: -1, assignments: [], configs: [] }
  const create = (change: Partial<NewTopic>) => {
    const topics = [{ ...topic, ...change }]
    const command: ControllerCommand = { type: 'createTopics', topics, validateOnly: false, placement: 3 }
    const { records, reply } = decide(controller.image, command, controller.config)
    return [records.length, reply[0]?.error]
  }
  const byHand = { assignments: [{ partition: 0, replicas: [1] }] }
  assert.deepEqual(create({ ...byHand, partitionCount: 1 }), [0, 'INVALID_REQUEST'])
  assert.deepEqual(create({ ...byHand, replicationFactor: 1 }), [0, 'INVALID_REQUEST'])
  assert.deepEqual(create({ assignments: [{ partition: 1, replicas: [1] }] }), [0, 'INVALID_REPLICA_ASSIGNMENT'])
  assert.deepEqual(create({ configs: [{ name: 'retention.ms', value: null }] }), [0, 'INVALID_CONFIG'])
  assert.deepEqual(create(byHand), [2, 'NONE'])
  assert.deepEqual(create({ topicId: 'AAAAAAAAAAAAAAAAAAAAAw' }), [2, 'NONE'])
  assert.throws(() => create({ topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }), /id that may be given/)
})

test('a replica is assigned to a directory that its broker has, once, and keeps its term', () => {
  const controller = new Console()
  for (const line of ['cluster c', 'register 1 start=1 caughtUp', 'register 2 start=2 caughtUp', 'create a=2,1'])
    controller.run(line)
  const topicId = topicByName(controller.image, 'a')?.id ?? ''
  const assign = (change: Partial<AssignDirectory> = {}) => {
    const brokerEpoch = controller.image.brokers.get(change.brokerId ?? 1)?.epoch ?? 0
    const command: AssignDirectory = {
      ...{ type: 'assignDirectory', brokerId: 1, brokerEpoch, topicId, partition: 0, directory: idOf(1001) },
      ...change,
    }
    const { records, reply } = decide(controller.image, command, controller.config)
    controller.image = evolveAll(controller.image, records)
    imageInvariants(controller.image)
    return [records.length, reply.error]
  }
  const [home] = [controller.image.brokers.get(1)!]
  const brokers = new Map(controller.image.brokers).set(1, { ...home, directories: [idOf(1001), idOf(1003)] })
  controller.image = { ...controller.image, brokers }
  const before = topicByName(controller.image, 'a')?.partitions[0]
  assert.deepEqual(assign(), [0, 'NONE'])
  assert.deepEqual(assign({ directory: idOf(1003) }), [1, 'NONE'])
  assert.deepEqual(assign({ directory: idOf(1003) }), [0, 'NONE'])
  assert.deepEqual(topicByName(controller.image, 'a')?.partitions[0], {
    ...before,
    directories: [idOf(1002), idOf(1003)],
    partitionEpoch: 1,
  })
  assert.deepEqual(assign({ directory: idOf(1002) }), [0, 'LOG_DIR_NOT_FOUND'])
  assert.deepEqual(assign({ partition: 1 }), [0, 'UNKNOWN_TOPIC_ID'])
  assert.deepEqual(assign({ topicId: idOf(9) }), [0, 'UNKNOWN_TOPIC_ID'])
  assert.deepEqual(assign({ brokerEpoch: 77 }), [0, 'STALE_BROKER_EPOCH'])
  assert.deepEqual(assign({ brokerId: 3 }), [0, 'BROKER_ID_NOT_REGISTERED'])
})

test('validateOnly answers the same and records nothing', () => {
  const controller = new Console()
  for (const line of ['cluster c', 'register 1 start=1 caughtUp', 'create there']) controller.run(line)
  const grow = {
    type: 'createPartitions',
    topics: [{ name: 'there', count: 3, assignments: null }],
    placement: 0,
  } as const
  const alter = { type: 'alterConfigs', resources: [alteration(['there', 'retention.ms=1'])] } as const
  for (const command of [grow, alter]) {
    const dry = decide(controller.image, { ...command, validateOnly: true }, controller.config)
    const wet = decide(controller.image, { ...command, validateOnly: false }, controller.config)
    assert.deepEqual(dry.reply, wet.reply)
    assert.deepEqual([dry.records.length, wet.records.length > 0], [0, true])
  }
})

for (const name of ['topics', 'brokers', 'configs']) {
  test(`the golden log of ${name}`, () => {
    const path = join(import.meta.dirname, `${name}.golden.txt`)
    const held = readFileSync(path, 'utf8')
    const controller = new Console()
    const now = replayLog(held, line => controller.run(line))
    if (process.env.OTTLA_GOLDEN === 'write') writeFileSync(path, now)
    else assert.equal(now, held)
  })
}
