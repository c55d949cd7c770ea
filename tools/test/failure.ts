/** How a failed test is shown: where, its name, then the error with its own stack, without the runner's. */

export const FAILED_FILE_MARK = '(test file)'

export function failureText(where: string, name: string, error: unknown): string {
  return `FAIL  ${where}: ${name}\n${indent(describe(error))}\n`
}

/** The test's own error: the runner wraps it as the cause of one that says that a test failed. */
function describe(error: unknown): string {
  const inner = error instanceof Error && error.cause !== undefined ? error.cause : error
  if (!(inner instanceof Error)) return String(inner)
  const text = inner.stack ?? `${inner.name}: ${inner.message}`
  return text
    .split('\n')
    .filter(line => !/^\s+at .*node:internal/.test(line))
    .join('\n')
}

function indent(text: string): string {
  return text
    .split('\n')
    .map(line => `      ${line}`)
    .join('\n')
}
