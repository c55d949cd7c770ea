// Agent for franz-go: one JSON request a line in, one JSON answer a line out (see clients/agent.ts).
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const timeout = 30 * time.Second

// Partitions is how many to create, or the list of those to read.
type request struct {
	ID            int               `json:"id"`
	Op            string            `json:"op"`
	Topic         string            `json:"topic"`
	Partition     int32             `json:"partition"`
	Partitions    json.RawMessage   `json:"partitions"`
	Configs       map[string]string `json:"configs"`
	Codec         string            `json:"codec"`
	Acks          int               `json:"acks"`
	Idempotent    bool              `json:"idempotent"`
	Records       []record          `json:"records"`
	Start         place             `json:"start"`
	Question      place             `json:"question"`
	Count         int               `json:"count"`
	TimeoutMs     int               `json:"timeoutMs"`
	CommittedOnly bool              `json:"committedOnly"`
	Before        int64             `json:"before"`
	Set           map[string]string `json:"set"`
	Remove        []string          `json:"remove"`
}

type place struct {
	At          string `json:"at"`
	Offset      int64  `json:"offset"`
	TimestampMs int64  `json:"timestampMs"`
}

// A nil slice is a null key or value; encoding/json writes bytes as base64 and nil as null.
type record struct {
	Key         []byte   `json:"key"`
	Value       []byte   `json:"value"`
	Headers     []header `json:"headers"`
	TimestampMs int64    `json:"timestampMs"`
	Partition   int32    `json:"partition"`
	Offset      int64    `json:"offset"`
}

type header struct {
	name  string
	value []byte
}

func (h header) MarshalJSON() ([]byte, error) { return json.Marshal([]any{h.name, h.value}) }

func (h *header) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&h.name, &h.value})
}

type agent struct{ broker string }

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

func (a agent) write(ctx context.Context, r request) (any, error) {
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
			made.Headers = append(made.Headers, kgo.RecordHeader{Key: h.name, Value: h.value})
		}
		records[i] = made
	}
	return nil, client.ProduceSync(ctx, records...).FirstErr()
}

func startOffset(p place) kgo.Offset {
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

func (a agent) read(ctx context.Context, r request) (any, error) {
	isolation := kgo.ReadUncommitted()
	if r.CommittedOnly {
		isolation = kgo.ReadCommitted()
	}
	var partitions []int32
	if err := json.Unmarshal(r.Partitions, &partitions); err != nil {
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
	records := []record{}
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

func viewOf(found *kgo.Record) record {
	headers := []header{}
	for _, h := range found.Headers {
		headers = append(headers, header{h.Key, h.Value})
	}
	return record{found.Key, found.Value, headers, found.Timestamp.UnixMilli(), found.Partition, found.Offset}
}

func (a agent) offset(ctx context.Context, admin *kadm.Client, r request) (any, error) {
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

func topicConfigs(ctx context.Context, admin *kadm.Client, r request) (any, error) {
	resources, err := admin.DescribeTopicConfigs(ctx, r.Topic)
	if err != nil {
		return nil, err
	}
	found, err := resources.On(r.Topic, nil)
	configs := map[string]string{}
	for _, each := range found.Configs {
		configs[each.Key] = each.MaybeValue()
	}
	return configs, errors.Join(err, found.Err)
}

func alterTopicConfigs(ctx context.Context, admin *kadm.Client, r request) error {
	changes := []kadm.AlterConfig{}
	for name, value := range r.Set {
		changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: name, Value: &value})
	}
	for _, name := range r.Remove {
		changes = append(changes, kadm.AlterConfig{Op: kadm.DeleteConfig, Name: name})
	}
	altered, err := admin.AlterTopicConfigs(ctx, changes, r.Topic)
	if err != nil {
		return err
	}
	found, err := altered.On(r.Topic, nil)
	if found.Err != nil {
		return fmt.Errorf("%w: %s", found.Err, found.ErrMessage)
	}
	return err
}

func topicBytes(ctx context.Context, admin *kadm.Client, r request) (any, error) {
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

func (a agent) administer(ctx context.Context, r request) (any, error) {
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
		var partitions int32
		if err := json.Unmarshal(r.Partitions, &partitions); err != nil {
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
		return nil, fmt.Errorf("unknown operation %q", r.Op)
	}
}

func (a agent) answer(r request) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout+time.Duration(r.TimeoutMs)*time.Millisecond)
	defer cancel()
	switch r.Op {
	case "write":
		return a.write(ctx, r)
	case "read":
		return a.read(ctx, r)
	default:
		return a.administer(ctx, r)
	}
}

func main() {
	a := agent{broker: os.Args[1]}
	lines := bufio.NewReader(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var r request
		if err := json.Unmarshal(line, &r); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		result, err := a.answer(r)
		if err != nil {
			answers.Encode(map[string]any{"id": r.ID, "error": err.Error()})
		} else {
			answers.Encode(map[string]any{"id": r.ID, "result": result})
		}
	}
}
