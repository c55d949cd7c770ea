"""Agent for confluent-kafka-python: one JSON request a line in, one JSON answer a line out (see clients/agent.ts)."""

import time

from agent_loop import BROKER, TIMEOUT_S, Member, decode, encode, member_operations, serve
from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    ConsumerGroupTopicPartitions,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

ADMIN = AdminClient({"bootstrap.servers": BROKER, "client.id": "confluent"})


def create_topic(topic, partitions, configs):
    made = ADMIN.create_topics([NewTopic(topic, num_partitions=partitions, replication_factor=1, config=configs)])
    made[topic].result(TIMEOUT_S)


def list_topics():
    return list(ADMIN.list_topics(timeout=TIMEOUT_S).topics)


def describe_topic(topic):
    metadata = ADMIN.list_topics(topic, timeout=TIMEOUT_S).topics[topic]
    if metadata.error is not None:
        raise RuntimeError(str(metadata.error))
    return len(metadata.partitions)


def delete_topic(topic):
    ADMIN.delete_topics([topic])[topic].result(TIMEOUT_S)


def write(topic, partition, codec, acks, idempotent, records):
    failures = []

    def delivered(error, _message):
        if error is not None:
            failures.append(str(error))

    producer = Producer(
        {
            "bootstrap.servers": BROKER,
            "client.id": "confluent",
            "compression.type": codec,
            "acks": acks,
            "enable.idempotence": idempotent,
            "message.max.bytes": 2_000_000,
            "linger.ms": 50,
        }
    )
    for record in records:
        producer.produce(
            topic,
            partition=partition,
            key=decode(record["key"]),
            value=decode(record["value"]),
            headers=[(name, decode(value)) for name, value in record["headers"]],
            timestamp=record["timestampMs"],
            on_delivery=delivered,
        )
        producer.poll(0)
    left = producer.flush(TIMEOUT_S)
    if left > 0 or failures:
        raise RuntimeError(f"{left} records not sent, failures: {failures[:3]}")


def consumer_for(committed_only):
    return Consumer(
        {
            "bootstrap.servers": BROKER,
            "client.id": "confluent",
            # The library wants a group id, but assigned partitions with explicit offsets never use the group.
            "group.id": "never-joined",
            "enable.auto.commit": False,
            "check.crcs": True,
            "isolation.level": "read_committed" if committed_only else "read_uncommitted",
            "auto.offset.reset": "error",
        }
    )


def start_offset(consumer, topic, partition, start):
    if start["at"] == "earliest":
        return OFFSET_BEGINNING
    if start["at"] == "latest":
        return OFFSET_END
    if start["at"] == "offset":
        return start["offset"]
    [found] = consumer.offsets_for_times([TopicPartition(topic, partition, start["timestampMs"])], timeout=TIMEOUT_S)
    return found.offset


def read(topic, partitions, start, count, timeoutMs, committedOnly):
    consumer = consumer_for(committedOnly)
    try:
        consumer.assign([TopicPartition(topic, each, start_offset(consumer, topic, each, start)) for each in partitions])
        records = []
        deadline = time.monotonic() + timeoutMs / 1000
        while len(records) < count and time.monotonic() < deadline:
            message = consumer.poll(0.5)
            if message is None:
                continue
            if message.error() is not None:
                raise RuntimeError(str(message.error()))
            records.append(
                {
                    "key": encode(message.key()),
                    "value": encode(message.value()),
                    "headers": [[name, encode(value)] for name, value in message.headers() or []],
                    "timestampMs": message.timestamp()[1],
                    "partition": message.partition(),
                    "offset": message.offset(),
                }
            )
        return records
    finally:
        consumer.close()


def offset(topic, partition, question):
    at = question["at"]
    if at == "timestamp":
        spec = OffsetSpec.for_timestamp(question["timestampMs"])
    else:
        spec = {
            "earliest": OffsetSpec.earliest,
            "latest": OffsetSpec.latest,
            "maximum timestamp": OffsetSpec.max_timestamp,
        }[at]()
    where = TopicPartition(topic, partition)
    found = ADMIN.list_offsets({where: spec})[where].result(TIMEOUT_S).offset
    return None if found < 0 else found


def delete_records(topic, partition, before):
    where = TopicPartition(topic, partition, before)
    return ADMIN.delete_records([where])[where].result(TIMEOUT_S).low_watermark


