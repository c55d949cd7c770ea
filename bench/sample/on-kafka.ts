/** With `--import`: what a test calls `ottla/testing` is Apache Kafka. */
import { registerHooks } from 'node:module'

const url = new URL('./kafka-testing.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'ottla/testing' ? { url, shortCircuit: true } : next(specifier, context),
})
