import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** Groups and their offsets, through the Java client's Admin. */
final class GroupAdmin {
    private final Admin admin;

    GroupAdmin(Admin admin) {
        this.admin = admin;
    }

    Object answer(JsonNode request) throws Exception {
        String topic = request.path("topic").asText();
        String group = request.path("group").asText();
        return switch (request.get("op").asText()) {
            case "listGroups" -> Agent.get(admin.listGroups(ListGroupsOptions.forConsumerGroups()).all())
                .stream().map(each -> each.groupId()).toList();
            case "describeGroup" -> describeGroup(group);
            case "deleteGroup" -> Agent.get(admin.deleteConsumerGroups(List.of(group)).all());
            case "committed" -> committed(group, where(topic, request.get("partitions")));
            case "resetOffsets" -> resetOffsets(group, topic, request.get("offsets"));
            case "deleteOffsets" -> Agent.get(
                admin.deleteConsumerGroupOffsets(group, new HashSet<>(where(topic, request.get("partitions")))).all());
            default -> throw new IllegalArgumentException("unknown operation " + request.get("op"));
        };
    }

    private Object describeGroup(String group) throws Exception {
        ConsumerGroupDescription found =
            Agent.get(admin.describeConsumerGroups(List.of(group)).describedGroups().get(group));
        List<Integer> owned = new ArrayList<>();
        for (MemberDescription member : found.members()) {
            member.assignment().topicPartitions().forEach(each -> owned.add(each.partition()));
        }
        owned.sort(null);
        return Map.of("state", found.groupState().toString(), "members", found.members().size(), "partitions", owned);
    }

    private Object committed(String group, Set<TopicPartition> which) throws Exception {
        var spec = new ListConsumerGroupOffsetsSpec().topicPartitions(which);
        List<List<Long>> pairs = new ArrayList<>();
        Agent.get(admin.listConsumerGroupOffsets(Map.of(group, spec)).partitionsToOffsetAndMetadata(group))
            .forEach((each, found) -> {
                // Null where nothing is committed.
                if (found != null) pairs.add(List.of((long) each.partition(), found.offset()));
            });
        return pairs;
    }

    private Object resetOffsets(String group, String topic, JsonNode offsets) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> wanted = new HashMap<>();
        for (JsonNode pair : offsets) {
            wanted.put(new TopicPartition(topic, pair.get(0).asInt()), new OffsetAndMetadata(pair.get(1).asLong()));
        }
        return Agent.get(admin.alterConsumerGroupOffsets(group, wanted).all());
    }

    private static Set<TopicPartition> where(String topic, JsonNode partitions) {
        Set<TopicPartition> which = new HashSet<>();
        partitions.forEach(each -> which.add(new TopicPartition(topic, each.asInt())));
        return which;
    }
}
