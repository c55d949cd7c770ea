/**
 * Classic consumer groups and their committed offsets: who is in a group, who assigns, who owns what in a generation and may
 * commit. The pure part: no partitions, no log, no network, no clock. Not here: which broker coordinates a group and what it
 * answers while it loads or is no coordinator (the host: COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR, and 0 to a Heartbeat
 * while it loads), whether topics exist (the host: it knows the metadata), groups of the consumer protocol (KIP-848),
 * transactional offsets. Sources: Kafka 4.2 GroupMetadataManager, ClassicGroup, OffsetMetadataManager; KIP-62, KIP-134,
 * KIP-211, KIP-345, KIP-394, KIP-496, KIP-559, KIP-814. States and what they mean: membership.ts.
 *
 * ## How a host runs it
 *
 * One OpenGroup for each group id that has anything (`openGroup` for an id that is met first). For every event, alone:
 *
 *   1. `decide(group, event, context)` reads the group and returns records, replies and timers.
 *   2. The records that `isDurable` knows are appended to the group's partition as one batch (`encodeGroupRecord`). None:
 *      nothing is appended. Refused at once, nothing of it in the log: with `ifRefused: 'drop'` stop here, and answer
 *      `refuse(event, coordinatorError(error))` when it was a request; with `'evolve'` go on as if appended.
 *   3. `evolve(group, record)` for all records in order: at the append, before it is durable.
 *   4. Timers are set and cancelled. Replies marked `now` leave; those marked `durable` leave when all that was appended for
 *      the group so far is committed, which is how an answer that rests on an earlier record waits for that one too.
 *   5. `isGone(group)`: the host drops it.
 *
 * An append that fails after it was taken (the disk fails, the term ends) leaves the group ahead of its log: the host answers
 * what it holds back with `refuse`, calls `abandon` for those who wait inside, forgets group and timers, and loads the
 * partition again when it leads it again. One that only takes too long (`offsets.commit.timeout.ms`) is answered with
 * `refuse(event, 'COORDINATOR_NOT_AVAILABLE')`; its records stay, they may well be committed.
 *
 * A timer is `{ key, atMs, event }`, and its event comes back to `decide`; keys are the group's own. A timer that fires late,
 * early, or after it was replaced does no harm: deadlines are in the group, and a timer that finds a later one sets itself
 * again. A heartbeat therefore changes no timer.
 *
 * Loading: `decodeGroupRecord` each record of the partition, `replay(group, record)` into the group that it names, drop those
 * that are gone, then the event `loaded` to each: its members get their session timeout to be heard of. Reads (DescribeGroups,
 * ListGroups, OffsetFetch) are functions of views.ts; their answers wait as `durable` replies do.
 *
 * ## A join, step by step
 *
 * Two consumers, m1 and m2, in a group that nobody knows; group.initial.rebalance.delay.ms is 3000.
 *
 *   at 0     m1 sends JoinGroup v9 with no member id. The group is Dead, so a group is made (volatile: the log owes nobody
 *            anything yet) and m1 gets an id with MEMBER_ID_REQUIRED. It is pending: the session timer of the id is set, and
 *            with nobody else a group whose last id times out is gone without a trace.
 *   at 1     m1 sends JoinGroup with its id. It is a member now, new, waiting. The group was Empty, so a first rebalance
 *            begins: PreparingRebalance, and the timer `join` at 3001. Its reply waits in the group.
 *   at 500   m2 comes the same way, which is noted: the window may be extended.
 *   at 3001  The timer. Somebody came, and m1's rebalance timeout leaves time: extended by another 3000.
 *   at 6001  The timer. Nobody came since: the join phase is over. Generation 1 begins: the protocol that all know and most
 *            like best, the leader m1, who came first. Both JoinGroups are answered, the leader's with all members. The group
 *            is CompletingRebalance; nothing was written, because nothing is owned yet. Both owe a SyncGroup within the
 *            rebalance timeout (timer `sync`), and both sessions begin.
 *   at 6002  m2 sends SyncGroup, and waits. A Heartbeat of it is answered with 0 meanwhile, a commit with
 *            REBALANCE_IN_PROGRESS: it has a generation, but owns nothing in it.
 *   at 6010  m1 sends SyncGroup with the assignment. One record `group` holds generation, members, assignment: it is
 *            appended, the group is Stable from then on, and both replies leave when the record is committed (I-16): had a
 *            member its partitions before, a crash could give them to somebody else in the same generation.
 *   later    A third member joins: PreparingRebalance again. m1 and m2 hear it from their next Heartbeat
 *            (REBALANCE_IN_PROGRESS), commit what they have (generation 1 is still theirs), and join again. When all did, or
 *            after the longest rebalance timeout, generation 2 begins. From then on nothing is committed for generation 1:
 *            a member of both is told ILLEGAL_GENERATION, who did not join in time UNKNOWN_MEMBER_ID (I-17).
 *
 * Killed at any point: the log has generation 1 with its assignment, or has it not. If not, nobody was told an assignment; the
 * members find an unknown group and join anew. If so, the loaded group is Stable in generation 1, whatever rebalance was under
 * way, and members that know a later generation are told ILLEGAL_GENERATION and join again.
 */
import { unreachable } from '../../base/assert.ts'
import type { Decision, GroupContext, GroupEvent } from './events.ts'
import type { Group } from './group.ts'
import { decideHeartbeat } from './heartbeat.ts'
import { decideJoin } from './join.ts'
import { decideLeave } from './leave.ts'
import { decideLoaded } from './loaded.ts'
import { decideOffsetCommit } from './offset-commit.ts'
import {
  decideDeleteGroup,
  decideExpireOffsets,
  decideOffsetDelete,
  decidePartitionsDeleted,
} from './offset-removal.ts'
import { Plan } from './plan.ts'
import { decideJoinPhaseTimeout, decideSessionTimeout, decideSyncPhaseTimeout } from './rebalance.ts'
import { decideSync } from './sync.ts'

/** What becomes of the event. Reads the group and never changes it. */
export function decide(group: Group, event: GroupEvent, context: GroupContext): Decision {
  const plan = new Plan(group, context)
  decideInto(plan, event)
  return plan.finish(event)
}

function decideInto(plan: Plan, event: GroupEvent): void {
  switch (event.type) {
    case 'join':
      decideJoin(plan, event)
      break
    case 'sync':
      decideSync(plan, event)
      break
    case 'heartbeat':
      decideHeartbeat(plan, event)
      break
    case 'leave':
      decideLeave(plan, event)
      break
    case 'offsetCommit':
      decideOffsetCommit(plan, event)
      break
    case 'offsetDelete':
      decideOffsetDelete(plan, event)
      break
    case 'deleteGroup':
      decideDeleteGroup(plan, event)
      break
    case 'sessionTimeout':
      decideSessionTimeout(plan, event.memberId)
      break
    case 'joinPhaseTimeout':
      decideJoinPhaseTimeout(plan)
      break
    case 'syncPhaseTimeout':
      decideSyncPhaseTimeout(plan)
      break
    case 'loaded':
      decideLoaded(plan)
      break
    case 'expireOffsets':
      decideExpireOffsets(plan)
      break
    case 'partitionsDeleted':
      decidePartitionsDeleted(plan, event.partitions)
      break
    default:
      unreachable(event)
  }
}
