/**
 * Which assignment protocol a group may use: one that all members know, the one most of them like best. Source: Kafka's
 * classic group.
 */
import type { CowMap } from '../../base/cow-map.ts'
import type { JoinGroupProtocol } from '../../wire/gen/join-group.ts'
import type { Membership, Protocol } from './membership.ts'

/** Whether somebody who knows these may come in. An empty group takes any type and any protocols, but not none. */
export function isCompatible(
  membership: Membership,
  protocolType: string,
  protocols: readonly { readonly name: string }[],
): boolean {
  const { state, members, protocolCounts } = membership
  if (state === 'Empty' || state === 'Dead') return protocolType !== '' && protocols.length > 0
  if (membership.protocolType !== protocolType) return false
  return protocols.some(({ name }) => (protocolCounts.get(name) ?? 0) === members.size)
}

/**
 * Each member votes for the first of its protocols that all members know; the first to have the most votes is chosen. There
 * are members, and they have a protocol in common.
 */
export function selectProtocol(membership: Membership): string | null {
  const { members, protocolCounts } = membership
  const votes = new Map<string, number>()
  for (const { protocols } of members.values()) {
    const choice = protocols.find(({ name }) => protocolCounts.get(name) === members.size)
    if (choice !== undefined) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1)
  }
  let selected: string | null = null
  for (const [name, count] of votes) {
    if (selected === null || count > votes.get(selected)!) selected = name
  }
  return selected
}

/** The protocols of a request, to be kept: each name once, the first counts, the bytes copied out of the request. */
export function keptProtocols(protocols: readonly JoinGroupProtocol[]): Protocol[] {
  const kept = new Map<string, Protocol>()
  for (const { name, metadata } of protocols) {
    if (!kept.has(name)) kept.set(name, { name, metadata: metadata.slice() })
  }
  return [...kept.values()]
}

/** Whether a member that joins again says what it said before. */
export function isSameProtocols(kept: readonly Protocol[], given: readonly JoinGroupProtocol[]): boolean {
  return (
    kept.length === given.length &&
    kept.every(({ name, metadata }, i) => given[i]!.name === name && isSameBytes(metadata, given[i]!.metadata))
  )
}

/** What the member told about a protocol; empty when it does not know it. */
export function metadataOf(protocols: readonly Protocol[], name: string | null): Uint8Array {
  return protocols.find(protocol => protocol.name === name)?.metadata ?? new Uint8Array(0)
}

/** The counts with those of a member added, or taken away. */
export function countProtocols(
  counts: CowMap<string, number>,
  protocols: readonly Protocol[],
  change: 1 | -1,
): CowMap<string, number> {
  const draft = counts.draft()
  for (const { name } of protocols) {
    const count = (draft.get(name) ?? 0) + change
    if (count === 0) draft.delete(name)
    else draft.set(name, count)
  }
  return draft.finish()
}

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
