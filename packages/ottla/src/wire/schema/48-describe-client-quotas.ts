/** DescribeClientQuotas. v1 flexible. */
import { errorCode, errorMessage, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'
import { quotaEntity } from './quota-fields.ts'

const component = struct('QuotaFilterComponent', {
  entityType: f.string('0+', { doc: 'Kind of entity: user, client-id or ip.' }),
  matchType: f.int8('0+', { doc: 'What matches. 0: the name given, 1: the default, 2: any.' }),
  match: f.string('0+', { nullable: '0+', doc: 'Name to match; null unless a name is to match.' }),
})

const value = struct('QuotaValue', {
  key: f.string('0+', { doc: 'Quota: producer_byte_rate, consumer_byte_rate, request_percentage and others.' }),
  value: f.float64('0+', { doc: 'Its limit, in the unit of the quota.' }),
})

const entry = struct('QuotaEntry', {
  entity: f.array('0+', quotaEntity('QuotaEntity'), { doc: 'Who the quotas are for.' }),
  values: f.array('0+', value, { doc: 'The quotas.' }),
})

export const describeClientQuotas = defineApi({
  key: 48,
  name: 'DescribeClientQuotas',
  versions: '0-1',
  flexible: '1+',
  source: 'Kafka 4.2 DescribeClientQuotas; KIP-546',
  request: {
    components: f.array('0+', component, { doc: 'All of these must match.' }),
    strict: f.bool('0+', { doc: 'Whether an entity may have no other parts.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    errorCode: errorCode('0+', 'the request'),
    errorMessage: errorMessage('0+'),
    entries: f.array('0+', entry, { nullable: '0+', doc: 'What matched; null on error.' }),
  },
})
