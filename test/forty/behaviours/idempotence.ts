/** Behaviours 12 to 16: producers with an id. */
import assert from 'node:assert/strict'
import { type Behaviour, behaviour, notApplicable } from '../behaviour.ts'
import type { TestCluster, TestTopic } from '../cluster.ts'
import { listOffset, produce, produced, producerId } from '../messages.ts'
import { batchOf } from '../records.ts'

const SEQUENCE_MAX = 2_147_483_647
const needsTransactions = 'needs transactions'

/** A producer that says its sequence itself. */
class Producer {
  readonly cluster: TestCluster
  readonly topic: TestTopic
  readonly id: bigint

  constructor(cluster: TestCluster, topic: TestTopic, id: bigint) {
    this.cluster = cluster
    this.topic = topic
    this.id = id
  }

  batch(baseSequence: number, count = 1, producerEpoch = 0): Buffer {
    const values = Array.from({ length: count }, (_, index) => `${producerEpoch}-${baseSequence + index}`)
    return batchOf(values, { producerId: this.id, producerEpoch, baseSequence })
  }

  /** Error and base offset. */
  async send(baseSequence: number, count = 1, epoch = 0): Promise<readonly [string, number]> {
    const { error, baseOffset } = await produce(this.cluster, this.topic, this.batch(baseSequence, count, epoch))
    return [error, baseOffset]
  }
}

const outOfOrder = ['OUT_OF_ORDER_SEQUENCE_NUMBER', -1] as const

export const idempotenceBehaviours: readonly Behaviour[] = [
  behaviour(12, 'a repeat of one of the last five batches gets its first offset again', async cluster => {
    const topic = await cluster.topic()
    const producer = new Producer(cluster, topic, await producerId(cluster))
    for (let batch = 0; batch < 6; batch++) {
      assert.deepEqual(await producer.send(batch * 2, 2), ['NONE', batch * 2])
    }
    for (let batch = 1; batch < 6; batch++) {
      assert.deepEqual(await producer.send(batch * 2, 2), ['NONE', batch * 2], `repeat of batch ${batch}`)
    }
    assert.deepEqual(await producer.send(0, 2), outOfOrder, 'the sixth last is forgotten')
    assert.deepEqual(await producer.send(14, 2), outOfOrder, 'a gap')
    assert.deepEqual(await producer.send(10, 3), outOfOrder, 'a repeat with another end')
    assert.equal((await listOffset(cluster, topic.name, -1)).offset, 12, 'nothing was appended twice')
    assert.deepEqual(await producer.send(12, 1), ['NONE', 12])

    const wrapping = new Producer(cluster, topic, await producerId(cluster))
    assert.deepEqual(await wrapping.send(SEQUENCE_MAX - 1, 1), ['NONE', 13], 'no state: any sequence may be the first')
    assert.deepEqual(await wrapping.send(SEQUENCE_MAX, 2), ['NONE', 14], 'wraps inside the batch')
    assert.deepEqual(await wrapping.send(1, 1), ['NONE', 16])
    assert.deepEqual(await wrapping.send(SEQUENCE_MAX, 2), ['NONE', 14], 'a repeat over the wrap')
  }),

  behaviour(13, 'a new epoch begins at sequence 0; an old one is INVALID_PRODUCER_EPOCH', async cluster => {
    const topic = await cluster.topic()
    const producer = new Producer(cluster, topic, await producerId(cluster))
    assert.deepEqual(await producer.send(0, 2), ['NONE', 0])
    assert.deepEqual(await producer.send(2, 1, 1), outOfOrder)
    assert.deepEqual(await producer.send(0, 1, 1), ['NONE', 2])
    assert.deepEqual(await producer.send(2, 1, 0), ['INVALID_PRODUCER_EPOCH', -1])
    assert.deepEqual(await producer.send(0, 2, 0), ['INVALID_PRODUCER_EPOCH', -1], 'also for what was a repeat')
    assert.deepEqual(await producer.send(1, 1, 1), ['NONE', 3])
  }),

  notApplicable(14, 'PRODUCER_FENCED comes from the coordinator only', needsTransactions),
  notApplicable(15, 'writes beside an open transaction are INVALID_TXN_STATE', needsTransactions),

  behaviour(16, 'what is known of producers survives a restart', async cluster => {
    const topic = await cluster.topic()
    const before = new Producer(cluster, topic, await producerId(cluster))
    for (let batch = 0; batch < 5; batch++) assert.deepEqual(await before.send(batch * 2, 2), ['NONE', batch * 2])
    await cluster.restart()
    await cluster.untilLed(topic.name, 1)
    assert.deepEqual(await before.send(8, 2), ['NONE', 8], 'a repeat of the last batch')
    for (let batch = 0; batch < 4; batch++) {
      const [error] = await before.send(batch * 2, 2)
      assert.equal(error, cluster.either('repeats-after-restart'), `a repeat of batch ${batch} of 5`)
    }
    assert.deepEqual(await before.send(11, 1), outOfOrder)
    assert.deepEqual(await before.send(10, 1), ['NONE', 10])
    assert.ok((await producerId(cluster)) > before.id, 'ids are not given twice')
    const stranger = new Producer(cluster, topic, 987_654_321n)
    assert.equal(await produced(cluster, topic, stranger.batch(77)), 11, 'no state: any sequence may be the first')
  }),
]
