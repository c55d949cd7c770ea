/** What went wrong with a broker in a test, for the person who wrote the test: what was given, what is allowed, what to do. */

/**
 * - `BAD_OPTION`: an argument of the kit makes no sense;
 * - `PORT_IN_USE`: the port asked for is taken;
 * - `UNKNOWN_TOPIC`, `UNKNOWN_PARTITION`: there is none such on this broker;
 * - `REFUSED`: the broker refused what was asked, with an error of Kafka's (`kafkaError`);
 * - `UNSUPPORTED`: this release of the broker does not do it;
 * - `TIMED_OUT`: what was waited for did not come;
 * - `CLOSED`: the broker was closed before, or meanwhile;
 * - `BROKER_FAILED`: a bug of the broker's; `cause` says where.
 */
export type TestBrokerErrorCode =
  | 'BAD_OPTION'
  | 'PORT_IN_USE'
  | 'UNKNOWN_TOPIC'
  | 'UNKNOWN_PARTITION'
  | 'REFUSED'
  | 'UNSUPPORTED'
  | 'TIMED_OUT'
  | 'CLOSED'
  | 'BROKER_FAILED'

export class TestBrokerError extends Error {
  readonly code: TestBrokerErrorCode
  /** Name of the error in Kafka's protocol, when the broker gave one; else null. */
  readonly kafkaError: string | null

  constructor(
    code: TestBrokerErrorCode,
    message: string,
    options: { readonly kafkaError?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'TestBrokerError'
    this.code = code
    this.kafkaError = options.kafkaError ?? null
  }
}
