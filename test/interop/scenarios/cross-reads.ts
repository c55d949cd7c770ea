/** What one client wrote, every client reads: each writer and codec against each reader. */
import type { ClientSession, InteropClient } from '../clients/client.ts'
import type { Codec } from '../raw/batches.ts'
import type { Judge } from '../raw/judge.ts'
import type { Table } from '../table.ts'
import { outcomeOf, readBack, type Written } from './scenario.ts'

/** Fills one column: everything that was written, read by this client. */
export async function crossRead(
  reader: InteropClient,
  session: ClientSession,
  judge: Judge,
  written: ReadonlyMap<string, ReadonlyMap<Codec, Written>>,
  table: Table,
): Promise<void> {
  const bench = { client: reader, session, judge, written: new Map() }
  for (const [writer, topics] of written) {
    for (const [codec, topic] of topics) {
      const reason = reader.limits[`read ${codec}`]
      const outcome =
        reason === undefined ? await outcomeOf(() => readBack(bench, topic)) : { kind: 'n/a' as const, reason }
      table.set(`${writer}, ${codec}`, reader.name, outcome)
    }
  }
}
