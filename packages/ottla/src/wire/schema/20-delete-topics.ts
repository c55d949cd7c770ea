/** DeleteTopics. v4 flexible, v5 messages, v6 by name or by id. */
import { errorCode, errorMessage, throttleTimeMs, topicId } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const topic = struct('DeleteTopicsTopic', {
  name: f.string('6+', { nullable: '6+', default: null, doc: 'Name of the topic; null when given by id.' }),
  topicId: topicId('6+'),
})

const topicResponse = struct('DeleteTopicsTopicResponse', {
  name: f.string('0+', { nullable: '6+', doc: 'Name of the topic; null when an id is not known.' }),
  topicId: topicId('6+'),
  errorCode: errorCode('0+', 'the deletion'),
  errorMessage: errorMessage('5+'),
})

export const deleteTopics = defineApi({
  key: 20,
  name: 'DeleteTopics',
  versions: '1-6',
  flexible: '4+',
  source: 'Kafka 4.2 DeleteTopics; KIP-4, KIP-599, KIP-516',
  request: {
    topics: f.array('6+', topic, { default: [], doc: 'Topics to delete.' }),
    topicNames: f.array('0-5', 'string', { default: [], doc: 'Names of the topics to delete.' }),
    timeoutMs: f.int32('0+', { doc: 'How long to wait for the deletion. Milliseconds.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('1+'),
    responses: f.array('0+', topicResponse, { doc: 'One answer for each topic asked for.' }),
  },
})
