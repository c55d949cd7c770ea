import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeReplicaLogDirsResult.ReplicaLogDirInfo;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionReplica;

/** Log directories and what lies in them, through the Java client's Admin. */
final class LogDirAdmin {
    private final Admin admin;

    LogDirAdmin(Admin admin) {
        this.admin = admin;
    }

    /** Bytes of a topic in all directories of all brokers. */
    Object topicBytes(String topic) throws Exception {
        long size = 0;
        for (Map<String, LogDirDescription> directories : described().values()) {
            for (LogDirDescription directory : directories.values()) {
                if (directory.error() != null) throw directory.error();
                for (var replica : directory.replicaInfos().entrySet()) {
                    if (replica.getKey().topic().equals(topic)) size += replica.getValue().size();
                }
            }
        }
        return size;
    }

    /** What each directory holds of a partition. */
    Object directories(TopicPartition where) throws Exception {
        Map<String, String> held = new HashMap<>();
        for (var directory : described().get(onlyBroker()).entrySet()) {
            if (directory.getValue().error() != null) throw directory.getValue().error();
            var replica = directory.getValue().replicaInfos().get(where);
            held.put(directory.getKey(), replica == null ? "nothing" : replica.isFuture() ? "future" : "log");
        }
        return held;
    }

    Object place(TopicPartition where) throws Exception {
        TopicPartitionReplica replica = replicaOf(where);
        ReplicaLogDirInfo found = Agent.get(admin.describeReplicaLogDirs(List.of(replica)).values().get(replica));
        Map<String, String> place = new HashMap<>();
        place.put("current", found.getCurrentReplicaLogDir());
        // Null when it stays.
        place.put("future", found.getFutureReplicaLogDir());
        return place;
    }

    Object move(TopicPartition where, String directory) throws Exception {
        return Agent.get(admin.alterReplicaLogDirs(Map.of(replicaOf(where), directory)).all());
    }

    private TopicPartitionReplica replicaOf(TopicPartition where) throws Exception {
        return new TopicPartitionReplica(where.topic(), where.partition(), onlyBroker());
    }

    private Map<Integer, Map<String, LogDirDescription>> described() throws Exception {
        return Agent.get(admin.describeLogDirs(brokers()).allDescriptions());
    }

    private int onlyBroker() throws Exception {
        return brokers().get(0);
    }

    private List<Integer> brokers() throws Exception {
        return Agent.get(admin.describeCluster().nodes()).stream().map(Node::id).toList();
    }
}
