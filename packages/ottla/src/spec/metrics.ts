/**
 * Every number that the inside tells the outside through the Observe port: one row each. Names are Prometheus names.
 * A row stands here only when the code counts it; docs --check compares both ways.
 */

export interface MetricRow {
  /** A counter only grows while the process lives; a gauge goes both ways. */
  readonly kind: 'counter' | 'gauge'
  /** What it counts and in which unit. */
  readonly doc: string
}

const rows = {
  ottla_connections_active: { kind: 'gauge', doc: 'Client connections that are open.' },
  ottla_connections_accepted_total: { kind: 'counter', doc: 'Client connections accepted.' },
  ottla_connections_refused_total: { kind: 'counter', doc: 'Connections closed at once because a limit was reached.' },
  ottla_connections_dropped_total: {
    kind: 'counter',
    doc: 'Connections that the broker ended: bytes that are no request, a reader too slow, a request that never ends.',
  },
  ottla_requests_total: { kind: 'counter', doc: 'Requests answered, or appended where no answer was asked for.' },
  ottla_request_bytes_total: { kind: 'counter', doc: 'Bytes of requests.' },
  ottla_response_bytes_total: { kind: 'counter', doc: 'Bytes of replies.' },
} as const satisfies Record<string, MetricRow>

export type MetricName = keyof typeof rows

/** The table. */
export const metrics: Readonly<Record<MetricName, MetricRow>> = rows
