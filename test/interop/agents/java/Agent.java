import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Agent for the Java client: one JSON request a line in, one JSON answer a line out (see clients/agent.ts). */
public final class Agent {
    private static final ObjectMapper JSON = new ObjectMapper();
    static final int TIMEOUT_S = 30;

    private final String broker;
    private final Admin admin;
    private final GroupAdmin groups;
    private final LogDirAdmin logDirs;
    private final Map<String, Member> members = new HashMap<>();

    private Agent(String broker) {
        this.broker = broker;
        this.admin = Admin.create(Map.of("bootstrap.servers", broker, "client.id", "java"));
        this.groups = new GroupAdmin(admin);
        this.logDirs = new LogDirAdmin(admin);
    }

    public static void main(String[] args) throws IOException {
        Agent agent = new Agent(args[0]);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonNode request = JSON.readTree(line);
            ObjectNode answer = JSON.createObjectNode().put("id", request.get("id").asInt());
            try {
                answer.set("result", JSON.valueToTree(agent.answer(request)));
            } catch (Exception error) {
                answer.put("error", String.valueOf(error.getCause() == null ? error : error.getCause()));
            }
            System.out.println(answer);
        }
        agent.admin.close();
    }

    private Object answer(JsonNode request) throws Exception {
        return switch (request.get("op").asText()) {
            case "createTopic" -> createTopic(request);
            case "listTopics" -> get(admin.listTopics().names());
            case "describeTopic" -> describeTopic(request.get("topic").asText());
            case "deleteTopic" -> get(admin.deleteTopics(List.of(request.get("topic").asText())).all());
            case "growTopic" -> growTopic(request.get("topic").asText(), request.get("count").asInt());
            case "topicConfigs" -> topicConfigs(request.get("topic").asText());
            case "alterTopicConfigs" -> alterTopicConfigs(request);
            case "topicBytes" -> logDirs.topicBytes(request.get("topic").asText());
            case "directories" -> logDirs.directories(partitionOf(request));
            case "place" -> logDirs.place(partitionOf(request));
            case "move" -> logDirs.move(partitionOf(request), request.get("directory").asText());
            case "write" -> write(request);
            case "read" -> read(request);
            case "offset" -> offset(partitionOf(request), request.get("question"));
            case "deleteRecords" -> deleteRecords(partitionOf(request), request.get("before").asLong());
            case "join" -> join(request);
            case "view" -> member(request).view();
            case "commit" -> member(request).commit(request.get("offsets"));
            case "seek" -> member(request).seek(request.get("partition").asInt(), request.get("offset").asLong());
            case "pause" -> member(request).pause(request.get("partitions"), true);
            case "resume" -> member(request).pause(request.get("partitions"), false);
            case "leave" -> members.remove(request.get("member").asText()).leave();
            default -> groups.answer(request);
        };
    }

    private Object join(JsonNode request) {
        members.put(request.get("member").asText(), new Member(broker, request));
        return null;
    }

    private Member member(JsonNode request) {
        return members.get(request.get("member").asText());
    }

    private Object createTopic(JsonNode request) throws Exception {
        Map<String, String> configs = new HashMap<>();
        request.get("configs").fields().forEachRemaining(each -> configs.put(each.getKey(), each.getValue().asText()));
        int partitions = request.get("partitions").asInt();
        NewTopic topic = new NewTopic(request.get("topic").asText(), Optional.of(partitions), Optional.empty());
        return get(admin.createTopics(List.of(topic.configs(configs))).all());
    }

    private Object describeTopic(String topic) throws Exception {
        return get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic).partitions().size();
    }

    private Object growTopic(String topic, int count) throws Exception {
        return get(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(count))).all());
    }

    private static ConfigResource resourceOf(String topic) {
        return new ConfigResource(ConfigResource.Type.TOPIC, topic);
    }

    private Object topicConfigs(String topic) throws Exception {
        Map<String, String> configs = new HashMap<>();
        ConfigResource resource = resourceOf(topic);
        get(admin.describeConfigs(List.of(resource)).values().get(resource)).entries()
            .forEach(each -> configs.put(each.name(), each.value()));
        return configs;
    }

    private Object alterTopicConfigs(JsonNode request) throws Exception {
        List<AlterConfigOp> changes = new ArrayList<>();
        request.get("set").fields().forEachRemaining(each -> changes.add(new AlterConfigOp(
            new ConfigEntry(each.getKey(), each.getValue().asText()), AlterConfigOp.OpType.SET)));
        request.get("remove").forEach(each -> changes.add(new AlterConfigOp(
            new ConfigEntry(each.asText(), ""), AlterConfigOp.OpType.DELETE)));
        return get(admin.incrementalAlterConfigs(Map.of(resourceOf(request.get("topic").asText()), changes)).all());
    }

    private Object write(JsonNode request) throws Exception {
        Map<String, Object> config = new HashMap<>(Map.of(
            "bootstrap.servers", broker, "client.id", "java", "linger.ms", 50, "batch.size", 65_536,
            "compression.type", request.get("codec").asText(), "max.request.size", 2_000_000));
        int acks = request.get("acks").asInt();
        config.put("acks", acks == -1 ? "all" : String.valueOf(acks));
        config.put("enable.idempotence", request.get("idempotent").asBoolean());
        ByteArraySerializer bytes = new ByteArraySerializer();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(config, bytes, bytes)) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (JsonNode record : request.get("records")) {
                sent.add(producer.send(recordToSend(partitionOf(request), record)));
            }
            producer.flush();
            for (Future<RecordMetadata> each : sent) get(each);
        }
        return null;
    }

    private static ProducerRecord<byte[], byte[]> recordToSend(TopicPartition where, JsonNode record) throws IOException {
        List<Header> headers = new ArrayList<>();
        for (JsonNode header : record.get("headers")) {
            headers.add(new RecordHeader(header.get(0).asText(), bytesOf(header.get(1))));
        }
        long timestamp = record.get("timestampMs").asLong();
        return new ProducerRecord<>(where.topic(), where.partition(), timestamp, bytesOf(record.get("key")),
            bytesOf(record.get("value")), headers);
    }

    private Object read(JsonNode request) throws Exception {
        String isolation = request.get("committedOnly").asBoolean() ? "read_committed" : "read_uncommitted";
        Map<String, Object> config = Map.of("bootstrap.servers", broker, "client.id", "java",
            "isolation.level", isolation, "auto.offset.reset", "none", "enable.auto.commit", false);
        ByteArrayDeserializer bytes = new ByteArrayDeserializer();
        List<TopicPartition> where = new ArrayList<>();
        for (JsonNode partition : request.get("partitions")) {
            where.add(new TopicPartition(request.get("topic").asText(), partition.asInt()));
        }
        int count = request.get("count").asInt();
        long deadline = System.nanoTime() + Duration.ofMillis(request.get("timeoutMs").asLong()).toNanos();
        ArrayNode records = JSON.createArrayNode();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config, bytes, bytes)) {
            consumer.assign(where);
            seek(consumer, where, request.get("start"));
            while (records.size() < count && System.nanoTime() < deadline) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
                    if (records.size() < count) records.add(viewOf(record));
                }
            }
        }
        return records;
    }

    private static void seek(KafkaConsumer<byte[], byte[]> consumer, List<TopicPartition> where, JsonNode start) {
        switch (start.get("at").asText()) {
            case "earliest" -> consumer.seekToBeginning(where);
            case "latest" -> consumer.seekToEnd(where);
            case "offset" -> where.forEach(each -> consumer.seek(each, start.get("offset").asLong()));
            default -> {
                Map<TopicPartition, Long> times = new HashMap<>();
                where.forEach(each -> times.put(each, start.get("timestampMs").asLong()));
                consumer.offsetsForTimes(times).forEach((each, found) -> consumer.seek(each, found.offset()));
            }
        }
    }

    private static ObjectNode viewOf(ConsumerRecord<byte[], byte[]> record) {
        ArrayNode headers = JSON.createArrayNode();
        for (Header header : record.headers()) headers.addArray().add(header.key()).add(header.value());
        ObjectNode view = JSON.createObjectNode().put("key", record.key()).put("value", record.value());
        view.set("headers", headers);
        view.put("timestampMs", record.timestamp());
        return view.put("partition", record.partition()).put("offset", record.offset());
    }

    private Object offset(TopicPartition where, JsonNode question) throws Exception {
        OffsetSpec spec = switch (question.get("at").asText()) {
            case "earliest" -> OffsetSpec.earliest();
            case "latest" -> OffsetSpec.latest();
            case "maximum timestamp" -> OffsetSpec.maxTimestamp();
            default -> OffsetSpec.forTimestamp(question.get("timestampMs").asLong());
        };
        ListOffsetsResultInfo found = get(admin.listOffsets(Map.of(where, spec)).partitionResult(where));
        return found.offset() < 0 ? null : found.offset();
    }

    private Object deleteRecords(TopicPartition where, long before) throws Exception {
        return get(admin.deleteRecords(Map.of(where, RecordsToDelete.beforeOffset(before))).lowWatermarks().get(where))
            .lowWatermark();
    }

    private static TopicPartition partitionOf(JsonNode request) {
        return new TopicPartition(request.get("topic").asText(), request.get("partition").asInt());
    }

    private static byte[] bytesOf(JsonNode base64) throws IOException {
        return base64.isNull() ? null : base64.binaryValue();
    }

    static <T> T get(Future<T> future) throws Exception {
        return future.get(TIMEOUT_S, TimeUnit.SECONDS);
    }
}
