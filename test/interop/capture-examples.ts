/** Which of all captured exchanges become fixtures: few, small, and different from each other. */
import type { Exchange } from './capture-proxy.ts'
import { toolsName } from './clients/catalog.ts'

/** Longer frames are not kept. Bytes. */
const frameBytesMax = 8_192

/** File by the client id that a library puts in its headers; what is not named here are Apache Kafka's tools. */
const filesByClientId: Readonly<Record<string, string>> = {
  rdkafka: 'kcat',
  kafkajs: 'kafkajs',
  platformatic: 'platformatic',
  java: 'java',
  confluent: 'confluent',
  'franz-go': 'franz',
}

interface Example extends Exchange {
  readonly scenario: string
}

/** One line of a fixture file. */
export interface CapturedLine {
  readonly client: string
  readonly apiKey: number
  readonly version: number
  readonly kind: 'request' | 'response'
  readonly correlationId: number
  /** What the client was asked to do at that time. */
  readonly scenario: string
  /** The frame without its size. */
  readonly hex: string
}

export class Examples {
  /** What the clients are doing now. */
  scenario = ''
  /** By file, then by group: the smallest and the largest that are not too large. */
  readonly #kept = new Map<string, Map<string, { smallest: Example; largest: Example }>>()

  consider(exchange: Exchange): void {
    const example = { ...exchange, scenario: this.scenario }
    if (exchange.request.length > frameBytesMax || (exchange.response?.length ?? 0) > frameBytesMax) return
    const file = filesByClientId[exchange.clientId] ?? toolsName
    const groups = this.#kept.get(file) ?? new Map<string, { smallest: Example; largest: Example }>()
    this.#kept.set(file, groups)
    const group = groupOf(example)
    const kept = groups.get(group) ?? { smallest: example, largest: example }
    groups.set(group, {
      smallest: sizeOf(example) < sizeOf(kept.smallest) ? example : kept.smallest,
      largest: sizeOf(example) > sizeOf(kept.largest) ? example : kept.largest,
    })
  }

  /** The lines of a client's file, ordered by API, version and scenario. */
  linesOf(file: string): { lines: string[]; bytes: number; messages: number } {
    const groups = [...(this.#kept.get(file) ?? new Map<string, { smallest: Example; largest: Example }>())]
    const examples = groups
      .toSorted(([left], [right]) => left.localeCompare(right, 'en', { numeric: true }))
      .flatMap(([, { smallest, largest }]) => (smallest === largest ? [smallest] : [smallest, largest]))
    const lines = examples.flatMap(example => linesOfExample(file, example)).map(line => JSON.stringify(line))
    const messages = new Set(examples.map(example => `${example.apiKey} ${example.version}`)).size
    return { lines, bytes: lines.reduce((sum, line) => sum + line.length + 1, 0), messages }
  }
}

/** Record batches differ by codec, and fetches by session, so produce and fetch keep examples of those scenarios. */
function groupOf({ apiKey, version, scenario, response }: Example): string {
  const special = apiKey <= 1 && /^produce \w+$|as they fill/.test(scenario) ? scenario : ''
  return `${apiKey} ${version} ${special} ${response === null ? 'unanswered' : ''}`
}

function sizeOf(example: Example): number {
  return example.request.length + (example.response?.length ?? 0)
}

function linesOfExample(client: string, example: Example): CapturedLine[] {
  const { apiKey, version, correlationId, scenario, request, response } = example
  const line = (kind: CapturedLine['kind'], frame: Buffer) => ({
    client,
    apiKey,
    version,
    kind,
    correlationId,
    scenario,
    hex: frame.toString('hex'),
  })
  return [line('request', request), ...(response === null ? [] : [line('response', response)])]
}
