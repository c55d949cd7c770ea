/** For tests: a terminal in memory, and a broker in this process that commands reach by loopback. */
import { MemoryCoordination } from '../../adapters/memory/coordination.ts'
import { MemoryDisk } from '../../adapters/memory/disk.ts'
import { CollectingObserve } from '../../adapters/memory/observe.ts'
import { NodeClock } from '../../adapters/node/clock.ts'
import { NodeCrypto } from '../../adapters/node/crypto.ts'
import { NodeNet } from '../../adapters/node/net.ts'
import { NodeRandom } from '../../adapters/node/random.ts'
import { type EndSignal, OutputClosed, type Terminal } from '../../adapters/node/terminal.ts'
import { brokerConfigOf } from '../../spec/config/broker.ts'
import { startServer } from '../server/server.ts'
import { runProgram } from './program.ts'

export class TestTerminal implements Terminal {
  /** All that was written to the output. */
  output = ''
  /** Lines for the person. */
  readonly notes: string[] = []
  /** The output closes after so many writes. */
  writesMax = Number.POSITIVE_INFINITY
  readonly #input: readonly (string | Promise<string>)[]
  readonly #signalListeners = new Set<(signal: EndSignal) => void>()
  readonly #writeListeners = new Set<() => void>()

  constructor(input: readonly (string | Promise<string>)[] = []) {
    this.#input = input
  }

  async write(text: string | Uint8Array): Promise<void> {
    if (this.writesMax-- <= 0) throw new OutputClosed()
    this.output += typeof text === 'string' ? text : new TextDecoder().decode(text)
    for (const listener of this.#writeListeners) listener()
  }

  note(line: string): void {
    this.notes.push(line)
  }

  async *input(): AsyncGenerator<Uint8Array> {
    for (const chunk of this.#input) yield new TextEncoder().encode(await chunk)
  }

  onEndSignal(ended: (signal: EndSignal) => void): () => void {
    this.#signalListeners.add(ended)
    return () => {
      this.#signalListeners.delete(ended)
    }
  }

  /** As a person at the keyboard does. */
  interrupt(): void {
    for (const listener of [...this.#signalListeners]) listener('SIGINT')
  }

  /** Resolves when the output holds `text`. */
  shows(text: string): Promise<void> {
    return new Promise(resolve => {
      const look = () => {
        if (!this.output.includes(text)) return
        this.#writeListeners.delete(look)
        resolve()
      }
      this.#writeListeners.add(look)
      look()
    })
  }
}

export interface RunResult {
  readonly exitCode: number
  readonly output: string
  readonly notes: string
}

/** A broker whose disk is memory, on a port that the system chooses. `keys`: config by Kafka's names. */
export async function startTestBroker(keys: Readonly<Record<string, string>> = {}): Promise<{
  readonly address: string
  /** Runs a command against the broker. */
  run(args: readonly string[], input?: readonly string[]): Promise<RunResult>
  close(): Promise<void>
}> {
  const coordination = new MemoryCoordination()
  const server = await startServer(brokerConfigOf({ listeners: 'PLAINTEXT://127.0.0.1:0', ...keys }), {
    clock: new NodeClock(),
    random: new NodeRandom(),
    crypto: new NodeCrypto(),
    observe: new CollectingObserve(),
    disk: new MemoryDisk(),
    net: new NodeNet(),
    hostName: 'localhost',
    openMetadata: async () => ({ log: coordination.metaLog(), membership: coordination.membership() }),
    fatal: why => {
      throw why
    },
  })
  const [bound] = server.addresses.values()
  const address = `127.0.0.1:${bound?.port}`
  return {
    address,
    run: (args, input = []) => runWith(new TestTerminal(input), [...args, '-b', address]),
    close: () => server.close(),
  }
}

export async function runWith(terminal: TestTerminal, args: readonly string[]): Promise<RunResult> {
  const exitCode = await runProgram(args, terminal)
  return { exitCode, output: terminal.output, notes: terminal.notes.join('\n') }
}