def grow_topic(topic, count):
    ADMIN.create_partitions([NewPartitions(topic, count)])[topic].result(TIMEOUT_S)


def topic_configs(topic):
    resource = ConfigResource(ResourceType.TOPIC, topic)
    entries = ADMIN.describe_configs([resource])[resource].result(TIMEOUT_S)
    return {name: entry.value for name, entry in entries.items()}


def alter_topic_configs(topic, set, remove):
    changes = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in set.items()
    ] + [ConfigEntry(name, None, incremental_operation=AlterConfigOpType.DELETE) for name in remove]
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=changes)
    ADMIN.incremental_alter_configs([resource])[resource].result(TIMEOUT_S)


def list_groups():
    return [group.group_id for group in ADMIN.list_consumer_groups().result(TIMEOUT_S).valid]


def describe_group(group, topic):
    found = ADMIN.describe_consumer_groups([group])[group].result(TIMEOUT_S)
    owned = [where.partition for member in found.members for where in member.assignment.topic_partitions if where.topic == topic]
    return {"state": found.state.name, "members": len(found.members), "partitions": sorted(owned)}


def delete_group(group):
    ADMIN.delete_consumer_groups([group])[group].result(TIMEOUT_S)


def committed(group, topic, partitions):
    asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, each) for each in partitions])
    found = ADMIN.list_consumer_group_offsets([asked])[group].result(TIMEOUT_S)
    return [[each.partition, each.offset] for each in found.topic_partitions if each.offset >= 0]


def reset_offsets(group, topic, offsets):
    wanted = [TopicPartition(topic, partition, offset) for partition, offset in offsets]
    found = ADMIN.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, wanted)])[group].result(TIMEOUT_S)
    failed = [str(each.error) for each in found.topic_partitions if each.error is not None]
    if failed:
        raise RuntimeError(failed[0])


class ConfluentMember(Member):
    def __init__(self, group, topic, assignor, instanceId, sessionTimeoutMs, autoCommitMs):
        self.topic = topic
        self.config = {
            "bootstrap.servers": BROKER,
            "client.id": "confluent",
            "group.id": group,
            "partition.assignment.strategy": "cooperative-sticky" if assignor == "cooperative" else assignor,
            "session.timeout.ms": sessionTimeoutMs,
            "heartbeat.interval.ms": 200,
            "fetch.wait.max.ms": 100,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": autoCommitMs is not None,
        }
        if instanceId is not None:
            self.config["group.instance.id"] = instanceId
        if autoCommitMs is not None:
            self.config["auto.commit.interval.ms"] = autoCommitMs
        super().__init__()

    def open(self):
        self.consumer = Consumer(self.config)
        self.consumer.subscribe([self.topic], on_assign=self._on_assign, on_revoke=self._on_revoke)

    def _on_assign(self, _consumer, _partitions):
        self.assignments += 1

    def _on_revoke(self, _consumer, partitions):
        self.revoked.extend(each.partition for each in partitions)

    def poll(self):
        found = self.consumer.consume(500, timeout=0.05)
        failed = [str(message.error()) for message in found if message.error() is not None]
        if failed:
            raise RuntimeError(failed[0])
        return [[message.partition(), message.offset(), encode(message.value())] for message in found]

    def assignment(self):
        return [each.partition for each in self.consumer.assignment()]

    def commit(self, offsets):
        wanted = [TopicPartition(self.topic, partition, offset) for partition, offset in offsets]
        self.consumer.commit(offsets=wanted, asynchronous=False)

    def seek(self, partition, offset):
        self.consumer.seek(TopicPartition(self.topic, partition, offset))

    def pause(self, partitions):
        self.consumer.pause([TopicPartition(self.topic, each) for each in partitions])

    def resume(self, partitions):
        self.consumer.resume([TopicPartition(self.topic, each) for each in partitions])

    def close(self):
        self.consumer.close()


serve(
    {
        "createTopic": create_topic,
        "listTopics": list_topics,
        "describeTopic": describe_topic,
        "deleteTopic": delete_topic,
        "write": write,
        "read": read,
        "offset": offset,
        "deleteRecords": delete_records,
        "growTopic": grow_topic,
        "topicConfigs": topic_configs,
        "alterTopicConfigs": alter_topic_configs,
        "listGroups": list_groups,
        "describeGroup": describe_group,
        "deleteGroup": delete_group,
        "committed": committed,
        "resetOffsets": reset_offsets,
        **member_operations(ConfluentMember),
    }
)
