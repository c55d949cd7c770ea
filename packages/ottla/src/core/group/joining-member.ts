/** What a JoinGroup says of the member that sends it. What is kept is copied out of the request. */
import type { JoinEvent } from './events.ts'
import { type Member, NO_BYTES } from './membership.ts'
import { keptProtocols } from './protocols.ts'

/** The member that a JoinGroup describes, waiting for nothing. */
export function joiningMember(event: JoinEvent, memberId: string): Member {
  const { clientId, clientHost, body } = event
  return {
    memberId,
    groupInstanceId: body.groupInstanceId,
    clientId,
    clientHost,
    ...timeoutsOf(event),
    protocols: keptProtocols(body.protocols),
    assignment: NO_BYTES,
    awaitingJoin: null,
    awaitingSync: null,
    owesSync: false,
    isNew: false,
    sessionUntilMs: 0,
  }
}

/** As the member wants them now. Milliseconds. */
export function timeoutsOf({ body }: JoinEvent): Pick<Member, 'rebalanceTimeoutMs' | 'sessionTimeoutMs'> {
  const { rebalanceTimeoutMs, sessionTimeoutMs } = body
  // -1 is version 0, which has none; below that a client lies, and gets no time at all.
  return {
    sessionTimeoutMs,
    rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? sessionTimeoutMs : Math.max(rebalanceTimeoutMs, 0),
  }
}
