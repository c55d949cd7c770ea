package main

import (
	"context"
	"errors"
	"fmt"

	"ottla.test/interop/protocol"

	"github.com/twmb/franz-go/pkg/kadm"
)

// administerGroups answers for groups and their offsets.
func administerGroups(ctx context.Context, admin *kadm.Client, r protocol.Request) (any, error) {
	switch r.Op {
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
