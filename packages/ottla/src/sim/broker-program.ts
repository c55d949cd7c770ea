/** The product's own server as the program of a simulated machine, with its metadata in files on the simulated disk. */
import { FileMembership } from '../adapters/file/membership.ts'
import { FileMetaLog } from '../adapters/file/meta-log.ts'
import { startServer } from '../apps/server/server.ts'
import type { BrokerConfig } from '../spec/config/broker.ts'
import type { Program } from './machine.ts'

export function brokerProgram(config: BrokerConfig): Program {
  return world =>
    startServer(config, {
      ...world,
      hostName: 'localhost',
      openMetadata: async directory => ({
        log: await FileMetaLog.open(world.disk, directory),
        membership: new FileMembership(world.disk, directory),
      }),
    })
}
