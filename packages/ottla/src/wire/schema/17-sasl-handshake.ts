/** SaslHandshake: choose a mechanism. After v0 the tokens follow as bare frames, after v1 inside SaslAuthenticate. */
import { errorCode } from './common.ts'
import { defineApi, f } from './language.ts'

export const saslHandshake = defineApi({
  key: 17,
  name: 'SaslHandshake',
  versions: '0-1',
  flexible: 'none',
  source: 'Kafka 4.2 SaslHandshake; KIP-43, KIP-152',
  request: {
    mechanism: f.string('0+', { doc: 'Mechanism that the client wants.' }),
  },
  response: {
    errorCode: errorCode('0+', 'the choice'),
    mechanisms: f.array('0+', 'string', { doc: 'Mechanisms that the broker offers.' }),
  },
})
