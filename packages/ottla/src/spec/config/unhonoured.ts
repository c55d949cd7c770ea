/**
 * Kafka's keys that Ottla knows and does not honour. Most are harmless to leave out (threads, features that are not
 * there yet): they are accepted with a warning, so that an existing server.properties works. Those whose absence would
 * make the broker less safe than its file says are refused. Source: Kafka 3.9 to 4.3 KafkaConfig.
 */

export type Unhonoured =
  /** Accepted; a warning names the key and the reason. */
  | { readonly kind: 'ignored'; readonly why: string }
  /** Refused, unless the value asks for nothing. */
  | { readonly kind: 'refused'; readonly why: string; readonly next: string }

const THREADS = 'Ottla has no thread pools of this kind'
const ACKS = 'a commit is answered when every in-sync replica has it'
const GROUPS = 'groups of this protocol come with a later release'
const TRANSACTIONS = 'transactions come with a later release'
const REPLICATION = 'replication comes with a later release'
const SECURITY = 'no listener uses it: TLS and SASL come with a later release'
const JVM = 'it names Java classes'
const KRAFT = 'Ottla keeps its metadata in a log of its own'
const LEVELS = 'each codec compresses at its own default level'
const JOURNAL = 'the commit journal decides when files are synced'
const QUOTAS = 'quotas come with a later release'
const TIERING = 'tiered storage comes with a later release'
const SYSTEM = 'the operating system decides'
const OLD_FORMAT = 'Kafka itself has removed it'

const ignored: readonly (readonly [why: string, keys: string])[] = [
  [
    THREADS,
    `
      num.network.threads num.io.threads background.threads num.recovery.threads.per.data.dir
      queued.max.requests queued.max.request.bytes num.replica.alter.log.dirs.threads num.replica.fetchers
      log.cleaner.threads
      metadata.log.max.record.bytes.between.snapshots
    `,
  ],
  [
    SYSTEM,
    `
      socket.send.buffer.bytes socket.receive.buffer.bytes socket.listen.backlog.size
    `,
  ],
  [
    ACKS,
    `
      offsets.commit.required.acks
    `,
  ],
  [
    GROUPS,
    `
      share.fetch.purgatory.purge.interval.requests
    `,
  ],
  [
    TRANSACTIONS,
    `
      transaction.state.log.num.partitions transaction.state.log.replication.factor
      transaction.state.log.min.isr transaction.state.log.segment.bytes transaction.state.log.load.buffer.size
      transaction.max.timeout.ms transactional.id.expiration.ms
      transaction.abort.timed.out.transaction.cleanup.interval.ms
      transaction.remove.expired.transaction.cleanup.interval.ms transaction.partition.verification.enable
      transaction.two.phase.commit.enable
      add.partitions.to.txn.retry.backoff.ms add.partitions.to.txn.retry.backoff.max.ms
    `,
  ],
  [
    REPLICATION,
    `
      inter.broker.listener.name replica.lag.time.max.ms replica.fetch.max.bytes
      replica.fetch.response.max.bytes replica.fetch.wait.max.ms replica.fetch.min.bytes
      replica.fetch.backoff.ms replica.socket.timeout.ms replica.socket.receive.buffer.bytes
      replica.high.watermark.checkpoint.interval.ms replica.selector.class auto.leader.rebalance.enable
      leader.imbalance.check.interval.seconds leader.imbalance.per.broker.percentage controlled.shutdown.enable
      controlled.shutdown.max.retries controlled.shutdown.retry.backoff.ms controller.socket.timeout.ms
      request.timeout.ms fetch.purgatory.purge.interval.requests producer.purgatory.purge.interval.requests
      delete.records.purgatory.purge.interval.requests inter.broker.protocol.version log.dir.failure.timeout.ms
      cordoned.log.dirs unstable.feature.versions.enable
      unstable.api.versions.enable
      socket.connection.setup.timeout.ms socket.connection.setup.timeout.max.ms
      unclean.leader.election.interval.ms follower.fetch.last.tiered.offset.enable
    `,
  ],
  [
    KRAFT,
    `
      controller.quorum.voters controller.quorum.bootstrap.servers controller.quorum.election.timeout.ms
      controller.quorum.fetch.timeout.ms controller.quorum.election.backoff.max.ms
      controller.quorum.append.linger.ms controller.quorum.request.timeout.ms controller.quorum.retry.backoff.ms
      controller.quorum.auto.join.enable controller.listener.names metadata.log.dir metadata.log.segment.bytes
      metadata.log.segment.ms metadata.max.retention.bytes metadata.max.retention.ms
      metadata.max.idle.interval.ms metadata.log.max.snapshot.interval.ms broker.heartbeat.interval.ms
      broker.session.timeout.ms initial.broker.registration.timeout.ms server.max.startup.time.ms
      broker.id.generation.enable reserved.broker.max.id zookeeper.connection.timeout.ms
      zookeeper.session.timeout.ms zookeeper.max.in.flight.requests zookeeper.set.acl
      control.plane.listener.name
      controller.performance.always.log.threshold.ms controller.performance.sample.period.ms
      controller.quorum.fetch.max.bytes controller.quorum.fetch.snapshot.max.bytes
    `,
  ],
  [
    LEVELS,
    `
      compression.gzip.level compression.lz4.level compression.zstd.level
    `,
  ],
  [
    JOURNAL,
    `
      log.flush.scheduler.interval.ms log.flush.offset.checkpoint.interval.ms
      log.flush.start.offset.checkpoint.interval.ms log.initial.task.delay.ms
      producer.id.expiration.check.interval.ms
    `,
  ],
  [
    QUOTAS,
    `
      quota.window.num quota.window.size.seconds replication.quota.window.num
      replication.quota.window.size.seconds alter.log.dirs.replication.quota.window.num
      alter.log.dirs.replication.quota.window.size.seconds controller.quota.window.num
      controller.quota.window.size.seconds connection.failed.authentication.delay.ms
      max.connections.per.ip.overrides
    `,
  ],
  [
    SECURITY,
    `
      super.users allow.everyone.if.no.acl.found connections.max.reauth.ms principal.builder.class
      security.providers delegation.token.expiry.check.interval.ms delegation.token.expiry.time.ms
      delegation.token.max.lifetime.ms
    `,
  ],
  [
    JVM,
    `
      metric.reporters metrics.num.samples metrics.sample.window.ms metrics.recording.level
      auto.include.jmx.reporter kafka.metrics.reporters kafka.metrics.polling.interval.secs telemetry.max.bytes
     
    `,
  ],
  [
    OLD_FORMAT,
    `
      log.message.format.version log.message.downconversion.enable log.message.timestamp.difference.max.ms
      early.start.listeners
    `,
  ],
]

