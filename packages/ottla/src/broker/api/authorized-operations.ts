/**
 * The bit fields of operations that a client may do (KIP-430): bit n stands for the operation of number n. Without access
 * rules everybody may do everything that the kind of resource knows.
 */

const Operation = {
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  clusterAction: 9,
  describeConfigs: 10,
  alterConfigs: 11,
  idempotentWrite: 12,
} as const

const fieldOf = (...operations: readonly number[]): number => operations.reduce((bits, each) => bits | (1 << each), 0)

/** What is sent when nobody asked: the smallest int32. */
export const OPERATIONS_NOT_ASKED = -2_147_483_648

export const TOPIC_OPERATIONS = fieldOf(
  Operation.read,
  Operation.write,
  Operation.create,
  Operation.delete,
  Operation.alter,
  Operation.describe,
  Operation.describeConfigs,
  Operation.alterConfigs,
)

export const CLUSTER_OPERATIONS = fieldOf(
  Operation.create,
  Operation.alter,
  Operation.describe,
  Operation.clusterAction,
  Operation.describeConfigs,
  Operation.alterConfigs,
  Operation.idempotentWrite,
)

export const GROUP_OPERATIONS = fieldOf(
  Operation.read,
  Operation.delete,
  Operation.describe,
  Operation.describeConfigs,
  Operation.alterConfigs,
)
