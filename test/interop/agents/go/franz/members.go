package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ottla.test/interop/protocol"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A member polls in a goroutine of its own until it leaves.
type member struct {
	client  *kgo.Client
	topic   string
	journal *protocol.Journal
	cancel  context.CancelFunc
	done    chan struct{}
}

func (a agent) member(ctx context.Context, r protocol.Request) (any, error) {
	if r.Op == "join" {
		joined, err := a.join(r)
		a.members[r.Member] = joined
		return nil, err
	}
	m := a.members[r.Member]
	switch r.Op {
	case "view":
		return m.journal.View(), nil
	case "commit":
		return nil, m.commit(ctx, r.Offsets)
	case "seek":
		m.client.SetOffsets(map[string]map[int32]kgo.EpochOffset{m.topic: {r.Partition: {Epoch: -1, Offset: r.Offset}}})
		return nil, nil
	case "leave":
		m.cancel()
		<-m.done
		m.client.Close()
		delete(a.members, r.Member)
		return m.journal.View(), nil
	}
	partitions, err := r.PartitionList()
	if err != nil {
		return nil, err
	}
	if r.Op == "pause" {
		m.client.PauseFetchPartitions(map[string][]int32{m.topic: partitions})
	} else {
		m.client.ResumeFetchPartitions(map[string][]int32{m.topic: partitions})
	}
	return nil, nil
}

func (a agent) join(r protocol.Request) (*member, error) {
	balancers := map[string]kgo.GroupBalancer{
		"range": kgo.RangeBalancer(), "roundrobin": kgo.RoundRobinBalancer(), "cooperative": kgo.CooperativeStickyBalancer(),
	}
	journal := &protocol.Journal{}
	revoked := func(_ context.Context, _ *kgo.Client, which map[string][]int32) { journal.Revoked(which[r.Topic]) }
	options := []kgo.Opt{
		kgo.ConsumerGroup(r.Group), kgo.ConsumeTopics(r.Topic), kgo.Balancers(balancers[r.Assignor]),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.SessionTimeout(time.Duration(r.SessionTimeoutMs) * time.Millisecond), kgo.HeartbeatInterval(200 * time.Millisecond),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, which map[string][]int32) { journal.Assigned(which[r.Topic]) }),
		kgo.OnPartitionsRevoked(func(ctx context.Context, client *kgo.Client, which map[string][]int32) {
			if r.AutoCommitMs != nil {
				client.CommitUncommittedOffsets(ctx)
			}
			revoked(ctx, client, which)
		}),
		kgo.OnPartitionsLost(revoked),
	}
	if r.InstanceID != nil {
		options = append(options, kgo.InstanceID(*r.InstanceID))
	}
	if r.AutoCommitMs == nil {
		options = append(options, kgo.DisableAutoCommit())
	} else {
		options = append(options, kgo.AutoCommitInterval(time.Duration(*r.AutoCommitMs)*time.Millisecond))
	}
	client, err := a.client(options...)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &member{client, r.Topic, journal, cancel, make(chan struct{})}
	go m.poll(ctx)
	return m, nil
}

func (m *member) poll(ctx context.Context) {
	defer close(m.done)
	for ctx.Err() == nil {
		fetches := m.client.PollFetches(ctx)
		for _, failed := range fetches.Errors() {
			if !errors.Is(failed.Err, context.Canceled) {
				m.journal.Failed(failed.Err)
			}
		}
		fetches.EachRecord(func(found *kgo.Record) { m.journal.Read(found.Partition, found.Offset, found.Value) })
	}
}

func (m *member) commit(ctx context.Context, offsets [][2]int64) error {
	wanted := map[int32]kgo.EpochOffset{}
	for _, each := range offsets {
		wanted[int32(each[0])] = kgo.EpochOffset{Epoch: -1, Offset: each[1]}
	}
	var failure error
	m.client.CommitOffsetsSync(ctx, map[string]map[int32]kgo.EpochOffset{m.topic: wanted},
		func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, reply *kmsg.OffsetCommitResponse, err error) {
			failure = err
			if err != nil {
				return
			}
			for _, topic := range reply.Topics {
				for _, each := range topic.Partitions {
					if each.ErrorCode != 0 {
						failure = fmt.Errorf("commit of partition %d: error code %d", each.Partition, each.ErrorCode)
					}
				}
			}
		})
	return failure
}

func sortedPartitions(set map[int32]struct{}) []int32 {
	list := []int32{}
	for each := range set {
		list = append(list, each)
	}
	slices.Sort(list)
	return list
}
