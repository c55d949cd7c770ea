/** Rows of the keys that listeners.ts reads together. Data only. */

import { key } from './key.ts'
import { list } from './kind.ts'

export const listenerRows = {
  listeners: key({
    kafka: 'listeners',
    kind: list('NAME://HOST:PORT, separated by commas', { min: 1 }),
    default: ['PLAINTEXT://127.0.0.1:9092'],
    doc: 'Where the broker listens: NAME://HOST:PORT, separated by commas. An empty host means every interface; port 0 lets the system choose. `--port` replaces the first port.',
    differs: { kafka: 'PLAINTEXT://:9092', why: 'no security configured must not mean open to the network' },
  }),
  advertisedListeners: key({
    kafka: 'advertised.listeners',
    kind: list('NAME://HOST:PORT, separated by commas'),
    default: [],
    doc: 'What clients are told to connect to, by listener name. Empty, or a name left out: the same as in listeners.',
  }),
  listenerSecurityProtocolMap: key({
    kafka: 'listener.security.protocol.map',
    kind: list('NAME:PROTOCOL, separated by commas'),
    default: ['PLAINTEXT:PLAINTEXT', 'SSL:SSL', 'SASL_PLAINTEXT:SASL_PLAINTEXT', 'SASL_SSL:SASL_SSL'],
    doc: 'What is spoken on a listener, by its name. Listeners in use must map to PLAINTEXT in this release.',
  }),
}
