/** Who a quota is for: what two APIs share. */
import { f, type StructType, struct } from './language.ts'

export const quotaEntity = (name: string): StructType =>
  struct(name, {
    entityType: f.string('0+', { doc: 'Kind of entity: user, client-id or ip.' }),
    entityName: f.string('0+', { nullable: '0+', doc: 'Its name; null for the default of its kind.' }),
  })
