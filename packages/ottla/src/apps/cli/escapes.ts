/** Backslash escapes in text typed at a shell. */

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['0', '\0'],
  ['\\', '\\'],
])

/** `\t`, `\n`, `\r`, `\0` and `\\` as what they stand for; any other backslash stays. */
export function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, (whole, letter: string) => ESCAPES.get(letter) ?? whole)
}
