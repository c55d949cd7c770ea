// Agent for sarama: one JSON request a line in, one JSON answer a line out (see clients/agent.ts).
package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"ottla.test/interop/protocol"

	"github.com/IBM/sarama"
)

type agent struct {
	brokers []string
	members map[string]*member
}

// newConfig is what every use of the library shares. A version must be named; the library's newest is the default here.
func newConfig() *sarama.Config {
	config := sarama.NewConfig()
	config.ClientID = "sarama"
	config.Version = sarama.MaxVersion
	config.Consumer.Return.Errors = true
	return config
}

func (a agent) write(r protocol.Request) error {
	codecs := map[string]sarama.CompressionCodec{
		"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
		"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
	}
	config := newConfig()
	config.Producer.Compression = codecs[r.Codec]
	config.Producer.RequiredAcks = sarama.RequiredAcks(r.Acks)
	config.Producer.Idempotent = r.Idempotent
	config.Producer.MaxMessageBytes = 1_040_000
	config.Producer.Flush.Frequency = 50 * time.Millisecond
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.Return.Successes = true
	config.Net.MaxOpenRequests = 1
	producer, err := sarama.NewSyncProducer(a.brokers, config)
	if err != nil {
		return err
	}
	messages := make([]*sarama.ProducerMessage, len(r.Records))
	for i, each := range r.Records {
		messages[i] = messageOf(r, each)
	}
	return errors.Join(producer.SendMessages(messages), producer.Close())
}

func messageOf(r protocol.Request, record protocol.Record) *sarama.ProducerMessage {
	message := &sarama.ProducerMessage{Topic: r.Topic, Partition: r.Partition, Timestamp: time.UnixMilli(record.TimestampMs)}
	// A nil Encoder is null; a nil slice inside an Encoder would be empty.
	if record.Key != nil {
		message.Key = sarama.ByteEncoder(record.Key)
	}
	if record.Value != nil {
		message.Value = sarama.ByteEncoder(record.Value)
	}
	for _, h := range record.Headers {
		message.Headers = append(message.Headers, sarama.RecordHeader{Key: []byte(h.Name), Value: h.Value})
	}
	return message
}

func (a agent) read(r protocol.Request) (any, error) {
	partitions, err := r.PartitionList()
	if err != nil {
		return nil, err
	}
	config := newConfig()
	if r.CommittedOnly {
		config.Consumer.IsolationLevel = sarama.ReadCommitted
	}
	config.Consumer.MaxWaitTime = 500 * time.Millisecond
	client, err := sarama.NewClient(a.brokers, config)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	messages := make(chan *sarama.ConsumerMessage)
	failures := make(chan error)
	for _, partition := range partitions {
		start, err := startOffset(client, r, partition)
		if err != nil {
			return nil, err
		}
		claim, err := consumer.ConsumePartition(r.Topic, partition, start)
		if err != nil {
			return nil, err
		}
		stop := make(chan struct{})
		defer close(stop)
		go forward(claim, messages, failures, stop)
	}
	return collect(messages, failures, r)
}

// forward passes on what a partition brings until the read is over.
func forward(claim sarama.PartitionConsumer, messages chan<- *sarama.ConsumerMessage, failures chan<- error, stop <-chan struct{}) {
	defer claim.AsyncClose()
	for {
		select {
		case found := <-claim.Messages():
			select {
			case messages <- found:
			case <-stop:
				return
			}
		case failed := <-claim.Errors():
			select {
			case failures <- failed:
			case <-stop:
				return
			}
		case <-stop:
			return
		}
	}
}

func collect(messages <-chan *sarama.ConsumerMessage, failures <-chan error, r protocol.Request) (any, error) {
	records := []protocol.Record{}
	timeout := time.After(time.Duration(r.TimeoutMs) * time.Millisecond)
	for len(records) < r.Count {
		select {
		case found := <-messages:
			records = append(records, viewOf(found))
		case failed := <-failures:
			return nil, failed
		case <-timeout:
			return records, nil
		}
	}
	return records, nil
}

func startOffset(client sarama.Client, r protocol.Request, partition int32) (int64, error) {
	switch r.Start.At {
	case "earliest":
		return sarama.OffsetOldest, nil
	case "latest":
		return sarama.OffsetNewest, nil
	case "timestamp":
		return client.GetOffset(r.Topic, partition, r.Start.TimestampMs)
	default:
		return r.Start.Offset, nil
	}
}

func viewOf(found *sarama.ConsumerMessage) protocol.Record {
	headers := []protocol.Header{}
	for _, h := range found.Headers {
		headers = append(headers, protocol.Header{Name: string(h.Key), Value: h.Value})
	}
	return protocol.Record{
		Key: found.Key, Value: found.Value, Headers: headers, TimestampMs: found.Timestamp.UnixMilli(),
		Partition: found.Partition, Offset: found.Offset,
	}
}

func (a agent) answer(r protocol.Request) (any, error) {
	switch r.Op {
	case "write":
		return nil, a.write(r)
	case "read":
		return a.read(r)
	case "join", "view", "commit", "seek", "pause", "resume", "leave":
		return a.member(r)
	}
	admin, err := sarama.NewClusterAdmin(a.brokers, newConfig())
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	return administer(admin, r)
}

func main() {
	a := agent{brokers: []string{os.Args[1]}, members: map[string]*member{}}
	protocol.Serve(a.answer)
}

func unknown(r protocol.Request) error { return fmt.Errorf("unknown operation %q", r.Op) }
