/** DescribeUserScramCredentials: which users have SCRAM credentials; never the credentials. */
import { errorCode, errorMessage, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const user = struct('ScramUser', {
  name: f.string('0+', { doc: 'Name of the user.' }),
})

const info = struct('ScramCredentialInfo', {
  mechanism: f.int8('0+', { doc: 'Mechanism: 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.' }),
  iterations: f.int32('0+', { doc: 'Rounds of hashing.' }),
})

const result = struct('ScramUserResult', {
  user: f.string('0+', { doc: 'Name of the user.' }),
  errorCode: errorCode('0+', 'the lookup of the user'),
  errorMessage: errorMessage('0+'),
  credentialInfos: f.array('0+', info, { doc: 'Mechanisms the user has credentials for.' }),
})

export const describeUserScramCredentials = defineApi({
  key: 50,
  name: 'DescribeUserScramCredentials',
  versions: '0',
  flexible: '0+',
  source: 'Kafka 4.2 DescribeUserScramCredentials; KIP-554',
  request: {
    users: f.array('0+', user, { nullable: '0+', doc: 'Users wanted; null or empty for all.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    errorCode: errorCode('0+', 'the whole request'),
    errorMessage: errorMessage('0+'),
    results: f.array('0+', result, { doc: 'One answer for each user.' }),
  },
})
