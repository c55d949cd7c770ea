// Package protocol is what the Go agents share: requests and answers of one JSON line each (see clients/agent.ts).
package protocol

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"
)

// Request holds the arguments of every operation. Partitions is how many to create, or the list of those meant.
type Request struct {
	ID               int               `json:"id"`
	Op               string            `json:"op"`
	Topic            string            `json:"topic"`
	Partition        int32             `json:"partition"`
	Partitions       json.RawMessage   `json:"partitions"`
	Configs          map[string]string `json:"configs"`
	Codec            string            `json:"codec"`
	Acks             int               `json:"acks"`
	Idempotent       bool              `json:"idempotent"`
	Records          []Record          `json:"records"`
	Start            Place             `json:"start"`
	Question         Place             `json:"question"`
	Count            int               `json:"count"`
	TimeoutMs        int               `json:"timeoutMs"`
	CommittedOnly    bool              `json:"committedOnly"`
	Before           int64             `json:"before"`
	Member           string            `json:"member"`
	Group            string            `json:"group"`
	Assignor         string            `json:"assignor"`
	InstanceID       *string           `json:"instanceId"`
	SessionTimeoutMs int               `json:"sessionTimeoutMs"`
	AutoCommitMs     *int              `json:"autoCommitMs"`
	Offset           int64             `json:"offset"`
	Offsets          [][2]int64        `json:"offsets"`
	Set              map[string]string `json:"set"`
	Remove           []string          `json:"remove"`
	Directory        string            `json:"directory"`
}

// PartitionCount is Partitions as a number.
func (r Request) PartitionCount() (count int32, err error) {
	return count, json.Unmarshal(r.Partitions, &count)
}

// PartitionList is Partitions as a list.
func (r Request) PartitionList() (list []int32, err error) {
	return list, json.Unmarshal(r.Partitions, &list)
}

// Place is where to read from, or which offset is asked for.
type Place struct {
	At          string `json:"at"`
	Offset      int64  `json:"offset"`
	TimestampMs int64  `json:"timestampMs"`
}

// Record on the way in and out. A nil slice is a null key or value; encoding/json writes bytes as base64.
type Record struct {
	Key         []byte   `json:"key"`
	Value       []byte   `json:"value"`
	Headers     []Header `json:"headers"`
	TimestampMs int64    `json:"timestampMs"`
	Partition   int32    `json:"partition"`
	Offset      int64    `json:"offset"`
}

// Header is written as a pair of name and value.
type Header struct {
	Name  string
	Value []byte
}

func (h Header) MarshalJSON() ([]byte, error) { return json.Marshal([]any{h.Name, h.Value}) }

func (h *Header) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&h.Name, &h.Value})
}

// GroupDescription is the answer to describeGroup.
type GroupDescription struct {
	State      string  `json:"state"`
	Members    int     `json:"members"`
	Partitions []int32 `json:"partitions"`
}

// Journal is what a group member has seen, for the answers to `view`. Safe for use by several goroutines.
type Journal struct {
	mutex       sync.Mutex
	records     []any
	owned       map[int32]bool
	revoked     []int32
	assignments int
	failure     *string
}

// Read notes a record.
func (j *Journal) Read(partition int32, offset int64, value []byte) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.records = append(j.records, []any{partition, offset, value})
}

// Assigned notes partitions that the member owns from now on, besides what it has.
func (j *Journal) Assigned(partitions []int32) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if j.owned == nil {
		j.owned = map[int32]bool{}
	}
	j.assignments++
	for _, each := range partitions {
		j.owned[each] = true
	}
}

// Revoked notes partitions that the member no longer owns.
func (j *Journal) Revoked(partitions []int32) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.revoked = append(j.revoked, partitions...)
	for _, each := range partitions {
		delete(j.owned, each)
	}
}

// Failed notes the first error of the member.
func (j *Journal) Failed(err error) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if text := err.Error(); j.failure == nil {
		j.failure = &text
	}
}

// View returns what came since the last view and what the member owns.
func (j *Journal) View() any {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	owned := []int32{}
	for each := range j.owned {
		owned = append(owned, each)
	}
	slices.Sort(owned)
	records := j.records
	j.records = nil
	return map[string]any{
		"assigned": owned, "assignments": j.assignments, "revoked": append([]int32{}, j.revoked...),
		"records": append([]any{}, records...), "failure": j.failure,
	}
}

// Serve answers requests from the standard input until it ends.
func Serve(answer func(Request) (any, error)) {
	lines := bufio.NewReader(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var r Request
		if err := json.Unmarshal(line, &r); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		result, err := answer(r)
		if err != nil {
			answers.Encode(map[string]any{"id": r.ID, "error": err.Error()})
		} else {
			answers.Encode(map[string]any{"id": r.ID, "result": result})
		}
	}
}
