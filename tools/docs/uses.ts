/** Checks that what spec declares is what the code uses: every config key is read, metrics agree both ways. */
import type { SourceFile } from '../arch/source-file.ts'

/** Rows' names by the object that holds them in BrokerConfig and TopicConfig. */
export interface Declared {
  readonly configFields: readonly string[]
  readonly metrics: readonly string[]
}

/** Keys that are accepted for compatibility and read by nobody, each with the reason. */
export const unreadFields: ReadonlyMap<string, string> = new Map([['preallocate', 'segments grow in steps either way']])

export function checkUses(declared: Declared, files: readonly SourceFile[]): string[] {
  const code = files.filter(file => !file.isTest && !file.path.startsWith('spec/'))
  const read = new Set<string>()
  const counted = new Map<string, string>()
  for (const file of code) {
    file.tokens.forEach((token, index) => {
      if (token.kind === 'name' && isRead(file.tokens[index - 1]?.text, file.tokens[index + 1]?.text))
        read.add(token.text)
      const isCall =
        file.tokens[index - 1]?.text === '(' && ['count', 'gauge'].includes(file.tokens[index - 2]?.text ?? '')
      if (token.kind === 'string' && (isCall || token.text.startsWith('ottla_')))
        counted.set(token.text, `${file.path}:${token.line}`)
    })
  }
  const unread = declared.configFields.filter(field => !read.has(field) && !unreadFields.has(field))
  const stale = [...unreadFields.keys()].filter(field => read.has(field) || !declared.configFields.includes(field))
  return [
    ...unread.map(field => `config row ${field}: no code reads it`),
    ...stale.map(field => `tools/docs/uses.ts: ${field} is read, or is no row; take it out of unreadFields`),
    ...declared.metrics.filter(name => !counted.has(name)).map(name => `metric ${name}: no code counts it`),
    ...[...counted]
      .filter(([name]) => !declared.metrics.includes(name))
      .map(([name, where]) => `${where}: metric ${name} has no row in spec/metrics.ts`),
  ]
}

/** `config.name`, or the name in `const { name, other } = config`. */
function isRead(before = '', after = ''): boolean {
  return before === '.' || ((before === '{' || before === ',') && (after === ',' || after === '}'))
}
