/** AlterUserScramCredentials: set and delete SCRAM credentials. */
import { errorCode, errorMessage, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const name = f.string('0+', { doc: 'Name of the user.' })
const mechanism = f.int8('0+', { doc: 'Mechanism: 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.' })

const deletion = struct('ScramCredentialDeletion', { name, mechanism })

const upsertion = struct('ScramCredentialUpsertion', {
  name,
  mechanism,
  iterations: f.int32('0+', { doc: 'Rounds of hashing.' }),
  salt: f.bytes('0+', { doc: 'Random salt, made by the client.' }),
  saltedPassword: f.bytes('0+', { doc: 'The salted password; the password itself is never sent.' }),
})

const result = struct('ScramAlterationResult', {
  user: f.string('0+', { doc: 'Name of the user.' }),
  errorCode: errorCode('0+', 'the change'),
  errorMessage: errorMessage('0+'),
})

export const alterUserScramCredentials = defineApi({
  key: 51,
  name: 'AlterUserScramCredentials',
  versions: '0',
  flexible: '0+',
  source: 'Kafka 4.2 AlterUserScramCredentials; KIP-554',
  request: {
    deletions: f.array('0+', deletion, { doc: 'Credentials to delete.' }),
    upsertions: f.array('0+', upsertion, { doc: 'Credentials to set.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    results: f.array('0+', result, { doc: 'One answer for each user.' }),
  },
})
