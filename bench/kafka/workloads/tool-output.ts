/** What Apache Kafka's performance tools print, as figures. Source: the output of the tools of release 4.3. */

/** Where the tool prints MB it means MiB. */
const MIB = 2 ** 20

/** `kafka-producer-perf-test`: the last summary, which with `--warmup-records` leaves those out. Throws when there is none. */
export function producerPerfOf(output: string): { bytesPerSecond: number; meanMs: number; p99Ms: number } {
  const pattern =
    /records\/sec \((?<mib>[\d.]+) MB\/sec\), (?<mean>[\d.]+) ms avg latency, .*?(?<p99>\d+) ms 99th, \d+ ms 99\.9th/g
  const found = [...output.matchAll(pattern)].at(-1)?.groups
  if (found === undefined) throw unreadable('kafka-producer-perf-test', output)
  return { bytesPerSecond: Number(found.mib) * MIB, meanMs: Number(found.mean), p99Ms: Number(found.p99) }
}

/** `kafka-consumer-perf-test`: without the time that the group took to form. Throws when the line is not there. */
export function consumerPerfOf(output: string): { bytesPerSecond: number; records: number } {
  const lines = output.split('\n').map(line => line.split(',').map(cell => cell.trim()))
  const head = lines.findIndex(cells => cells.includes('fetch.MB.sec'))
  const value = (name: string) => Number(lines[head + 1]?.[lines[head]?.indexOf(name) ?? -1])
  const mib = value('fetch.MB.sec')
  const records = value('data.consumed.in.nMsg')
  if (head < 0 || Number.isNaN(mib) || Number.isNaN(records)) throw unreadable('kafka-consumer-perf-test', output)
  return { bytesPerSecond: mib * MIB, records }
}

/** `kafka-e2e-latency`: its percentiles are whole milliseconds, so the mean is what can be compared. */
export function endToEndOf(output: string): { meanMs: number; p99Ms: number } {
  const mean = /Avg latency: ([\d.]+) ms/.exec(output)?.[1]
  const p99 = /99th = (\d+)/.exec(output)?.[1]
  if (mean === undefined || p99 === undefined) throw unreadable('kafka-e2e-latency', output)
  return { meanMs: Number(mean), p99Ms: Number(p99) }
}

function unreadable(tool: string, output: string): Error {
  return new Error(`${tool} printed no figures:\n${output.trim().split('\n').slice(-10).join('\n')}`)
}
