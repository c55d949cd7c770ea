"""Agent for kafka-python: one JSON request a line in, one JSON answer a line out (see clients/agent.ts)."""

import time

from agent_loop import BROKER, TIMEOUT_S, Member, decode, encode, member_operations, serve
from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, OffsetSpec
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.structs import OffsetAndMetadata

ASSIGNORS = {
    "range": RangePartitionAssignor,
    "roundrobin": RoundRobinPartitionAssignor,
    "cooperative": CooperativeStickyAssignor,
}
ADMIN = KafkaAdminClient(bootstrap_servers=BROKER, client_id="kafka-python")


def expect_no_errors(result):
    """Raises the first error of an answer that has one error class for each partition or group."""
    for error in result.values():
        if getattr(error, "errno", 0) != 0:
            raise error


def expect_ok(results):
    """Raises the first of those results that is another text than OK."""
    for result in results.values():
        if result != "OK":
            raise RuntimeError(result)


def create_topic(topic, partitions, configs):
    ADMIN.create_topics({topic: {"num_partitions": partitions, "replication_factor": 1, "configs": configs}})


def describe_topic(topic):
    [found] = ADMIN.describe_topics([topic])
    return len(found["partitions"])


def write(topic, partition, codec, acks, idempotent, records):
    producer = KafkaProducer(
        bootstrap_servers=BROKER,
        client_id="kafka-python",
        acks=acks,
        compression_type=None if codec == "none" else codec,
        enable_idempotence=idempotent,
        max_request_size=2_000_000,
        linger_ms=50,
    )
    try:
        sent = [
            producer.send(
                topic,
                partition=partition,
                key=decode(record["key"]),
                value=decode(record["value"]),
                headers=[(name, decode(value)) for name, value in record["headers"]],
                timestamp_ms=record["timestampMs"],
            )
            for record in records
        ]
        producer.flush(TIMEOUT_S)
        for each in sent:
            each.get(TIMEOUT_S)
    finally:
        producer.close(TIMEOUT_S)


def seek(consumer, where, start):
    if start["at"] == "earliest":
        consumer.seek_to_beginning(*where)
    elif start["at"] == "latest":
        consumer.seek_to_end(*where)
    elif start["at"] == "offset":
        for each in where:
            consumer.seek(each, start["offset"])
    else:
        for each, found in consumer.offsets_for_times({each: start["timestampMs"] for each in where}).items():
            consumer.seek(each, found.offset)


def read(topic, partitions, start, count, timeoutMs, committedOnly):
    consumer = KafkaConsumer(
        bootstrap_servers=BROKER,
        client_id="kafka-python",
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed" if committedOnly else "read_uncommitted",
    )
    try:
        where = [TopicPartition(topic, each) for each in partitions]
        consumer.assign(where)
        seek(consumer, where, start)
        records = []
        deadline = time.monotonic() + timeoutMs / 1000
        while len(records) < count and time.monotonic() < deadline:
            for found in consumer.poll(500).values():
                records.extend(view_of(record) for record in found)
        return records[:count]
    finally:
        consumer.close()


def view_of(record):
    return {
        "key": encode(record.key),
        "value": encode(record.value),
        "headers": [[name, encode(value)] for name, value in record.headers],
        "timestampMs": record.timestamp,
        "partition": record.partition,
        "offset": record.offset,
    }


def offset(topic, partition, question):
    where = TopicPartition(topic, partition)
    special = {"earliest": OffsetSpec.EARLIEST, "latest": OffsetSpec.LATEST, "maximum timestamp": OffsetSpec.MAX_TIMESTAMP}
    found = ADMIN.list_partition_offsets({where: special.get(question["at"], question.get("timestampMs"))})[where]
    return None if found is None or found.offset < 0 else found.offset


def delete_records(topic, partition, before):
    where = TopicPartition(topic, partition)
    return ADMIN.delete_records({where: before})[where]["low_watermark"]


def topic_configs(topic):
    [found] = ADMIN.describe_configs([ConfigResource("TOPIC", topic)], config_filter="all").values()
    return {name: entry["value"] for name, entry in found[topic].items()}


def alter_topic_configs(topic, set, remove):
    changes = {**{name: ("SET", value) for name, value in set.items()}, **{name: ("DELETE", None) for name in remove}}
    # The library would otherwise refuse names that it does not know, before the broker can.
    [results] = ADMIN.alter_configs([ConfigResource("TOPIC", topic, changes)], raise_on_unknown=False).values()
    expect_ok(results)


def topic_bytes(topic):
    return sum(
        partition["partition_size"]
        for broker in ADMIN.describe_log_dirs({topic: list(range(describe_topic(topic)))})
        for directory in broker["log_dirs"]
        for each in directory["topics"]
        for partition in each["partitions"]
    )


