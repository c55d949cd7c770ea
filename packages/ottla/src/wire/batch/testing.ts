/**
 * Batches for tests: written by franz-go's kmsg and confirmed by Apache Kafka's own classes (fixtures/wire/README.md),
 * with the values their writer put in.
 */

/** The part of WebAssembly that gives memory; TypeScript's ES libraries do not declare it. */
declare const WebAssembly: {
  Memory: new (size: { initial: number; maximum: number; shared: boolean }) => { readonly buffer: SharedArrayBuffer }
}

/** Shared, page-aligned memory, as slabs have it. */
export function sharedMemory(pages: number): Uint8Array {
  return new Uint8Array(new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }).buffer)
}

export const corpusBatches = [
  {
    hex:
      '00000004272055b00000011e0000001702dc8c7e400000000000030000018c083883790000018c083895c9000000f599a6ba' +
      '59287860a0e6a4000000047600842f00180ef4139dab425366e9e5d365185bd4654d431660bc740c159d021c746162096e65' +
      '770a6c696e6536331850a18ceac603e8c0e4d89cb25c00aa2a022004ab176f206ebd344c1f26012532b6b002e60214612e62' +
      '2d635f6432313214b1d2202cd61278443d377800a049041e923b1019725794b9cb608aa272b0bd0ec18b1b4ecbb176021467' +
      '72c3b6c39f6536333226658e3e1bc06d5fcfb756e26d88cb6b3919b6f5860100c20406282a823787d64e1baeb831e79b5733' +
      '68f6101b08642a50b9af8cdcbcf75de9ebd04c47ebf2252fabe821b60218e697a5e69cace8aa9e3830350a13c535b38a',
    expected: {
      baseOffset: 17836299696,
      batchLength: 286,
      leaderEpoch: 23,
      crc: -594772416,
      attributes: 0,
      lastOffsetDelta: 3,
      baseTimestamp: 1700944970617,
      maxTimestamp: 1700944975305,
      producerId: 1054844828249n,
      producerEpoch: 10360,
      baseSequence: 1621157540,
      recordsCount: 4,
    },
  },
  {
    hex:
      '0000007bbb301e3c00000043000000030203b347560000000000010000018bf45063bb0000018bf4507323ffffffffffffff' +
      'ffffffffffffff000000021200d03d0000000200000e00ba1e02010000',
    expected: {
      baseOffset: 531421470268,
      batchLength: 67,
      leaderEpoch: 3,
      crc: 62080854,
      attributes: 0,
      lastOffsetDelta: 1,
      baseTimestamp: 1700610991035,
      maxTimestamp: 1700610994979,
      producerId: -1n,
      producerEpoch: -1,
      baseSequence: -1,
      recordsCount: 2,
    },
  },
  {
    hex:
      '00000090a70db41e000000830000003002ce6bcc1b0000000000020000018be186e8760000018be186ef7400000046da39f9' +
      '264c9d734fe0ce00000003140080070002b204a34500640088130228a5aec9af8c622fe044db99655be64b52632ce2812e82' +
      'a031939f03b4fc6e5e2cd076a91d8334219ce3d26962002600fc1b0412f1902c62bd96fdcb8506341f6400',
    expected: {
      baseOffset: 621277983774,
      batchLength: 131,
      leaderEpoch: 48,
      crc: -831796197,
      attributes: 0,
      lastOffsetDelta: 2,
      baseTimestamp: 1700295796854,
      maxTimestamp: 1700295798644,
      producerId: 304308943142n,
      producerEpoch: 19613,
      baseSequence: 1934614734,
      recordsCount: 3,
    },
  },
  {
    hex:
      '000000f315d02581000001490000001202eaf647ea0008000000020000018bfe04e2720000018bfe04f0caffffffffffffff' +
      'ffffffffffffff000000035400b039002c4266b1f5e84f2474a37f604198bbec6732658ff7878f1ad3c548832adf0fa821db' +
      '3ef33600960300881002840246d45c6c29c2b3d9e4751ffa70e4cfd6f24bd1be6663aafab73246510ad05889f047ce621c21' +
      '0c6b08636a073c7a949d8d1311e6e3dedd2ac5248cc59a9ba5c67b38a56bd9262b2567106ed57b76c536e634cfe92263c61b' +
      '504d9ab0e1f24c96d0e9cda618c12150cd493f6884848ebcd7b52a8fc5a49fcc386ce9b9bb2d43d6e27c2a23d82217641ac8' +
      '1ab21803fda3891cad9df8f3ceeb0418e697a5e69cace8aa9e363830001a656d6f6a6920f09f98803230321e1e306a2e6d6d' +
      'ec1a2823efd9db33fa3e00b80d04160771d2b4af4c39fa0596591a016b79eac293e6f70f11733f1600',
    expected: {
      baseOffset: 1044043015553,
      batchLength: 329,
      leaderEpoch: 18,
      crc: -352958486,
      attributes: 8,
      lastOffsetDelta: 2,
      baseTimestamp: 1700773814898,
      maxTimestamp: 1700773818570,
      producerId: -1n,
      producerEpoch: -1,
      baseSequence: -1,
      recordsCount: 3,
    },
  },
]

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
