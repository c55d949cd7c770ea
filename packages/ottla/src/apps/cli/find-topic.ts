/** A topic that a person named, or a failure that says which one was probably meant. */
import type { Cluster, TopicInfo } from '../../client/cluster.ts'
import { WireFailure } from '../../client/wire-failure.ts'
import { errorText, nearest } from '../../spec/config/text.ts'
import { CommandError, Failure } from './failure.ts'

export async function findTopic(cluster: Cluster, name: string): Promise<TopicInfo> {
  try {
    return await cluster.refresh(name)
  } catch (error) {
    if (!(error instanceof WireFailure) || error.errorName !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
  }
  const meant = nearest(
    name,
    (await cluster.topics()).map(topic => topic.name),
  )
  const next =
    meant === null
      ? `ottla topic list; or make it with: ottla topic create ${errorText(name)}`
      : `did you mean ${meant}?`
  throw new CommandError(`there is no topic ${errorText(name)}`, Failure.failed, next)
}
