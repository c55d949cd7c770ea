package main

import (
	"context"
	"errors"
	"fmt"

	"ottla.test/interop/protocol"

	"github.com/twmb/franz-go/pkg/kadm"
)

// administerGroups answers for groups, their offsets, and the configuration and growth of topics.
func administerGroups(ctx context.Context, admin *kadm.Client, r protocol.Request) (any, error) {
	switch r.Op {
	case "growTopic":
		count, err := r.PartitionCount()
		if err != nil {
			return nil, err
		}
		grown, err := admin.UpdatePartitions(ctx, int(count), r.Topic)
		return nil, errors.Join(err, grown.Error())
	case "alterTopic":
		return nil, alterTopic(ctx, admin, r)
	case "describeConfigs":
		found, err := admin.DescribeTopicConfigs(ctx, r.Topic)
		if err != nil {
			return nil, err
		}
		values := map[string]*string{}
		for _, each := range found[0].Configs {
			values[each.Key] = each.Value
		}
		return values, found[0].Err
	case "listGroups":
		found, err := admin.ListGroups(ctx)
		return found.Groups(), err
	case "describeGroup":
		found, err := admin.DescribeGroups(ctx, r.Group)
		if err != nil {
			return nil, err
		}
		group := found[r.Group]
		owned := sortedPartitions(group.AssignedPartitions()[r.Topic])
		return protocol.GroupDescription{State: group.State, Members: len(group.Members), Partitions: owned}, group.Err
	case "deleteGroup":
		deleted, err := admin.DeleteGroup(ctx, r.Group)
		return nil, errors.Join(err, deleted.Err)
	case "committed", "resetOffsets", "deleteOffsets":
		return administerOffsets(ctx, admin, r)
	default:
		return nil, fmt.Errorf("unknown operation %q", r.Op)
	}
}

func alterTopic(ctx context.Context, admin *kadm.Client, r protocol.Request) error {
	changes := []kadm.AlterConfig{}
	for name, value := range r.Configs {
		changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: name, Value: &value})
	}
	altered, err := admin.AlterTopicConfigs(ctx, changes, r.Topic)
	for _, each := range altered {
		err = errors.Join(err, each.Err)
	}
	return err
}

func administerOffsets(ctx context.Context, admin *kadm.Client, r protocol.Request) (any, error) {
	switch r.Op {
	case "committed":
		found, err := admin.FetchOffsetsForTopics(ctx, r.Group, r.Topic)
		pairs := [][2]int64{}
		found.Each(func(each kadm.OffsetResponse) {
			if each.At >= 0 {
				pairs = append(pairs, [2]int64{int64(each.Partition), each.At})
			}
		})
		return pairs, errors.Join(err, found.Error())
	case "resetOffsets":
		wanted := kadm.Offsets{}
		for _, each := range r.Offsets {
			wanted.AddOffset(r.Topic, int32(each[0]), each[1], -1)
		}
		return nil, admin.CommitAllOffsets(ctx, r.Group, wanted)
	default:
		partitions, err := r.PartitionList()
		if err != nil {
			return nil, err
		}
		set := kadm.TopicsSet{}
		set.Add(r.Topic, partitions...)
		deleted, err := admin.DeleteOffsets(ctx, r.Group, set)
		return nil, errors.Join(err, deleted.Error())
	}
}
