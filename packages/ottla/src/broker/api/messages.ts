/** Sentences in replies, which may quote what a client sent: short, and always text that can be sent. */

const CHARS_MAX = 1000

/** The message cut to a length that suits people and fits any version of the protocol. */
export function told(message: string | null): string | null {
  return message === null ? null : message.slice(0, CHARS_MAX).toWellFormed()
}
