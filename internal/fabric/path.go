// Package fabric measures the fast path between all nodes of a cluster: one pod per
// node, each an agent that generates and reflects, and one coordinator that hands out
// the rounds of a schedule. It knows the fast path only by an interface.
package fabric

import (
	"context"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// Lane is a rail of the sender and one of the receiver.
type Lane struct {
	From int `json:"from"` // rail of the sender
	To   int `json:"to"`   // rail of the receiver
}

// End is one end of a Task: a pod and its rail.
type End struct {
	Index int               `json:"index"` // of the pod
	Node  string            `json:"node"`  // name of the node
	Rail  int               `json:"rail"`  // index into the pod's rails
	Port  result.FabricRail `json:"port"`  // the rail as the pod registered it, with MAC and IP addresses
}

// Task is one direction between two pods over one rail of each, in one attempt. Both
// ends get the same one.
type Task struct {
	Run   string `json:"run"`   // identity of the whole run
	ID    uint64 `json:"id"`    // of this attempt; no other one of the run has it
	Round int    `json:"round"` // from 1
	From  End    `json:"from"`  // generates
	To    End    `json:"to"`    // reflects, or counts alone if OneWay
	// Signature is in the packets' stamps (bench.Flow.Frames). It follows from Run and ID.
	// Packets with another signature do not belong to this task.
	Signature uint32 `json:"signature"`
	// OneWay says that the receiver counts the packets and sends none back. Then both
	// ends generate and count at once: a second task goes the other way at the same time,
	// over the same rails, with a signature of its own.
	OneWay bool `json:"oneWay,omitempty"`
	Load
}

// Load is what a task sends. It is the same for all tasks of a run.
type Load struct {
	Mix  result.Mix `json:"mix"`
	Rate string     `json:"rate"`          // as bench.ParseRate reads it; with NDR the highest that is tried
	NDR  bool       `json:"ndr,omitempty"` // search by bench's quick preset, in place of one trial
	// Trial is how long a measurement sends: of a search all its trials together at most.
	Trial  time.Duration `json:"trial"`
	Warmup time.Duration `json:"warmup"`
}

// Generated is what the sender of a task counted.
type Generated struct {
	Started  time.Time      `json:"started"` // of the measurement
	Seconds  float64        `json:"seconds"` // that packets were sent for
	Offered  uint64         `json:"offered"`
	Sent     uint64         `json:"sent"`
	Returned *uint64        `json:"returned,omitempty"` // this task's packets that came back; nil: OneWay
	RTT      *result.RTT    `json:"rtt,omitempty"`
	NDR      *result.Goal   `json:"ndr,omitempty"`
	Valid    bool           `json:"valid"` // the counts are the path's, not the generator's
	Reason   string         `json:"reason,omitempty"`
	Limits   []result.Limit `json:"limits,omitempty"`
}

// Reflected is what the receiver of a task counted.
type Reflected struct {
	// Arrived counts this task's packets. Nil: it cannot be said exactly, for instance
	// after a search of several trials.
	Arrived *uint64 `json:"arrived,omitempty"`
	// Limits are why packets may have been lost in the receiver, and not on the path.
	Limits []result.Limit `json:"limits,omitempty"`
}

// Path is a pod's fast path. An agent runs one task at a time, or of OneWay tasks the two
// directions of a pair at once.
type Path interface {
	// Rails are the pod's fast interfaces, in order. They do not change.
	Rails() []result.FabricRail

	// Generate measures towards t.To, and returns what it counted. It is called once
	// the other end is ready. When ctx ends it returns soon, with ctx's error.
	Generate(ctx context.Context, t Task) (Generated, error)

	// Reflect sends back this task's packets, or counts them if t.OneWay. It calls ready
	// once packets may come, goes on until stop is closed (the sender has finished,
	// and nothing is on its way any more), and returns what it counted. When ctx ends it
	// returns soon, with ctx's error.
	Reflect(ctx context.Context, t Task, ready func(), stop <-chan struct{}) (Reflected, error)
}

// Pod says who an agent is.
type Pod struct {
	Index    int    `json:"index"` // completion index of the Job
	Node     string `json:"node"`  // name of the node
	Pod      string `json:"pod"`   // name of the pod
	Version  string `json:"version"`
	DPDK     string `json:"dpdk"`
	Kernel   string `json:"kernel"`
	CPUModel string `json:"cpuModel"`
	CPUs     string `json:"cpus"`
}
