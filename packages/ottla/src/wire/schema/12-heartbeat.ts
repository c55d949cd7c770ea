/** Heartbeat: a classic member is alive. v3 static members, v4 flexible. */
import { errorCode, groupId, groupInstanceId, throttleTimeMs } from './common.ts'
import { defineApi, f } from './language.ts'

export const heartbeat = defineApi({
  key: 12,
  name: 'Heartbeat',
  versions: '0-4',
  flexible: '4+',
  source: 'Kafka 4.2 Heartbeat; KIP-345',
  request: {
    groupId: groupId('0+'),
    generationId: f.int32('0+', { doc: 'Generation the member is in.' }),
    memberId: f.string('0+', { doc: 'Id of the member.' }),
    groupInstanceId: groupInstanceId('3+'),
  },
  response: {
    throttleTimeMs: throttleTimeMs('1+'),
    errorCode: errorCode('0+', 'the heartbeat'),
  },
})
