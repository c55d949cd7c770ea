/**
 * The controller: what becomes of a command, given the image that all earlier records make. Reads and never changes; the
 * shell appends the records as one, fenced by its epoch, and everybody evolves their image from the log.
 */
import { unreachable } from '../../base/assert.ts'
import type { BrokerConfigInForce } from '../metadata/broker-config.ts'
import type { MetadataImage } from '../metadata/image.ts'
import { decideAllocateProducerIds, decideChangeBroker, decideCreateCluster, decideRegisterBroker } from './brokers.ts'
import type { ControllerCommand, ControllerReplies, ControllerReply } from './commands.ts'
import { decideAlterConfigs } from './configs.ts'
import type { Decision } from './decision.ts'
import { decideCreatePartitions } from './new-partitions.ts'
import { decideAlterPartition, decideAssignDirectory, decideElectLeaders } from './partitions.ts'
import { decideCreateTopics, decideDeleteTopics } from './topics.ts'

export type { Decision } from './decision.ts'

/** `config`: of the broker that is the controller. */
export function decide<C extends ControllerCommand>(
  image: MetadataImage,
  command: C,
  config: BrokerConfigInForce,
): Decision<ControllerReply<C>> {
  // One switch cannot tell the compiler that each case answers its own command; `decideAny` checks the union.
  return decideAny(image, command, config) as Decision<ControllerReply<C>>
}

function decideAny(
  image: MetadataImage,
  command: ControllerCommand,
  config: BrokerConfigInForce,
): Decision<ControllerReplies[keyof ControllerReplies]> {
  const rules = config.at(image)
  switch (command.type) {
    case 'createCluster':
      return decideCreateCluster(image, command)
    case 'registerBroker':
      return decideRegisterBroker(image, command, rules)
    case 'fenceBroker':
    case 'unfenceBroker':
    case 'unregisterBroker':
      return decideChangeBroker(image, command, rules)
    case 'createTopics':
      return decideCreateTopics(image, command, rules)
    case 'deleteTopics':
      return decideDeleteTopics(image, command, rules)
    case 'createPartitions':
      return decideCreatePartitions(image, command)
    case 'alterConfigs':
      return decideAlterConfigs(image, command, { rules, start: config.start })
    case 'allocateProducerIds':
      return decideAllocateProducerIds(image, command)
    case 'alterPartition':
      return decideAlterPartition(image, command)
    case 'assignDirectory':
      return decideAssignDirectory(image, command)
    case 'electLeaders':
      return decideElectLeaders(image, command)
    default:
      return unreachable(command)
  }
}
