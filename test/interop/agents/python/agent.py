"""Agent for confluent-kafka-python: one JSON request a line in, one JSON answer a line out (see clients/agent.ts)."""

import base64
import json
import sys
import time

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
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

BROKER = sys.argv[1]
ADMIN = AdminClient({"bootstrap.servers": BROKER, "client.id": "confluent"})
TIMEOUT_S = 30


def decode(text):
    return None if text is None else base64.b64decode(text)


def encode(data):
    if data is None:
        return None
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


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


OPERATIONS = {
    "createTopic": create_topic,
    "listTopics": list_topics,
    "describeTopic": describe_topic,
    "deleteTopic": delete_topic,
    "growTopic": grow_topic,
    "topicConfigs": topic_configs,
    "alterTopicConfigs": alter_topic_configs,
    "write": write,
    "read": read,
    "offset": offset,
    "deleteRecords": delete_records,
}

for line in sys.stdin:
    request = json.loads(line)
    request_id, op = request.pop("id"), request.pop("op")
    try:
        answer = {"id": request_id, "result": OPERATIONS[op](**request)}
    except Exception as error:  # Whatever the library throws is the answer.
        answer = {"id": request_id, "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
