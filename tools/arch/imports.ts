/** Checks imports: layers, packages, the form of specifiers, no production file that needs a test file, no cycles. */
import { type FolderRule, fileExceptions, folderRules } from './rules.ts'
import type { Finding, Import, SourceFile } from './source-file.ts'

export function checkImports(files: readonly SourceFile[]): Finding[] {
  const paths = new Set(files.map(file => file.path))
  const tests = new Set(files.filter(file => file.isTest).map(file => file.path))
  const findings: Finding[] = []
  for (const file of files) {
    const rule = ruleOf(file.path)
    if (rule === null) {
      findings.push({
        path: file.path,
        line: 1,
        message: 'stands in no folder of the house; tools/arch/rules.ts lists them',
      })
      continue
    }
    for (const each of file.imports) {
      const message = judge(file, rule, each, paths, tests)
      if (message !== null) findings.push({ path: file.path, line: each.line, message })
    }
  }
  return [...findings, ...cycles(files)]
}

export function ruleOf(path: string): FolderRule | null {
  return folderRules.find(rule => path.startsWith(`${rule.folder}/`)) ?? null
}

function judge(
  file: SourceFile,
  rule: FolderRule,
  each: Import,
  paths: ReadonlySet<string>,
  tests: ReadonlySet<string>,
): string | null {
  if (each.path === null)
    return file.isTest || mayUse(file.path, rule, each.specifier)
      ? null
      : `${rule.folder}/ may not import ${each.specifier}`
  if (each.path.startsWith('..')) return file.isTest ? null : `${each.specifier} lies outside the package`
  if (!each.path.endsWith('.ts')) return `${each.specifier}: relative imports end in .ts`
  if (!paths.has(each.path)) return `${each.specifier} does not exist`
  if (file.isTest) return null
  if (tests.has(each.path)) return `${each.path} is test code`
  const target = ruleOf(each.path)
  if (target === null || target.folder === rule.folder) return null
  const allowed = rule.imports.some(folder => each.path!.startsWith(`${folder}/`))
  return allowed ? null : `${rule.folder}/ may not import ${each.path}`
}

function mayUse(path: string, rule: FolderRule, specifier: string): boolean {
  if (fileExceptions.get(path)?.allows.includes(specifier)) return true
  return rule.packages.some(name => name === specifier || (name === 'node:*' && specifier.startsWith('node:')))
}

/** Files that import each other in a circle at run time; types may. One finding per circle found. */
function cycles(files: readonly SourceFile[]): Finding[] {
  const byPath = new Map(files.map(file => [file.path, file]))
  const done = new Set<string>()
  const findings: Finding[] = []
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) {
      const circle = [...trail.slice(trail.indexOf(path)), path]
      findings.push({ path, line: 1, message: `imports itself in a circle: ${circle.join(' > ')}` })
      return
    }
    if (done.has(path)) return
    for (const each of byPath.get(path)?.imports ?? []) {
      if (each.path !== null && !each.typeOnly) visit(each.path, [...trail, path])
    }
    done.add(path)
  }
  for (const file of files) visit(file.path, [])
  return findings
}
