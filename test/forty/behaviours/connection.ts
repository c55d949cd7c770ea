/** Behaviours 1 to 6: frames, versions and the order of replies. */
import assert from 'node:assert/strict'
import { apiVersionsApi } from '../../../packages/ottla/src/wire/gen/api-versions.ts'
import { fetchApi } from '../../../packages/ottla/src/wire/gen/fetch.ts'
import { metadataApi } from '../../../packages/ottla/src/wire/gen/metadata.ts'
import { produceApi } from '../../../packages/ottla/src/wire/gen/produce.ts'
import { type Behaviour, behaviour } from '../behaviour.ts'
import { errorText } from '../errors.ts'
import { timed } from '../eventually.ts'
import { FETCH_BY_NAME, fetchRequest } from '../messages.ts'
import { framed, frameOf, readReply } from '../raw-socket.ts'
import { batchOf } from '../records.ts'

const software = { clientSoftwareName: 'forty', clientSoftwareVersion: '1.0' }
const someTag = { tag: 9_999, bytes: Buffer.from('not known to any broker') }

export const connectionBehaviours: readonly Behaviour[] = [
  behaviour(1, 'ApiVersions above the newest is answered in version 0, and the connection lives on', async cluster => {
    const socket = await cluster.socket()
    socket.send(frameOf(apiVersionsApi, software, { version: 3, correlationId: 11, claim: { version: 99 } }))
    const { correlationId, body } = readReply(apiVersionsApi, 0, await socket.frame())
    assert.equal(correlationId, 11)
    assert.equal(errorText(body.errorCode), 'UNSUPPORTED_VERSION')
    assert.equal(body.apiKeys.length, 1, 'only the range of ApiVersions itself')
    assert.equal(body.apiKeys[0]!.apiKey, apiVersionsApi.key)
    assert.equal(body.apiKeys[0]!.minVersion, 0)
    assert.ok(body.apiKeys[0]!.maxVersion >= 4)
    const again = await socket.ask(apiVersionsApi, software, { version: 3, correlationId: 12 })
    assert.equal(errorText(again.body.errorCode), 'NONE')
  }),

  behaviour(2, 'the reply to a flexible ApiVersions has the plain header', async cluster => {
    const socket = await cluster.socket()
    socket.send(frameOf(apiVersionsApi, software, { version: 3, correlationId: 7 }))
    const frame = await socket.frame()
    assert.equal(frame.readInt32BE(0), 7)
    assert.equal(frame.readInt16BE(4), 0, 'the error code follows the correlation id, no tag byte between')
    assert.ok(frame.readUInt8(6) > 1, 'a compact array follows')
    assert.ok(readReply(apiVersionsApi, 3, frame).body.apiKeys.length > 10)
    socket.send(frameOf(metadataApi, { topics: [] }, { version: 9, correlationId: 8 }))
    const metadata = await socket.frame()
    assert.equal(metadata.readUInt8(4), 0, 'other flexible replies have the tag byte')
    readReply(metadataApi, 9, metadata)
  }),

  behaviour(3, 'a client software name or version that is not well formed is INVALID_REQUEST', async cluster => {
    const socket = await cluster.socket()
    const ask = async (name: string, version: string) => {
      const body = { clientSoftwareName: name, clientSoftwareVersion: version }
      const reply = await socket.ask(apiVersionsApi, body, { version: 3 })
      return errorText(reply.body.errorCode)
    }
    for (const bad of ['', ' ', '-x', 'x-', 'a b', 'a_b', '.a', 'a.', 'ä']) {
      assert.equal(await ask(bad, '1.0'), 'INVALID_REQUEST', `name '${bad}'`)
      assert.equal(await ask('forty', bad), 'INVALID_REQUEST', `version '${bad}'`)
    }
    for (const good of ['a', '1', 'a-b.c', 'A--b', '1..2']) assert.equal(await ask(good, good), 'NONE', good)
  }),

  behaviour(
    4,
    'an unknown API, an unknown version and a body that cannot be read end the connection',
    async cluster => {
      const request = frameOf(metadataApi, { topics: [{ name: 'x' }] }, { version: 9 })
      const cases = {
        'unknown API': frameOf(metadataApi, { topics: [] }, { version: 9, claim: { key: 9_999 } }),
        'negative API': frameOf(metadataApi, { topics: [] }, { version: 9, claim: { key: -1 } }),
        'version too high': frameOf(metadataApi, { topics: [] }, { version: 9, claim: { version: 99 } }),
        'version below 0': frameOf(metadataApi, { topics: [] }, { version: 9, claim: { version: -1 } }),
        'Produce v2': frameOf(
          produceApi,
          { acks: 1, timeoutMs: 1, topicData: [] },
          { version: 3, claim: { version: 2 } },
        ),
        'body cut short': framed(request.subarray(4, request.length - 4)),
        'array longer than the body': framed(Buffer.concat([request.subarray(4, 19), Buffer.from([0xff, 0xff, 0x7f])])),
        'no body at all': framed(request.subarray(4, 12)),
        'a size below 0': Buffer.from([0xff, 0xff, 0xff, 0xff]),
        'a size above the limit': Buffer.from([0x7f, 0xff, 0xff, 0xff]),
      }
      for (const [name, bytes] of Object.entries(cases)) {
        const socket = await cluster.socket()
        socket.send(bytes)
        await socket.closedSilently().catch(error => assert.fail(`${name}: ${error.message}`))
      }
    },
  ),

  behaviour(
    5,
    'replies come in the order of the requests; a fetch that waits holds back what follows',
    async cluster => {
      const topic = await cluster.topic()
      const socket = await cluster.socket()
      const waiting = fetchRequest(topic, 0, { maxWaitMs: 600 })
      const { tookMs } = await timed(async () => {
        socket.send(
          frameOf(metadataApi, { topics: [] }, { version: 9, correlationId: 5 }),
          frameOf(fetchApi, waiting, { version: FETCH_BY_NAME, correlationId: -2_147_483_648 }),
          frameOf(apiVersionsApi, software, { version: 3, correlationId: 5 }),
          frameOf(metadataApi, { topics: [] }, { version: 1, correlationId: 0 }),
        )
        assert.equal(readReply(metadataApi, 9, await socket.frame()).correlationId, 5)
        assert.equal(readReply(fetchApi, FETCH_BY_NAME, await socket.frame()).correlationId, -2_147_483_648)
      })
      assert.ok(tookMs >= 590, `the fetch waited ${tookMs} ms`)
      assert.equal(readReply(apiVersionsApi, 3, await socket.frame()).correlationId, 5)
      assert.equal(readReply(metadataApi, 1, await socket.frame()).correlationId, 0)
    },
  ),

  behaviour(
    6,
    'unknown tagged fields and bytes behind a body are skipped, a null client id is taken',
    async cluster => {
      const topic = await cluster.topic()
      const socket = await cluster.socket()
      const tagged = { ...software, unknownTags: [someTag] }
      const versions = await socket.ask(apiVersionsApi, tagged, { version: 3, clientId: null, headerTags: [someTag] })
      assert.equal(errorText(versions.body.errorCode), 'NONE')
      const metadata = { topics: [{ name: topic.name, unknownTags: [someTag] }], unknownTags: [someTag] }
      const found = await socket.ask(metadataApi, metadata, { version: 9, clientId: null, headerTags: [someTag] })
      assert.equal(found.body.topics[0]!.partitions.length, 1)
      const partition = { index: 0, records: batchOf(['a']), unknownTags: [someTag] }
      const topicData = [{ name: topic.name, partitionData: [partition], unknownTags: [someTag] }]
      const produce = { acks: 1, timeoutMs: 5_000, topicData, unknownTags: [someTag] }
      const written = await socket.ask(produceApi, produce, { version: 9, clientId: null, headerTags: [someTag] })
      assert.equal(errorText(written.body.responses[0]!.partitionResponses[0]!.errorCode), 'NONE')
      const longer = frameOf(metadataApi, { topics: [] }, { version: 9, correlationId: 77 }).subarray(4)
      socket.send(framed(Buffer.concat([longer, Buffer.from([1, 2, 3])])))
      assert.equal(
        readReply(metadataApi, 9, await socket.frame()).correlationId,
        77,
        'librdkafka sends more than it should',
      )
      const plain = await socket.ask(metadataApi, { topics: [] }, { version: 1, clientId: null })
      assert.equal(plain.body.topics.length, 0)
    },
  ),
]
