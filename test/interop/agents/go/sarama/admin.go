package main

import (
	"errors"
	"slices"

	"ottla.test/interop/protocol"

	"github.com/IBM/sarama"
)

func administer(admin sarama.ClusterAdmin, r protocol.Request) (any, error) {
	switch r.Op {
	case "createTopic":
		return nil, createTopic(admin, r)
	case "growTopic":
		return nil, admin.CreatePartitions(r.Topic, int32(r.Count), nil, false)
	case "listTopics":
		topics, err := admin.ListTopics()
		names := []string{}
		for name := range topics {
			names = append(names, name)
		}
		return names, err
	case "describeTopic":
		found, err := admin.DescribeTopics([]string{r.Topic})
		if err != nil {
			return nil, err
		}
		if found[0].Err != sarama.ErrNoError {
			return nil, found[0].Err
		}
		return len(found[0].Partitions), nil
	case "deleteTopic":
		return nil, admin.DeleteTopic(r.Topic)
	case "offset":
		return offsetOf(admin, r)
	case "deleteRecords":
		if err := admin.DeleteRecords(r.Topic, map[int32]int64{r.Partition: r.Before}); err != nil {
			return nil, err
		}
		// The library keeps the low watermark of the answer to itself.
		r.Question.At = "earliest"
		return offsetOf(admin, r)
	case "alterTopicConfigs":
		changes := map[string]sarama.IncrementalAlterConfigsEntry{}
		for name, value := range r.Set {
			changes[name] = sarama.IncrementalAlterConfigsEntry{Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &value}
		}
		for _, name := range r.Remove {
			changes[name] = sarama.IncrementalAlterConfigsEntry{Operation: sarama.IncrementalAlterConfigsOperationDelete}
		}
		return nil, admin.IncrementalAlterConfig(sarama.TopicResource, r.Topic, changes, false)
	case "topicConfigs":
		entries, err := admin.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: r.Topic})
		values := map[string]string{}
		for _, each := range entries {
			values[each.Name] = each.Value
		}
		return values, err
	case "topicBytes":
		return topicBytes(admin, r)
	default:
		return administerGroups(admin, r)
	}
}

func createTopic(admin sarama.ClusterAdmin, r protocol.Request) error {
	count, err := r.PartitionCount()
	if err != nil {
		return err
	}
	configs := map[string]*string{}
	for name, value := range r.Configs {
		configs[name] = &value
	}
	return admin.CreateTopic(r.Topic, &sarama.TopicDetail{NumPartitions: count, ReplicationFactor: 1, ConfigEntries: configs}, false)
}

func topicBytes(admin sarama.ClusterAdmin, r protocol.Request) (any, error) {
	brokers, _, err := admin.DescribeCluster()
	if err != nil {
		return nil, err
	}
	ids := []int32{}
	for _, each := range brokers {
		ids = append(ids, each.ID())
	}
	found, err := admin.DescribeLogDirs(ids)
	var size int64
	for _, directories := range found {
		for _, directory := range directories {
			for _, topic := range directory.Topics {
				if topic.Topic != r.Topic {
					continue
				}
				for _, each := range topic.Partitions {
					size += each.Size
				}
			}
		}
	}
	return size, err
}

func offsetOf(admin sarama.ClusterAdmin, r protocol.Request) (any, error) {
	special := map[string]int64{"earliest": -2, "latest": -1, "maximum timestamp": -3}
	time, ok := special[r.Question.At]
	if !ok {
		time = r.Question.TimestampMs
	}
	found, err := admin.ListOffsets(map[string]map[int32]int64{r.Topic: {r.Partition: time}}, nil)
	if err != nil {
		return nil, err
	}
	result := found[r.Topic][r.Partition]
	if result.Err != sarama.ErrNoError {
		return nil, result.Err
	}
	if result.Offset < 0 {
		return nil, nil
	}
	return result.Offset, nil
}

func administerGroups(admin sarama.ClusterAdmin, r protocol.Request) (any, error) {
	switch r.Op {
	case "listGroups":
		groups, err := admin.ListConsumerGroups()
		names := []string{}
		for name := range groups {
			names = append(names, name)
		}
		return names, err
	case "describeGroup":
		return describeGroup(admin, r)
	case "deleteGroup":
		return nil, admin.DeleteConsumerGroup(r.Group)
	case "resetOffsets":
		wanted := map[int32]sarama.OffsetAndMetadata{}
		for _, each := range r.Offsets {
			wanted[int32(each[0])] = sarama.OffsetAndMetadata{Offset: each[1], LeaderEpoch: -1}
		}
		_, err := admin.AlterConsumerGroupOffsets(r.Group, map[string]map[int32]sarama.OffsetAndMetadata{r.Topic: wanted}, nil)
		return nil, err
	}
	partitions, err := r.PartitionList()
	if err != nil {
		return nil, err
	}
	switch r.Op {
	case "committed":
		found, err := admin.ListConsumerGroupOffsets(r.Group, map[string][]int32{r.Topic: partitions})
		pairs := [][2]int64{}
		if err == nil {
			for partition, block := range found.Blocks[r.Topic] {
				if block.Offset >= 0 {
					pairs = append(pairs, [2]int64{int64(partition), block.Offset})
				}
			}
		}
		return pairs, err
	case "deleteOffsets":
		for _, each := range partitions {
			err = errors.Join(err, admin.DeleteConsumerGroupOffset(r.Group, r.Topic, each))
		}
		return nil, err
	default:
		return nil, unknown(r)
	}
}

func describeGroup(admin sarama.ClusterAdmin, r protocol.Request) (any, error) {
	found, err := admin.DescribeConsumerGroups([]string{r.Group})
	if err != nil {
		return nil, err
	}
	owned := []int32{}
	for _, each := range found[0].Members {
		assignment, err := each.GetMemberAssignment()
		if err != nil {
			return nil, err
		}
		// Nil while the group has no assignment.
		if assignment != nil {
			owned = append(owned, assignment.Topics[r.Topic]...)
		}
	}
	slices.Sort(owned)
	return protocol.GroupDescription{State: found[0].State, Members: len(found[0].Members), Partitions: owned}, nil
}
