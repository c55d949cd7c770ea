/**
 * Which names topics may have. Names become folders on disk and parts of metric names, where '.' and '_' are one
 * character to some systems; hence the two rules. Source: Kafka's topic naming rules.
 */

/** A topic's name plus `-` and a partition number must fit a file name of 255 bytes. */
export const TOPIC_NAME_CHARS_MAX = 249

/** The folder of the metadata log in Kafka; no topic may take its name. */
export const CLUSTER_METADATA_TOPIC = '__cluster_metadata'

/** Topics that coordinators keep their state in. Clients are told that they are internal. */
const INTERNAL_TOPICS: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state'])

export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name)
}

/** What is wrong with the name, in the words of Kafka's tools; null when nothing is. Repeats the name, which may be long. */
export function topicNameProblem(name: string): string | null {
  const why = whyNoName(name)
  return why === null ? null : `Topic name is invalid: ${why}`
}

function whyNoName(name: string): string | null {
  if (name === '') return 'the empty string is not allowed'
  if (name === '.' || name === '..') return `'${name}' is not allowed`
  if (name.length > TOPIC_NAME_CHARS_MAX) {
    return `the length of '${name}' is longer than the max allowed length ${TOPIC_NAME_CHARS_MAX}`
  }
  if (/^[a-zA-Z0-9._-]+$/.test(name)) return null
  return `'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`
}

/** The form of a name in which '.' and '_' are one; null for a name without either, which no other can be taken for. */
export function ambiguousForm(name: string): string | null {
  return name.includes('.') || name.includes('_') ? name.replaceAll('.', '_') : null
}
