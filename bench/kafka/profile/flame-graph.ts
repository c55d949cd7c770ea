/** Stacks as a picture: an SVG that needs nothing else. Each frame is as wide as its share; hover for name and share. */
import type { Stacks } from './stacks.ts'

const WIDTH = 1600
const ROW_HEIGHT = 17
const MARGIN = 10
const HEAD_HEIGHT = 30
/** Narrower ones are not drawn. Pixels. */
const FRAME_WIDTH_MIN = 0.4
/** About that of a letter. Pixels. */
const LETTER_WIDTH = 6.5

interface Frame {
  readonly name: string
  weight: number
  readonly inner: Map<string, Frame>
}

export function flameGraph(title: string, stacks: Stacks): string {
  const root = treeOf(stacks)
  const height = HEAD_HEIGHT + depthOf(root) * ROW_HEIGHT + MARGIN
  const shapes: string[] = []
  if (root.weight > 0) drawInner(root, { root, left: MARGIN, row: 0, height }, shapes)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="monospace" font-size="11">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="${MARGIN}" y="20" font-size="14">${escaped(title)}</text>`,
    ...shapes,
    '</svg>\n',
  ].join('\n')
}

function treeOf(stacks: Stacks): Frame {
  const root: Frame = { name: 'all', weight: 0, inner: new Map() }
  for (const [stack, weight] of stacks) {
    let frame = root
    frame.weight += weight
    for (const name of stack.split(';')) {
      const inner = frame.inner.get(name) ?? { name, weight: 0, inner: new Map() }
      frame.inner.set(name, inner)
      inner.weight += weight
      frame = inner
    }
  }
  return root
}

function depthOf(frame: Frame): number {
  let depth = 0
  for (const inner of frame.inner.values()) depth = Math.max(depth, 1 + depthOf(inner))
  return depth
}

interface Place {
  readonly root: Frame
  readonly left: number
  readonly row: number
  readonly height: number
}

/** The outermost at the bottom. */
function drawInner(frame: Frame, place: Place, shapes: string[]): void {
  const { root, row, height } = place
  let left = place.left
  for (const inner of [...frame.inner.values()].sort((a, b) => b.weight - a.weight)) {
    const width = ((WIDTH - 2 * MARGIN) * inner.weight) / root.weight
    if (width < FRAME_WIDTH_MIN) continue
    const top = height - MARGIN - (row + 1) * ROW_HEIGHT
    const label = inner.name.slice(0, Math.max(0, Math.floor(width / LETTER_WIDTH) - 1))
    const share = ((100 * inner.weight) / root.weight).toFixed(2)
    shapes.push(
      `<g><title>${escaped(inner.name)} (${share}%)</title><rect x="${left.toFixed(1)}" y="${top}" width="${width.toFixed(1)}" height="${ROW_HEIGHT - 1}" fill="${colourOf(inner.name)}"/>${label.length < 2 ? '' : `<text x="${(left + 2).toFixed(1)}" y="${top + 12}">${escaped(label)}</text>`}</g>`,
    )
    drawInner(inner, { root, left, row: row + 1, height }, shapes)
    left += width
  }
}

/** Warm where it is our code, cold where it is Node's or the machine's; a name has the same one in every picture. */
function colourOf(name: string): string {
  let hash = 0
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) >>> 0
  const isOurs = /\.(?:ts|js):\d+$/.test(name) && !name.includes('node:')
  return `hsl(${(isOurs ? 15 : 185) + (hash % 40)} 75% ${68 + (hash % 12)}%)`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
