/**
 * A second, deliberately simple statement of what a classic group does: lists that are searched, flags that are set, no
 * timers (it looks at its deadlines when told that one fired). Slow and obvious; the tests hold the machine against it. Two
 * choices it leaves to the machine and only checks: who leads when the leader is gone, and ties between protocols.
 */
import { type Choices, type ModelData, type ModelMember, ModelPhases, NOTHING } from './classic-phases.model.ts'
import type { GroupEvent, JoinEvent, OffsetCommitEvent, SyncEvent } from './events.ts'

const textOf = (bytes: Uint8Array) => String.fromCharCode(...bytes)

export class ModelGroup extends ModelPhases {
  /** As written down last, by the length that the log had then. */
  #written: { end: number; data: ModelData }[] = []

  apply(event: GroupEvent, now: number, choices: Choices): void {
    this.told = []
    this.wrote = 'nothing'
    this.now = now
    this.choices = choices
    if (event.type === 'join') this.#join(event)
    else if (event.type === 'sync') this.#sync(event)
    else if (event.type === 'heartbeat') this.#heartbeat(event.request, event.body)
    else if (event.type === 'leave') this.#leave(event.request, event.body.members)
    else if (event.type === 'offsetCommit') this.#commit(event)
    else if (event.type === 'sessionTimeout') this.#sessionTimeout(event.memberId)
    else if (event.type === 'joinPhaseTimeout') this.#joinPhaseTimeout()
    else if (event.type === 'syncPhaseTimeout') this.#syncPhaseTimeout()
    else throw new Error(`the model knows no ${event.type}`)
  }

  /** What the member, or nobody, is told of a commit. */
  commitError(id: string, generation: number, instance: string | null): string {
    const { state } = this.data
    if (generation < 0 && (state === 'Empty' || state === 'Dead')) return 'NONE'
    if (state === 'Dead') return 'GROUP_ID_NOT_FOUND'
    const found = this.#find(id, instance)
    if (typeof found === 'string') return found
    if (generation !== this.data.generation || found.isNew) return 'ILLEGAL_GENERATION'
    return state === 'CompletingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE'
  }

  /** Remembers what the log has now, if the event wrote. */
  written(end: number): void {
    if (this.wrote === 'nothing') return
    const data = this.wrote === 'group' ? this.data : this.#asWritten()
    this.#written.push({ end, data: structuredClone(data) })
  }

  /** What the log says. */
  readBack(): ModelData {
    return structuredClone(this.#written.at(-1)?.data ?? NOTHING)
  }

  /** Only the log up to `end` is left. */
  crash(end: number, now: number): void {
    this.#written = this.#written.filter(each => each.end <= end)
    this.data = this.readBack()
    const { members } = this.data
    this.data.pending = []
    for (const member of members) {
      member.says = member.says.filter(({ name }) => name === this.data.protocol)
      member.sync = null
      member.owes = false
      member.until = now + member.session
    }
    const isBare = !this.data.recorded && Object.keys(this.data.offsets).length === 0
    if (isBare) this.data = structuredClone(NOTHING)
  }

  #find(id: string, instance: string | null): ModelMember | string {
    if (instance !== null) {
      const current = this.data.members.find(member => member.instance === instance)
      if (current === undefined) return 'UNKNOWN_MEMBER_ID'
      if (current.id !== id) return 'FENCED_INSTANCE_ID'
    }
    return this.data.members.find(member => member.id === id) ?? 'UNKNOWN_MEMBER_ID'
  }

