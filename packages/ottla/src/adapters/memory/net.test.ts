import { Prng } from '../../base/random.ts'
import { netContract } from '../../ports/net.contract.ts'
import { MemoryNet } from './net.ts'

netContract('memory', () => new MemoryNet())

const rng = new Prng('cuts')
netContract('memory, cut at random', () => new MemoryNet({ cut: count => rng.int(1, count) }))
