import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** A consumer in a group. Its thread polls, and runs everything else that is asked of the consumer in between. */
final class Member implements ConsumerRebalanceListener {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, Class<?>> ASSIGNORS = Map.of("range", RangeAssignor.class,
        "roundrobin", RoundRobinAssignor.class, "cooperative", CooperativeStickyAssignor.class);

    private final String topic;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final ConcurrentLinkedQueue<FutureTask<Object>> tasks = new ConcurrentLinkedQueue<>();
    private final Thread thread = new Thread(this::run);
    private ArrayNode records = JSON.createArrayNode();
    private List<Integer> assigned = List.of();
    private final List<Integer> revoked = new ArrayList<>();
    private int assignments = 0;
    private String failure = null;
    private boolean open = true;

    Member(String broker, JsonNode request) {
        topic = request.get("topic").asText();
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", broker, "client.id", "java",
            "group.id", request.get("group").asText(), "session.timeout.ms", request.get("sessionTimeoutMs").asInt(),
            "heartbeat.interval.ms", 200, "fetch.max.wait.ms", 100, "auto.offset.reset", "earliest",
            "partition.assignment.strategy", ASSIGNORS.get(request.get("assignor").asText()).getName()));
        if (!request.get("instanceId").isNull()) config.put("group.instance.id", request.get("instanceId").asText());
        config.put("enable.auto.commit", !request.get("autoCommitMs").isNull());
        if (!request.get("autoCommitMs").isNull()) config.put("auto.commit.interval.ms", request.get("autoCommitMs").asInt());
        ByteArrayDeserializer bytes = new ByteArrayDeserializer();
        consumer = new KafkaConsumer<>(config, bytes, bytes);
        consumer.subscribe(List.of(topic), this);
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        while (open) {
            try {
                var found = consumer.poll(Duration.ofMillis(50));
                synchronized (this) {
                    for (ConsumerRecord<byte[], byte[]> each : found) {
                        records.addArray().add(each.partition()).add(each.offset()).add(each.value());
                    }
                    TreeSet<Integer> owned = new TreeSet<>();
                    consumer.assignment().forEach(each -> owned.add(each.partition()));
                    assigned = List.copyOf(owned);
                }
            } catch (RuntimeException error) {
                synchronized (this) {
                    failure = error.toString();
                }
            }
            for (FutureTask<Object> task = tasks.poll(); task != null; task = tasks.poll()) task.run();
        }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        assignments++;
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        partitions.forEach(each -> revoked.add(each.partition()));
    }

    /** What came since the last view, and what the member owns. */
    synchronized Object view() {
        ObjectNode view = JSON.createObjectNode().put("assignments", assignments).put("failure", failure);
        view.set("assigned", JSON.valueToTree(assigned));
        view.set("revoked", JSON.valueToTree(revoked));
        view.set("records", records);
        records = JSON.createArrayNode();
        return view;
    }

    Object commit(JsonNode offsets) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> wanted = new HashMap<>();
        for (JsonNode pair : offsets) {
            wanted.put(where(pair.get(0).asInt()), new OffsetAndMetadata(pair.get(1).asLong()));
        }
        return call(() -> {
            consumer.commitSync(wanted);
            return null;
        });
    }

    Object seek(int partition, long offset) throws Exception {
        return call(() -> {
            consumer.seek(where(partition), offset);
            return null;
        });
    }

    Object pause(JsonNode partitions, boolean paused) throws Exception {
        List<TopicPartition> which = new ArrayList<>();
        partitions.forEach(each -> which.add(where(each.asInt())));
        return call(() -> {
            if (paused) consumer.pause(which);
            else consumer.resume(which);
            return null;
        });
    }

    Object leave() throws Exception {
        call(() -> {
            open = false;
            consumer.close();
            return null;
        });
        thread.join(Agent.TIMEOUT_S * 1_000L);
        return view();
    }

    private Object call(Callable<Object> work) throws Exception {
        FutureTask<Object> task = new FutureTask<>(work);
        tasks.add(task);
        return task.get(Agent.TIMEOUT_S, TimeUnit.SECONDS);
    }

    private TopicPartition where(int partition) {
        return new TopicPartition(topic, partition);
    }
}