  #join({ request, apiVersion, clientId, drawnId, body }: JoinEvent): void {
    const { memberId, groupInstanceId: instance } = body
    const says = body.protocols.map(({ name, metadata }) => ({ name, text: textOf(metadata) }))
    const { members } = this.data
    if (this.data.state === 'Dead' && memberId !== '') {
      this.tell(request, 'UNKNOWN_MEMBER_ID')
      return
    }
    if (!says.some(({ name }) => members.every(member => member.says.some(each => each.name === name)))) {
      this.tell(request, 'INCONSISTENT_GROUP_PROTOCOL')
      return
    }
    if (this.data.state === 'Dead') this.data.state = 'Empty'
    const times = { session: body.sessionTimeoutMs, rebalance: body.rebalanceTimeoutMs }
    const fresh = {
      id: memberId,
      instance,
      ...times,
      says,
      join: request,
      sync: null,
      owes: false,
      isNew: true,
      until: 0,
    }
    if (memberId === '') {
      fresh.id = `${instance ?? clientId}-${drawnId}`
      const old = members.find(member => instance !== null && member.instance === instance)
      if (old !== undefined) {
        this.#replace(old, fresh, request)
        return
      }
      if (instance === null && apiVersion >= 4) {
        this.data.pending.push({ id: fresh.id, until: this.now + times.session })
        this.tell(request, `MEMBER_ID_REQUIRED ${fresh.id}`)
        return
      }
      this.#add(fresh)
      return
    }
    const wasPending = this.data.pending.findIndex(({ id }) => id === memberId)
    if (wasPending !== -1 && instance === null) {
      this.data.pending.splice(wasPending, 1)
      this.#add(fresh)
      return
    }
    const member = this.#find(memberId, instance)
    if (typeof member === 'string') {
      this.tell(request, member)
      return
    }
    const isSame = JSON.stringify(member.says) === JSON.stringify(says)
    const { state, leader } = this.data
    if (isSame && (state === 'CompletingRebalance' || (state === 'Stable' && leader !== memberId))) {
      this.tell(request, `in ${this.data.generation}`)
      return
    }
    if (member.join !== null) this.tell(member.join, 'REBALANCE_IN_PROGRESS')
    Object.assign(member, times, { says, join: request })
    this.changed()
  }

  #add(member: ModelMember): void {
    member.until = this.now + 300_000
    if (this.data.state === 'PreparingRebalance') this.data.newcomer = true
    this.data.members.push(member)
    if (this.data.members.length === 1) this.data.leader = member.id
    this.changed()
  }

  #replace(old: ModelMember, member: ModelMember, request: number): void {
    if (old.join !== null) this.tell(old.join, 'FENCED_INSTANCE_ID')
    if (old.sync !== null) this.tell(old.sync, 'FENCED_INSTANCE_ID')
    const { data } = this
    const before = data.state
    data.members = data.members.filter(each => each !== old)
    data.members.push(member)
    Object.assign(member, { isNew: false, until: this.now + member.session })
    if (data.leader === old.id) data.leader = member.id
    if (before === 'Stable' && this.isFavourite(data.protocol)) {
      const isContested = this.favourites().length > 1
      if (!isContested || this.choices.protocol === data.protocol) {
        member.join = null
        this.write()
        this.tell(request, `in ${data.generation} when durable`)
        return
      }
    }
    this.changed()
  }

  #sync({ request, body }: SyncEvent): void {
    const { data } = this
    const member = this.#find(body.memberId, body.groupInstanceId)
    if (typeof member === 'string') {
      this.tell(request, member)
      return
    }
    if (body.generationId !== data.generation || member.isNew) {
      this.tell(request, 'ILLEGAL_GENERATION')
      return
    }
    if (data.state === 'PreparingRebalance') {
      this.tell(request, 'REBALANCE_IN_PROGRESS')
      return
    }
    member.owes = false
    if (data.state === 'Stable') {
      this.tell(request, 'assigned when durable')
      return
    }
    if (member.sync !== null) this.tell(member.sync, 'REBALANCE_IN_PROGRESS')
    member.sync = request
    if (data.leader !== member.id) return
    data.state = 'Stable'
    for (const each of data.members) {
      if (each.sync === null) continue
      this.tell(each.sync, 'assigned when durable')
      each.sync = null
      each.until = this.now + each.session
    }
    this.write()
  }

  #heartbeat(request: number, body: { memberId: string; groupInstanceId: string | null; generationId: number }): void {
    const member = this.#find(body.memberId, body.groupInstanceId)
    if (typeof member === 'string') {
      this.tell(request, member)
      return
    }
    if (body.generationId !== this.data.generation || member.isNew) {
      this.tell(request, 'ILLEGAL_GENERATION')
      return
    }
    member.until = this.now + member.session
    this.tell(request, this.data.state === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE')
  }

  #leave(request: number, leaving: readonly { memberId: string; groupInstanceId: string | null }[]): void {
    const { data } = this
    const before = data.members.length
    const told = leaving.map(({ memberId, groupInstanceId }) => {
      const isPending = data.pending.some(({ id }) => id === memberId)
      data.pending = data.pending.filter(({ id }) => id !== memberId)
      if (isPending) return 'NONE'
      const named = data.members.find(
        ({ instance }) => memberId === '' && instance !== null && instance === groupInstanceId,
      )
      const member = named ?? this.#find(memberId, groupInstanceId)
      if (typeof member === 'string') return member
      this.remove(member)
      return 'NONE'
    })
    if (data.members.length < before) this.changed()
    else if (data.state === 'PreparingRebalance') this.completeIfAllJoined()
    this.#forgetIfBare()
    this.tell(request, `${told.join(' ')}${this.wrote === 'group' ? ' when durable' : ''}`)
  }

  #commit({ request, body }: OffsetCommitEvent): void {
    const { memberId, generationIdOrMemberEpoch: generation, groupInstanceId, topics } = body
    const error = this.commitError(memberId, generation, groupInstanceId)
    this.tell(request, error === 'NONE' ? 'NONE when durable' : error)
    if (error !== 'NONE') return
    const member = this.data.members.find(({ id }) => id === memberId)
    if (member !== undefined) member.until = this.now + member.session
    if (this.data.state === 'Dead') this.data.state = 'Empty'
    for (const { name, partitions } of topics) {
      for (const { partitionIndex, committedOffset } of partitions) {
        this.data.offsets[`${name}-${partitionIndex}`] = committedOffset
      }
    }
    this.wrote = 'offsets'
  }

  /** What would be read back: the members that were written last, and the offsets. */
  #asWritten(): ModelData {
    const last = this.#written.at(-1)?.data ?? { ...NOTHING, state: 'Empty' as const }
    return { ...last, state: last.state === 'Dead' ? 'Empty' : last.state, offsets: this.data.offsets }
  }

  #sessionTimeout(id: string): void {
    const { data } = this
    const isDue = ({ until }: { until: number }) => until <= this.now
    if (data.pending.some(each => each.id === id && isDue(each))) {
      data.pending = data.pending.filter(each => each.id !== id)
      if (data.state === 'PreparingRebalance') this.completeIfAllJoined()
      this.#forgetIfBare()
      return
    }
    const member = data.members.find(each => each.id === id)
    if (member === undefined || !isDue(member) || this.isHeld(member)) return
    this.remove(member)
    this.changed()
  }

  #joinPhaseTimeout(): void {
    const { data } = this
    if (data.state !== 'PreparingRebalance' || this.now < data.joinUntil) return
    if (!data.isInitial || !data.newcomer || data.remaining === 0) {
      this.complete()
      return
    }
    const extension = Math.min(this.rules.initialRebalanceDelayMs, data.remaining)
    Object.assign(data, { joinUntil: this.now + extension, remaining: data.remaining - extension, newcomer: false })
  }

  #syncPhaseTimeout(): void {
    const { data } = this
    const late = data.members.filter(({ owes }) => owes)
    if (late.length === 0 || this.now < data.syncUntil) return
    for (const member of late) this.remove(member)
    this.changed()
  }

  #forgetIfBare(): void {
    const { state, recorded, offsets, pending } = this.data
    if (state !== 'Empty' || recorded || pending.length > 0 || Object.keys(offsets).length > 0) return
    this.data = structuredClone(NOTHING)
  }
}
