/**
 * Golden logs: a text of commands, each followed by what it led to, indented. A test replays the commands and compares
 * the whole text, so that a change of behaviour is read as a change of prose. Lines that are empty or begin with `#` are
 * kept. Pure; the tests read and write the files.
 */

/** The log with the outcomes that the commands have now. `run` returns the lines of one command's outcome. */
export function replayLog(log: string, run: (command: string) => readonly string[]): string {
  const out: string[] = []
  for (const line of log.trimEnd().split('\n')) {
    if (line.startsWith(' ')) continue
    out.push(line)
    if (line !== '' && !line.startsWith('#')) out.push(...run(line).map(outcome => `  ${outcome}`))
  }
  return `${out.join('\n')}\n`
}
