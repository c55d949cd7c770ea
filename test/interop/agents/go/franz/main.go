// Agent for franz-go: one JSON request a line in, one JSON answer a line out (see clients/agent.ts).
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"ottla.test/interop/protocol"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const timeout = 30 * time.Second

type agent struct {
	broker  string
	members map[string]*member
}

func (a agent) client(options ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(a.broker), kgo.ClientID("franz-go")}, options...)...)
}

func (a agent) admin() (*kadm.Client, error) {
	client, err := a.client()
	if err != nil {
		return nil, err
	}
	return kadm.NewClient(client), nil
}

func (a agent) write(ctx context.Context, r protocol.Request) (any, error) {
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	acks := map[int]kgo.Acks{-1: kgo.AllISRAcks(), 0: kgo.NoAck(), 1: kgo.LeaderAck()}
	options := []kgo.Opt{
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(codecs[r.Codec]),
		kgo.RequiredAcks(acks[r.Acks]), kgo.AllowAutoTopicCreation(), kgo.ProducerBatchMaxBytes(1_040_000),
		kgo.ProducerLinger(50 * time.Millisecond),
	}
	if !r.Idempotent {
		options = append(options, kgo.DisableIdempotentWrite(), kgo.MaxProduceRequestsInflightPerBroker(1))
	}
	client, err := a.client(options...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	records := make([]*kgo.Record, len(r.Records))
	for i, each := range r.Records {
		made := &kgo.Record{Topic: r.Topic, Partition: r.Partition, Key: each.Key, Value: each.Value}
		made.Timestamp = time.UnixMilli(each.TimestampMs)
		for _, h := range each.Headers {
			made.Headers = append(made.Headers, kgo.RecordHeader{Key: h.Name, Value: h.Value})
		}
		records[i] = made
	}
	return nil, client.ProduceSync(ctx, records...).FirstErr()
}

func startOffset(p protocol.Place) kgo.Offset {
	switch p.At {
	case "earliest":
		return kgo.NewOffset().AtStart()
	case "latest":
		return kgo.NewOffset().AtEnd()
	case "timestamp":
		return kgo.NewOffset().AfterMilli(p.TimestampMs)
	default:
		return kgo.NewOffset().At(p.Offset)
	}
}

func (a agent) read(ctx context.Context, r protocol.Request) (any, error) {
	isolation := kgo.ReadUncommitted()
	if r.CommittedOnly {
		isolation = kgo.ReadCommitted()
	}
	partitions, err := r.PartitionList()
	if err != nil {
		return nil, err
	}
	start := map[string]map[int32]kgo.Offset{r.Topic: {}}
	for _, partition := range partitions {
		start[r.Topic][partition] = startOffset(r.Start)
	}
	client, err := a.client(kgo.ConsumePartitions(start), kgo.FetchIsolationLevel(isolation), kgo.FetchMaxWait(500*time.Millisecond))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(r.TimeoutMs)*time.Millisecond)
	defer cancel()
	records := []protocol.Record{}
	for len(records) < r.Count && ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		for _, failed := range fetches.Errors() {
			if !errors.Is(failed.Err, context.DeadlineExceeded) {
				return nil, failed.Err
			}
		}
		fetches.EachRecord(func(found *kgo.Record) {
			if len(records) < r.Count {
				records = append(records, viewOf(found))
			}
		})
	}
	return records, nil
}

func viewOf(found *kgo.Record) protocol.Record {
	headers := []protocol.Header{}
	for _, h := range found.Headers {
		headers = append(headers, protocol.Header{Name: h.Key, Value: h.Value})
	}
	return protocol.Record{
		Key: found.Key, Value: found.Value, Headers: headers, TimestampMs: found.Timestamp.UnixMilli(),
		Partition: found.Partition, Offset: found.Offset,
	}
}

func (a agent) offset(ctx context.Context, admin *kadm.Client, r protocol.Request) (any, error) {
	var listed kadm.ListedOffsets
	var err error
	switch r.Question.At {
	case "earliest":
		listed, err = admin.ListStartOffsets(ctx, r.Topic)
	case "latest":
		listed, err = admin.ListEndOffsets(ctx, r.Topic)
	case "maximum timestamp":
		listed, err = admin.ListMaxTimestampOffsets(ctx, r.Topic)
	default:
		listed, err = admin.ListOffsetsAfterMilli(ctx, r.Question.TimestampMs, r.Topic)
	}
	if err != nil {
		return nil, err
	}
	found, ok := listed.Lookup(r.Topic, r.Partition)
	if !ok || found.Err != nil {
		return nil, fmt.Errorf("no offset: %w", found.Err)
	}
	// kadm answers a search after the last record with the end offset and no timestamp.
	if found.Offset < 0 || (r.Question.At == "timestamp" && found.Timestamp < 0) {
		return nil, nil
	}
	return found.Offset, nil
}

func (a agent) administer(ctx context.Context, r protocol.Request) (any, error) {
	admin, err := a.admin()
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	switch r.Op {
	case "createTopic":
		configs := map[string]*string{}
		for name, value := range r.Configs {
			configs[name] = &value
		}
		partitions, err := r.PartitionCount()
		if err != nil {
			return nil, err
		}
		made, err := admin.CreateTopic(ctx, partitions, 1, configs, r.Topic)
		return nil, errors.Join(err, made.Err)
	case "listTopics":
		topics, err := admin.ListTopics(ctx)
		return topics.Names(), err
	case "describeTopic":
		topics, err := admin.ListTopics(ctx, r.Topic)
		if err != nil {
			return nil, err
		}
		return len(topics[r.Topic].Partitions), topics.Error()
	case "deleteTopic":
		deleted, err := admin.DeleteTopic(ctx, r.Topic)
		return nil, errors.Join(err, deleted.Err)
	case "growTopic":
		grown, err := admin.UpdatePartitions(ctx, r.Count, r.Topic)
		return nil, errors.Join(err, grown.Error())
	case "topicConfigs":
		return topicConfigs(ctx, admin, r)
	case "alterTopicConfigs":
		return nil, alterTopicConfigs(ctx, admin, r)
	case "topicBytes":
		return topicBytes(ctx, admin, r)
	case "directories":
		return directories(ctx, admin, r)
	case "move":
		return nil, move(ctx, admin, r)
	case "offset":
		return a.offset(ctx, admin, r)
	case "deleteRecords":
		before := kadm.Offsets{}
		before.Add(kadm.Offset{Topic: r.Topic, Partition: r.Partition, At: r.Before})
		deleted, err := admin.DeleteRecords(ctx, before)
		if err != nil {
			return nil, err
		}
		found, _ := deleted.Lookup(r.Topic, r.Partition)
		return found.LowWatermark, found.Err
	default:
		return administerGroups(ctx, admin, r)
	}
}

func (a agent) answer(r protocol.Request) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout+time.Duration(r.TimeoutMs)*time.Millisecond)
	defer cancel()
	switch r.Op {
	case "write":
		return a.write(ctx, r)
	case "read":
		return a.read(ctx, r)
	case "join", "view", "commit", "seek", "pause", "resume", "leave":
		return a.member(ctx, r)
	default:
		return a.administer(ctx, r)
	}
}

func main() {
	protocol.Serve(agent{broker: os.Args[1], members: map[string]*member{}}.answer)
}
