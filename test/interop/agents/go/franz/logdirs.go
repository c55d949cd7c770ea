package main

import (
	"context"
	"errors"

	"ottla.test/interop/protocol"

	"github.com/twmb/franz-go/pkg/kadm"
)

func topicBytes(ctx context.Context, admin *kadm.Client, r protocol.Request) (any, error) {
	topics, err := admin.ListTopics(ctx, r.Topic)
	if err != nil {
		return nil, err
	}
	brokers, err := admin.DescribeAllLogDirs(ctx, topics.TopicsSet())
	if err != nil {
		return nil, err
	}
	var size int64
	for _, directories := range brokers {
		if err := directories.Error(); err != nil {
			return nil, err
		}
		size += directories.Size()
	}
	return size, nil
}

// What each directory holds of a partition.
func directories(ctx context.Context, admin *kadm.Client, r protocol.Request) (any, error) {
	brokers, err := admin.DescribeAllLogDirs(ctx, setOf(r))
	if err != nil {
		return nil, err
	}
	held := map[string]string{}
	for _, found := range brokers {
		if err := found.Error(); err != nil {
			return nil, err
		}
		found.Each(func(directory kadm.DescribedLogDir) {
			held[directory.Dir] = "nothing"
			if replica, ok := directory.Topics.Lookup(r.Topic, r.Partition); ok && replica.IsFuture {
				held[directory.Dir] = "future"
			} else if ok {
				held[directory.Dir] = "log"
			}
		})
	}
	return held, nil
}

func move(ctx context.Context, admin *kadm.Client, r protocol.Request) error {
	wanted := kadm.AlterReplicaLogDirsReq{}
	wanted.Add(r.Directory, setOf(r))
	brokers, err := admin.AlterAllReplicaLogDirs(ctx, wanted)
	brokers.Each(func(each kadm.AlterReplicaLogDirsResponse) { err = errors.Join(err, each.Err) })
	return err
}

func setOf(r protocol.Request) kadm.TopicsSet {
	set := kadm.TopicsSet{}
	set.Add(r.Topic, r.Partition)
	return set
}
