/**
 * The yardstick of reads: the least that a broker in Node must do, and no broker. It answers whatever comes on a connection
 * with so many bytes of memory, other ones each time, as a reply with records would be. Straight on node:net.
 *
 * Arguments: BYTES of an answer. Prints `port N` when it listens.
 */
import { createServer } from 'node:net'

const answerBytes = Number(process.argv[2])
/** As much as a broker keeps of the newest records: more than the processor's caches. */
const memory = new Uint8Array(new WebAssembly.Memory({ initial: 1024, maximum: 1024, shared: true }).buffer)
let at = 0

process.once('SIGTERM', () => process.exit(0))
const server = createServer(socket => {
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', () => {
    const size = Buffer.alloc(4)
    size.writeInt32BE(answerBytes)
    if (at + answerBytes > memory.length) at = 0
    socket.cork()
    socket.write(size)
    socket.write(memory.subarray(at, at + answerBytes))
    socket.uncork()
    at += answerBytes
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') console.log(`port ${address.port}`)
})
