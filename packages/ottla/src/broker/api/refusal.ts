/**
 * Answers a request with an error that somebody chose, where its version has a place for it, as a broker would that
 * could not do what was asked. Nothing of what is refused is done. For tests of how clients take errors: no request of a
 * broker in use comes here.
 */
import { Reader, responseLimits } from '../../base/cursor.ts'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import { type MetadataRequest, type MetadataResponseInput, metadataApi } from '../../wire/gen/metadata.ts'
import type { ApiContext, Reply, Served } from './handler.ts'
import { type PartitionRefusal, refusingContext } from './refused-partitions.ts'
import { refusedReplies, type WhollyRefusable } from './refused-replies.ts'
import { joinReplies, splitRequest, type TopicwiseRefusable, topicLists } from './refused-topics.ts'

/** APIs whose requests can be refused so. */
export type RefusableApi = 'Produce' | 'Fetch' | 'Metadata' | WhollyRefusable

export const refusableApis: readonly RefusableApi[] = [
  'Produce',
  'Fetch',
  'Metadata',
  ...(Object.keys(refusedReplies) as WhollyRefusable[]),
]

/** Of these a single topic can be refused. */
export const topicwiseApis: readonly RefusableApi[] = [
  'Produce',
  'Fetch',
  'Metadata',
  ...(Object.keys(topicLists) as TopicwiseRefusable[]),
]

/** First version of Metadata with an error for the whole request. */
const METADATA_ERROR_SINCE = 13
/** First version of Fetch with an error for the whole request; it is for the session alone. */
const FETCH_ERROR_SINCE = 7
const SESSION_ERRORS: ReadonlySet<WireErrorName> = new Set([
  'FETCH_SESSION_ID_NOT_FOUND',
  'INVALID_FETCH_SESSION_EPOCH',
  'FETCH_SESSION_TOPIC_ID_ERROR',
])

type Answer = Reply<unknown> | Promise<Reply<unknown>>

/**
 * Refuses what is meant of the request and does the rest. When nothing of it is meant, or `spend` says that it is too
 * late, the request is answered as ever.
 */
export function refuse(
  served: Served,
  request: unknown,
  { context, refusal }: { readonly context: ApiContext; readonly refusal: PartitionRefusal },
): Answer {
  const api = served.api.name as RefusableApi
  switch (api) {
    case 'Fetch':
      if (SESSION_ERRORS.has(refusal.error) && context.apiVersion >= FETCH_ERROR_SINCE) {
        if (!refusal.spend()) return served.handle(context, request)
        return { body: { errorCode: errorCodeOf(refusal.error), sessionId: 0, responses: [] } }
      }
      return served.handle(refusingContext(context, refusal), request)
    case 'Produce':
      return served.handle(refusingContext(context, refusal), request)
    case 'Metadata':
      return refuseMetadata(served, request as MetadataRequest, { context, refusal })
    default:
      return refuseByBody(served, request, { api, context, refusal })
  }
}

function refuseByBody(
  served: Served,
  request: unknown,
  {
    api,
    context,
    refusal,
  }: { readonly api: WhollyRefusable; readonly context: ApiContext; readonly refusal: PartitionRefusal },
): Answer {
  const bodyOf = (refused: unknown) => refusedReplies[api](refused, errorCodeOf(refusal.error), context)
  const { topic } = refusal
  if (topic === null || !(api in topicLists))
    return refusal.spend() ? { body: bodyOf(request) } : served.handle(context, request)
  const topicwise = api as TopicwiseRefusable
  const { refused, kept } = splitRequest(topicwise, request, { context, topic })
  if (refused === null || !refusal.spend()) return served.handle(context, request)
  if (kept === null) return { body: bodyOf(refused) }
  const join = (reply: Reply<unknown>): Reply<unknown> => ({
    ...reply,
    body: joinReplies(topicwise, reply.body, bodyOf(refused)),
  })
  const reply = served.handle(context, kept)
  return reply instanceof Promise ? reply.then(join) : join(reply)
}

/** Who asks must still learn the brokers: the reply is the usual one, with the error in place of what is known of topics. */
async function refuseMetadata(
  served: Served,
  request: MetadataRequest,
  { context, refusal }: { readonly context: ApiContext; readonly refusal: PartitionRefusal },
): Promise<Reply<unknown>> {
  const { topic, error } = refusal
  const errorCode = errorCodeOf(error)
  const isAsked = topic === null || (request.topics?.some(each => each.name === topic) ?? false)
  const asked = { ...request, allowAutoTopicCreation: request.allowAutoTopicCreation && !isAsked }
  const body = bodyOfMetadata(await served.handle(context, asked), context.apiVersion)
  const isMeant = body.topics.map(row => topic === null || row.name === topic)
  const onTop = topic === null && body.topics.length === 0 && context.apiVersion >= METADATA_ERROR_SINCE
  if ((!isMeant.includes(true) && !onTop) || !refusal.spend()) return { body }
  if (onTop) return { body: { ...body, errorCode } }
  return {
    body: {
      ...body,
      topics: body.topics.map((row, i) => (isMeant[i] ? { ...row, errorCode, partitions: [] } : row)),
    },
  }
}

/** A long reply comes as bytes. */
function bodyOfMetadata(reply: Reply<unknown>, version: number): MetadataResponseInput {
  if (reply.pieces === undefined) return reply.body as MetadataResponseInput
  const bytes = new Uint8Array(reply.pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of reply.pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return metadataApi.decodeResponse(new Reader(bytes, responseLimits), version)
}
