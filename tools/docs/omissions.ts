/** Checks the table of APIs in docs/omissions.md against the codecs and the handlers that exist. */

export interface KnownApis {
  /** Keys that the broker answers. */
  readonly handled: ReadonlySet<number>
  /** Names of the APIs with codecs, by key. */
  readonly declared: ReadonlyMap<number, string>
}

interface Row {
  readonly key: number
  readonly name: string
  readonly state: string
}

export function checkOmissions(page: string, { handled, declared }: KnownApis): string[] {
  const rows = [...page.matchAll(/^\| (\d+) \| (\w+) \| (.*) \|$/gm)].map(match => ({
    key: Number(match[1]),
    name: match[2]!,
    state: match[3]!,
  }))
  const listed = new Set(rows.map(row => row.key))
  const missing = [...declared].filter(([key]) => !handled.has(key) && !listed.has(key))
  return [
    ...rows.flatMap(row => judge(row, handled, declared)),
    ...missing.map(([key, name]) => `docs/omissions.md: ${name} (${key}) has codecs and no handler, and no row`),
  ]
}

function judge(
  { key, name, state }: Row,
  handled: ReadonlySet<number>,
  declared: ReadonlyMap<number, string>,
): string[] {
  const wrong = (why: string) => [`docs/omissions.md: ${name} (${key}) ${why}`]
  if (handled.has(key)) return wrong('is handled; take the row out')
  const declaredName = declared.get(key)
  if (declaredName === undefined)
    return state.startsWith('not declared') ? [] : wrong('has no codecs; say `not declared`')
  if (declaredName !== name) return wrong(`is called ${declaredName}`)
  return state.startsWith('not declared') ? wrong('has codecs; say `declared`') : []
}
