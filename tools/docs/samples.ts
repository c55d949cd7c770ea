/**
 * Checks that code which a page says to be a sample's (`<!-- from samples/... -->` before the fence) stands there word for
 * word: samples run, so what they are quoted for works.
 */
import type { Page } from './prose.ts'

const QUOTED = /^<!-- from (\S+) -->\n```\w*\n([\s\S]*?)^```$/gm

/** `path: what is wrong` for each. `textOf` gives a file by its path from the root, null when there is none. */
export function checkSamples(pages: readonly Page[], textOf: (path: string) => string | null): string[] {
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(QUOTED)].flatMap(([, sample = '', code = '']) => {
      const there = textOf(sample)
      if (there === null) return [`${path}: there is no sample ${sample}`]
      return there.includes(code) ? [] : [`${path}: code quoted from ${sample} does not stand there`]
    }),
  )
}
