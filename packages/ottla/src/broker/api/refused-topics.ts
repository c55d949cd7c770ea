/**
 * Requests for many topics of which one is refused: what is asked for the others, and one reply of both parts. The rest
 * of the request is done as ever. For tests of how clients take errors.
 */
import { topicById } from '../../core/metadata/image.ts'
import type { ApiContext } from './handler.ts'

/** A list of topics in a request or a reply; what else is in them differs. */
type Topics = readonly { readonly name?: string | null; readonly topic?: string; readonly topicId?: string }[]
type Message = Readonly<Record<string, unknown>>

/** Which lists of the request name topics, and the list of the reply that answers them. */
export const topicLists = {
  ListOffsets: { asked: ['topics'], answered: 'topics' },
  OffsetCommit: { asked: ['topics'], answered: 'topics' },
  CreateTopics: { asked: ['topics'], answered: 'topics' },
  // By id or name in one list, and by name alone in the other, which older versions have.
  DeleteTopics: { asked: ['topics', 'topicNames'], answered: 'responses' },
  DeleteRecords: { asked: ['topics'], answered: 'topics' },
  OffsetForLeaderEpoch: { asked: ['topics'], answered: 'topics' },
  CreatePartitions: { asked: ['topics'], answered: 'results' },
} as const

export type TopicwiseRefusable = keyof typeof topicLists

export interface SplitRequest {
  /** Asks for the topic alone; null: it is not asked for. */
  readonly refused: Message | null
  /** Asks for all others; null: there are none. */
  readonly kept: Message | null
}

export function splitRequest(
  api: TopicwiseRefusable,
  request: unknown,
  { context, topic }: { readonly context: ApiContext; readonly topic: string },
): SplitRequest {
  const message = request as Message
  const isMeant = (entry: Topics[number] | string) => nameOf(entry, context) === topic
  const only = (wanted: boolean): Message | null => {
    const lists = topicLists[api].asked.map(name => [
      name,
      (message[name] as (Topics[number] | string)[]).filter(entry => isMeant(entry) === wanted),
    ])
    return lists.every(([, list]) => list?.length === 0) ? null : { ...message, ...Object.fromEntries(lists) }
  }
  return { refused: only(true), kept: only(false) }
}

/** The reply to the kept part with the answers of the refused one behind. */
export function joinReplies(api: TopicwiseRefusable, kept: unknown, refused: unknown): Message {
  const name = topicLists[api].answered
  const list = [...((kept as Message)[name] as Topics), ...((refused as Message)[name] as Topics)]
  return { ...(kept as Message), [name]: list }
}

function nameOf(entry: Topics[number] | string, { services }: ApiContext): string | undefined {
  if (typeof entry === 'string') return entry
  return entry.name || entry.topic || topicById(services.image(), entry.topicId ?? '')?.name
}
