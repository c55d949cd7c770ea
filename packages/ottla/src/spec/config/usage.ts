/** Problems with what a person configured: always which key, what was given, what is allowed and what to do next. */
import { errorText } from './text.ts'

export interface UsageProblem {
  readonly key: string
  /** The value as given; null when the trouble is the key itself. */
  readonly given: string | null
  /** Where it was given: `server.properties line 3`, `environment OTTLA_NODE_ID`, `option --port`. */
  readonly where: string
  /** What is wrong or allowed, as a clause without a full stop. */
  readonly allowed: string
  /** The next step, as an imperative clause without a full stop. */
  readonly next: string
}

/** One line for people. Text from outside is made safe to print. */
export function describeProblem(problem: UsageProblem): string {
  const given = problem.given === null ? '' : `=${errorText(problem.given)}`
  return `${errorText(problem.key)}${given} (${errorText(problem.where)}): ${problem.allowed}; ${problem.next}`
}

/** Everything that is wrong with a configuration, at once. */
export class UsageErrors extends Error {
  readonly problems: readonly UsageProblem[]

  constructor(problems: readonly UsageProblem[]) {
    super(problems.map(describeProblem).join('\n'))
    this.name = 'UsageErrors'
    this.problems = problems
  }
}