const ignoredPrefixes: readonly (readonly [prefix: string, why: string])[] = [
  ['ssl.', SECURITY],
  ['sasl.', SECURITY],
  ['listener.name.', SECURITY],
  ['password.encoder.', SECURITY],
  ['zookeeper.ssl.', SECURITY],
  ['group.coordinator.', GROUPS],
  ['group.consumer.', GROUPS],
  ['group.share.', GROUPS],
  ['group.streams.', GROUPS],
  ['share.coordinator.', GROUPS],
  ['remote.', TIERING],
  ['log.local.', TIERING],
  ['internal.', KRAFT],
]

const LATER = 'take it out, or stay with Kafka for this cluster until Ottla has it'

const refusals: ReadonlyMap<string, { readonly why: string; readonly harmless: RegExp }> = new Map([
  ['authorizer.class.name', { why: 'without access rules everybody may do everything', harmless: /^$/ }],
  [
    'security.inter.broker.protocol',
    { why: 'connections between brokers would not be protected', harmless: /^(PLAINTEXT)?$/ },
  ],
  ['zookeeper.connect', { why: 'the broker would start as a cluster of its own', harmless: /^$/ }],
  [
    'process.roles',
    {
      why: 'this process is broker and controller in one',
      harmless: /^\s*(|broker|broker\s*,\s*controller|controller\s*,\s*broker)\s*$/,
    },
  ],
  ['remote.log.storage.system.enable', { why: 'old data would stay on this disk', harmless: /^\s*false\s*$/i }],
  ['create.topic.policy.class.name', { why: 'the policy would not be asked', harmless: /^$/ }],
  ['alter.config.policy.class.name', { why: 'the policy would not be asked', harmless: /^$/ }],
  ['client.quota.callback.class', { why: 'the quotas would not hold', harmless: /^$/ }],
  ['delegation.token.secret.key', { why: 'tokens would not be checked', harmless: /^$/ }],
  ['delegation.token.master.key', { why: 'tokens would not be checked', harmless: /^$/ }],
  ['config.providers', { why: 'values would not be looked up', harmless: /^$/ }],
  ['controller.quorum.voters', { why: 'the broker would start as a cluster of its own', harmless: /^[^,]*$/ }],
])

const ignoredKeys: ReadonlyMap<string, string> = new Map(
  ignored.flatMap(([why, keys]) =>
    keys
      .trim()
      .split(/\s+/)
      .map(key => [key, why] as const),
  ),
)

/** All names listed here without prefixes: for suggestions and the docs. */
export const unhonouredKeys: readonly string[] = [...new Set([...ignoredKeys.keys(), ...refusals.keys()])].sort()

/** Names beginning so are ignored as well. */
export const unhonouredPrefixes: readonly string[] = ignoredPrefixes.map(([prefix]) => prefix)

/** Why a key with this value is left out or refused; null when Kafka has no such key, as far as we know. */
export function unhonoured(key: string, value: string): Unhonoured | null {
  const refusal = refusals.get(key)
  if (refusal !== undefined && !refusal.harmless.test(value.trim()))
    return { kind: 'refused', why: refusal.why, next: LATER }
  const why = ignoredKeys.get(key) ?? ignoredPrefixes.find(([prefix]) => key.startsWith(prefix))?.[1]
  if (why !== undefined) return { kind: 'ignored', why }
  return refusal === undefined ? null : { kind: 'ignored', why: 'this value is what Ottla does anyway' }
}
