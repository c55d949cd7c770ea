package main

import (
	"context"
	"sync"
	"time"

	"ottla.test/interop/protocol"

	"github.com/IBM/sarama"
)

// A member runs one session of the group after another in a goroutine of its own until it leaves.
type member struct {
	group   sarama.ConsumerGroup
	topic   string
	journal *protocol.Journal
	done    chan struct{}
	mutex   sync.Mutex
	session sarama.ConsumerGroupSession
	// Ends the session, after which the member joins again.
	endSession context.CancelFunc
	leaving    bool
	// Where the next session begins to read, by partition.
	seeks map[int32]int64
	// Whether records are marked to be committed as they are read.
	marks bool
}

func (a agent) member(r protocol.Request) (any, error) {
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
		m.commit(r.Offsets)
		return nil, nil
	case "seek":
		m.seek(r.Partition, r.Offset)
		return nil, nil
	case "leave":
		delete(a.members, r.Member)
		err := m.leave()
		return m.journal.View(), err
	}
	partitions, err := r.PartitionList()
	if err != nil {
		return nil, err
	}
	if r.Op == "pause" {
		m.group.Pause(map[string][]int32{m.topic: partitions})
	} else {
		m.group.Resume(map[string][]int32{m.topic: partitions})
	}
	return nil, nil
}

func (a agent) join(r protocol.Request) (*member, error) {
	config := newConfig()
	strategy := sarama.NewBalanceStrategyRoundRobin()
	if r.Assignor == "range" {
		strategy = sarama.NewBalanceStrategyRange()
	}
	config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{strategy}
	config.Consumer.Group.Session.Timeout = time.Duration(r.SessionTimeoutMs) * time.Millisecond
	config.Consumer.Group.Heartbeat.Interval = 200 * time.Millisecond
	config.Consumer.MaxWaitTime = 100 * time.Millisecond
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = r.AutoCommitMs != nil
	if r.AutoCommitMs != nil {
		config.Consumer.Offsets.AutoCommit.Interval = time.Duration(*r.AutoCommitMs) * time.Millisecond
	}
	if r.InstanceID != nil {
		config.Consumer.Group.InstanceId = *r.InstanceID
	}
	group, err := sarama.NewConsumerGroup(a.brokers, r.Group, config)
	if err != nil {
		return nil, err
	}
	m := &member{
		group: group, topic: r.Topic, journal: &protocol.Journal{}, done: make(chan struct{}),
		seeks: map[int32]int64{}, marks: r.AutoCommitMs != nil,
	}
	go m.run()
	go func() {
		for failed := range group.Errors() {
			m.journal.Failed(failed)
		}
	}()
	return m, nil
}

func (m *member) run() {
	defer close(m.done)
	for {
		ctx, cancel := context.WithCancel(context.Background())
		m.mutex.Lock()
		m.endSession = cancel
		leaving := m.leaving
		m.mutex.Unlock()
		if leaving {
			cancel()
			return
		}
		if err := m.group.Consume(ctx, []string{m.topic}, m); err != nil {
			m.journal.Failed(err)
			// A refused join is tried again, not in a tight loop.
			time.Sleep(100 * time.Millisecond)
		}
		cancel()
	}
}

// Setup, Cleanup and ConsumeClaim are called by the library.
func (m *member) Setup(session sarama.ConsumerGroupSession) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.session = session
	for partition, offset := range m.seeks {
		moveTo(session, m.topic, partition, offset)
	}
	clear(m.seeks)
	m.journal.Assigned(session.Claims()[m.topic])
	return nil
}

func (m *member) Cleanup(session sarama.ConsumerGroupSession) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.session = nil
	m.journal.Revoked(session.Claims()[m.topic])
	return nil
}

func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case found, open := <-claim.Messages():
			if !open {
				return nil
			}
			m.journal.Read(found.Partition, found.Offset, found.Value)
			if m.marks {
				session.MarkMessage(found, "")
			}
		case <-session.Context().Done():
			return nil
		}
	}
}

// moveTo sets the position of a partition: one call of the library only moves back, the other only forward.
func moveTo(session sarama.ConsumerGroupSession, topic string, partition int32, offset int64) {
	session.ResetOffset(topic, partition, offset, "")
	session.MarkOffset(topic, partition, offset, "")
}

func (m *member) commit(offsets [][2]int64) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, each := range offsets {
		moveTo(m.session, m.topic, int32(each[0]), each[1])
	}
	m.session.Commit()
}

func (m *member) seek(partition int32, offset int64) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.seeks[partition] = offset
	m.endSession()
}

func (m *member) leave() error {
	m.mutex.Lock()
	m.leaving = true
	m.endSession()
	m.mutex.Unlock()
	<-m.done
	return m.group.Close()
}
