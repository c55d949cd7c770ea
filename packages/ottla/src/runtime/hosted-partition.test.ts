import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evolveAppended } from '../core/partition/append.ts'
import { logId, makeBatch, openTest, testEnv, topicConfig } from '../storage/testing.ts'
import { HostedPartition } from './hosted-partition.ts'
import { Purgatory } from './purgatory.ts'

const SELF = 1
const TERM = { leader: SELF, leaderEpoch: 0, partitionEpoch: 0, replicas: [SELF], isr: [SELF] }

async function hostedPartition() {
  const env = testEnv()
  const directory = await openTest(env)
  const config = topicConfig()
  const log = await directory.create(logId(), config)
  const hosted = await HostedPartition.open(log, { self: SELF, config, clock: env.clock })
  hosted.enterTerm(TERM, 0)
  const append = () =>
    hosted.appending(() => {
      const { bytes, header } = makeBatch(log.endOffset)
      const durable = log.append(bytes, header)
      evolveAppended(hosted.state, header, { producerId: null, baseOffset: header.baseOffset, nowMs: 0 })
      return durable
    })
  return { env, directory, hosted, append }
}

test('those who wait for durability are asked when something became durable, not at each append before it', async () => {
  const { env, directory, hosted, append } = await hostedPartition()
  let asked = 0
  const wait = () =>
    new Purgatory(env.clock).park([hosted.ackWaits], {
      timeoutMs: 1000,
      attempt: () => {
        asked++
        return hosted.state.durableEndOffset === 10
      },
      expired: () => assert.fail('nothing times out'),
    })
  wait()
  const appends = Array.from({ length: 10 }, append)
  assert.equal(asked, 1, 'when it began to wait')
  await Promise.all(appends)
  assert.equal(hosted.ackWaits.isEmpty, true)
  assert.ok(asked <= 3, `asked ${asked} times`)
  await directory.close()
})
