/** The byte cursor: a bounds-checked Reader, a Writer that makes gather lists, and the errors they throw. */
export {
  DecodeError,
  Reader,
  type ReaderLimits,
  requestLimits,
  responseLimits,
  type UnknownTag,
} from './cursor-reader.ts'
export { EncodeError, Writer } from './cursor-writer.ts'
