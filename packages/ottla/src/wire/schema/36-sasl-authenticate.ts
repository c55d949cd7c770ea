/** SaslAuthenticate: a token of the chosen mechanism. v1 session lifetime, v2 flexible. */
import { errorCode, errorMessage } from './common.ts'
import { defineApi, f } from './language.ts'

export const saslAuthenticate = defineApi({
  key: 36,
  name: 'SaslAuthenticate',
  versions: '0-2',
  flexible: '2+',
  source: 'Kafka 4.2 SaslAuthenticate; KIP-152, KIP-368',
  request: {
    authBytes: f.bytes('0+', { doc: 'Token from the client.' }),
  },
  response: {
    errorCode: errorCode('0+', 'the authentication'),
    errorMessage: errorMessage('0+'),
    authBytes: f.bytes('0+', { doc: 'Token from the broker.' }),
    sessionLifetimeMs: f.int53('1+', { default: 0, doc: 'When to authenticate again; 0: never. Milliseconds.' }),
  },
})
