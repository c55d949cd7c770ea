/**
 * Checks what pages written by hand say against the code: links, npm scripts, config keys, error names and paths that
 * they name must exist.
 */
import { posix } from 'node:path'

export interface Page {
  /** Relative to the root, with forward slashes. */
  readonly path: string
  readonly text: string
}

export interface World {
  /** Whether a file or folder exists, by its path from the root. */
  readonly exists: (path: string) => boolean
  readonly scripts: ReadonlySet<string>
  /** Names of config keys, aliases, topic keys and those known but not honoured. */
  readonly knowsKey: (key: string) => boolean
  readonly errorNames: ReadonlySet<string>
}

/** `path:line: what is wrong` for each. */
export function checkProse(pages: readonly Page[], world: World): string[] {
  return pages.flatMap(page =>
    page.text
      .split('\n')
      .flatMap((line, index) => checkLine(page, line, world).map(message => `${page.path}:${index + 1}: ${message}`)),
  )
}

/** A first word that config keys begin with: other dotted words (`ottla.io`, `msg.value`) are no keys. */
const KEY =
  /^(log|message|num|listeners?|advertised|socket|max|min|connections|fetch|retention|segment|cleanup|auto|delete|default|flush|node|broker|process|offsets|transaction|group|replica|unclean|index|compression|producer|produce|durability|journal|memory|authorizer|zookeeper|security|queued)(\.[a-z]+)+$/
const FILE_ENDING = /\.(md|ts|js|json|log|index|timeindex|txnindex|snapshot|properties|lock|tgz|txt)$/
const ERROR = /^[A-Z]+(_[A-Z]+)+$/

function checkLine(page: Page, line: string, world: World): string[] {
  const findings: string[] = []
  for (const [, target = ''] of line.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target) || target.startsWith('#')) continue
    const path = posix.normalize(posix.join(posix.dirname(page.path), target.replace(/#.*$/, '')))
    if (!world.exists(path)) findings.push(`the link to ${target} leads nowhere`)
  }
  for (const [, script = ''] of line.matchAll(/npm run (?:--silent )?([\w:-]+)/g)) {
    if (!world.scripts.has(script)) findings.push(`package.json has no script ${script}`)
  }
  for (const [, quoted = ''] of line.matchAll(/`([^`]+)`/g)) {
    const word = quoted.replace(/=.*$/, '')
    if (KEY.test(word) && !FILE_ENDING.test(word) && !world.knowsKey(word))
      findings.push(`there is no config key ${word}`)
    if (ERROR.test(quoted) && !quoted.startsWith('OTTLA_') && !/^[OF]_/.test(quoted) && !world.errorNames.has(quoted)) {
      findings.push(`there is no error ${quoted}`)
    }
    if (/^(packages|tools|docs|test|bench|fixtures)\/[\w./-]+$/.test(quoted) && !world.exists(quoted))
      findings.push(`${quoted} does not exist`)
  }
  return findings
}
