/** Behaviours 28 and 29: what Metadata says, and to whom. */
import assert from 'node:assert/strict'
import { describeClusterApi } from '../../../packages/ottla/src/wire/gen/describe-cluster.ts'
import { metadataApi } from '../../../packages/ottla/src/wire/gen/metadata.ts'
import { type Behaviour, behaviour } from '../behaviour.ts'
import type { TestCluster } from '../cluster.ts'
import { errorText } from '../errors.ts'

async function ask(
  cluster: TestCluster,
  names: readonly string[] | null,
  options: { version?: number; create?: boolean },
) {
  const topics = names === null ? null : names.map(name => ({ name }))
  const request = { topics, allowAutoTopicCreation: options.create ?? false }
  const reply = await cluster.ask(metadataApi, request, options.version ?? 9)
  return reply.topics.map(topic => ({ ...topic, error: errorText(topic.errorCode) }))
}

export const metadataBehaviours: readonly Behaviour[] = [
  behaviour(
    28,
    'Metadata: all, none, unknown and invalid names; a topic is made only when both sides want it',
    async cluster => {
      const known = await cluster.topic()
      const names = async (topics: readonly string[] | null, version: number) =>
        (await ask(cluster, topics, { version })).map(topic => topic.name)
      assert.ok((await names(null, 1)).includes(known.name), 'null is all')
      assert.deepEqual(await names([], 1), [], 'empty is none')
      assert.ok((await names([], 0)).includes(known.name), 'in version 0 empty is all')
      const byId = async (topicId: string) => {
        const request = { topics: [{ topicId, name: null }], allowAutoTopicCreation: false }
        const { topics } = await cluster.ask(metadataApi, request, 12)
        return [errorText(topics[0]!.errorCode), topics[0]!.name]
      }
      assert.deepEqual(await byId(known.id), ['NONE', known.name])
      assert.deepEqual(await byId('q83vEjRWeJCrze8SNFZ4kA'), ['UNKNOWN_TOPIC_ID', null])

      const unknown = cluster.freshName()
      for (const version of [4, 9, 12]) {
        assert.deepEqual(
          (await ask(cluster, [unknown], { version })).map(each => each.error),
          ['UNKNOWN_TOPIC_OR_PARTITION'],
        )
      }
      assert.ok(!(await names(null, 9)).includes(unknown), 'asking without the flag makes nothing')
      for (const bad of ['', '.', '..', 'a b', 'ä', 'a/b', 'x'.repeat(250)]) {
        for (const create of [false, true]) {
          const [found] = await ask(cluster, [bad], { create })
          assert.equal(found!.error, 'INVALID_TOPIC_EXCEPTION', `name '${bad}', create ${create}`)
        }
      }

      const wanted = cluster.freshName()
      const connections = await Promise.all(Array.from({ length: 8 }, () => cluster.connect()))
      const request = { topics: [{ name: wanted }], allowAutoTopicCreation: true }
      const replies = await Promise.all(connections.map(each => each.request(metadataApi, request, { version: 9 })))
      const allowed = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NONE']
      const errors = replies.map(reply => errorText(reply.topics[0]!.errorCode))
      for (const error of errors) assert.ok(allowed.includes(error), `the reply that makes a topic says ${error}`)
      await cluster.untilLed(wanted, 1)
      const [made] = await ask(cluster, [wanted], {})
      assert.deepEqual([made!.error, made!.partitions.length], ['NONE', 1])
      assert.equal((await names(null, 9)).filter(name => name === wanted).length, 1)
    },
  ),

  behaviour(29, 'Metadata names the listener that the request came on', async cluster => {
    const topic = await cluster.topic()
    for (const address of [cluster.address, cluster.secondAddress]) {
      const connection = await cluster.connect(address)
      for (const version of [1, 9, 12]) {
        const reply = await connection.request(metadataApi, { topics: [{ name: topic.name }] }, { version })
        assert.deepEqual(
          reply.brokers.map(({ nodeId, host, port }) => ({ nodeId, host, port })),
          [{ nodeId: 1, ...address }],
        )
        assert.equal(reply.topics[0]!.partitions[0]!.leaderId, 1)
      }
      const described = await connection.request(describeClusterApi, {})
      assert.deepEqual(
        described.brokers.map(({ host, port }) => ({ host, port })),
        [address],
      )
    }
  }),
]