def directories(topic, partition):
    """What each directory holds of a partition."""
    held = {}
    for broker in ADMIN.describe_log_dirs({topic: [partition]}):
        for directory in broker["log_dirs"]:
            replicas = [replica for each in directory["topics"] for replica in each["partitions"]]
            futures = [replica["is_future_key"] for replica in replicas]
            held[directory["log_dir"]] = "nothing" if not futures else "future" if futures[0] else "log"
    return held


def move(topic, partition, directory):
    [broker] = ADMIN.describe_log_dirs({topic: [partition]})
    moved = ADMIN.alter_replica_log_dirs({(topic, partition, broker["broker"]): directory})
    for error in moved.values():
        if error.errno != 0:
            raise error


def describe_group(group, topic):
    found = ADMIN.describe_groups([group])[group]
    owned = [
        partition
        for member in found["members"]
        for assigned in member["member_assignment"]["assigned_partitions"]
        if assigned["topic"] == topic
        for partition in assigned["partitions"]
    ]
    return {"state": found["group_state"], "members": len(found["members"]), "partitions": sorted(owned)}


def committed(group, topic, partitions):
    found = ADMIN.list_group_offsets({group: [TopicPartition(topic, each) for each in partitions]})[group]
    return [[where.partition, each.offset] for where, each in found.items() if each.offset >= 0]


def reset_offsets(group, topic, offsets):
    wanted = {TopicPartition(topic, partition): OffsetAndMetadata(to, "", -1) for partition, to in offsets}
    expect_no_errors(ADMIN.alter_group_offsets(group, wanted))


def delete_offsets(group, topic, partitions):
    expect_no_errors(ADMIN.delete_group_offsets(group, [TopicPartition(topic, each) for each in partitions]))


class KafkaPythonMember(Member, ConsumerRebalanceListener):
    def __init__(self, group, topic, assignor, instanceId, sessionTimeoutMs, autoCommitMs):
        self.topic = topic
        self.config = {
            "bootstrap_servers": BROKER,
            "client_id": "kafka-python",
            "group_id": group,
            "group_instance_id": instanceId,
            "partition_assignment_strategy": [ASSIGNORS[assignor]],
            "session_timeout_ms": sessionTimeoutMs,
            "heartbeat_interval_ms": 200,
            "fetch_max_wait_ms": 100,
            "auto_offset_reset": "earliest",
            "enable_auto_commit": autoCommitMs is not None,
            "auto_commit_interval_ms": autoCommitMs or 5_000,
        }
        super().__init__()

    def open(self):
        self.consumer = KafkaConsumer(**self.config)
        self.consumer.subscribe([self.topic], listener=self)

    def on_partitions_assigned(self, _assigned):
        self.assignments += 1

    def on_partitions_revoked(self, revoked):
        self.revoked.extend(each.partition for each in revoked)

    def poll(self):
        found = self.consumer.poll(50)
        return [[each.partition, each.offset, encode(each.value)] for records in found.values() for each in records]

    def assignment(self):
        return [each.partition for each in self.consumer.assignment()]

    def commit(self, offsets):
        self.consumer.commit({self._where(each): OffsetAndMetadata(to, "", -1) for each, to in offsets})

    def seek(self, partition, offset):
        self.consumer.seek(self._where(partition), offset)

    def pause(self, partitions):
        self.consumer.pause(*[self._where(each) for each in partitions])

    def resume(self, partitions):
        self.consumer.resume(*[self._where(each) for each in partitions])

    def close(self):
        self.consumer.close()

    def _where(self, partition):
        return TopicPartition(self.topic, partition)


serve(
    {
        "createTopic": create_topic,
        "listTopics": lambda: list(ADMIN.list_topics()),
        "describeTopic": describe_topic,
        "deleteTopic": lambda topic: ADMIN.delete_topics([topic]) and None,
        "write": write,
        "read": read,
        "offset": offset,
        "deleteRecords": delete_records,
        "growTopic": lambda topic, count: ADMIN.create_partitions({topic: count}) and None,
        "topicConfigs": topic_configs,
        "alterTopicConfigs": alter_topic_configs,
        "topicBytes": topic_bytes,
        "directories": directories,
        "move": move,
        "listGroups": lambda: [each["group_id"] for each in ADMIN.list_groups()],
        "describeGroup": describe_group,
        "deleteGroup": lambda group: expect_ok(ADMIN.delete_groups([group])),
        "committed": committed,
        "resetOffsets": reset_offsets,
        "deleteOffsets": delete_offsets,
        **member_operations(KafkaPythonMember),
    }
)
