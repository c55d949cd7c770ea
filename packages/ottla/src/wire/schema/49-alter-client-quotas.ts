/** AlterClientQuotas. v1 flexible. */
import { errorCode, errorMessage, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'
import { quotaEntity } from './quota-fields.ts'

const operation = struct('QuotaOperation', {
  key: f.string('0+', { doc: 'Quota to change.' }),
  value: f.float64('0+', { doc: 'Limit to set, in the unit of the quota.' }),
  remove: f.bool('0+', { doc: 'Whether to remove the limit instead.' }),
})

const entry = struct('QuotaAlteration', {
  entity: f.array('0+', quotaEntity('AlteredQuotaEntity'), { doc: 'Who the quotas are for.' }),
  ops: f.array('0+', operation, { doc: 'Changes.' }),
})

const result = struct('QuotaAlterationResult', {
  errorCode: errorCode('0+', 'the change'),
  errorMessage: errorMessage('0+'),
  entity: f.array('0+', quotaEntity('QuotaResultEntity'), { doc: 'Who the quotas are for.' }),
})

export const alterClientQuotas = defineApi({
  key: 49,
  name: 'AlterClientQuotas',
  versions: '0-1',
  flexible: '1+',
  source: 'Kafka 4.2 AlterClientQuotas; KIP-546',
  request: {
    entries: f.array('0+', entry, { doc: 'Entities whose quotas to change.' }),
    validateOnly: f.bool('0+', { default: false, doc: 'Check everything, change nothing.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    entries: f.array('0+', result, { doc: 'One answer for each entity.' }),
  },
})
