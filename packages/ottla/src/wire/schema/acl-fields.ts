/** Fields of ACLs and of filters over them, which three APIs share. Numbers as in Kafka's enumerations. */
import { type Field, type Fields, f } from './language.ts'

const filter = (doc: string): Field => f.string('0+', { nullable: '0+', doc })

export const aclResourceType = f.int8('0+', {
  doc: 'Type of resource: 2 topic, 3 group, 4 cluster, 5 transactional id, 6 token, 7 user.',
})
export const aclPatternType = f.int8('1+', { default: 3, doc: 'How the name is meant: 3 exactly, 4 as a prefix.' })

export const aclEntry: Fields = {
  principal: f.string('0+', { doc: 'Who: `User:name`, or `User:*` for everybody.' }),
  host: f.string('0+', { doc: 'Address it applies to; `*` for every one.' }),
  operation: f.int8('0+', { doc: 'Operation, 2 for all of them.' }),
  permissionType: f.int8('0+', { doc: 'Permission: 2 deny, 3 allow.' }),
}

export const aclFilter: Fields = {
  resourceTypeFilter: f.int8('0+', { doc: 'Type of resource; 1 for any.' }),
  resourceNameFilter: filter('Name of the resource; null for any.'),
  patternTypeFilter: f.int8('1+', {
    default: 3,
    doc: 'How the name is meant: 1 any way, 2 as one that applies to it, 3 exactly, 4 as a prefix.',
  }),
  principalFilter: filter('Who; null for anybody.'),
  hostFilter: filter('Address; null for any.'),
  operation: f.int8('0+', { doc: 'Operation; 1 for any.' }),
  permissionType: f.int8('0+', { doc: 'Permission; 1 for any.' }),
}
