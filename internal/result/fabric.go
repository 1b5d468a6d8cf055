package result

import "time"

// FabricSchema is the name of Fabric's schema. Fields may be added, never renamed or
// removed.
const FabricSchema = "podnet.fabric/v1"

// Fabric is what the fast path carries between all nodes, for each ordered pair of
// nodes and each rail. A rail is an index into a pod's fast interfaces, in their order.
type Fabric struct {
	Schema   string     `json:"schema"`           // podnet.fabric/v1
	Started  time.Time  `json:"started"`          // when the coordinator began to wait for pods, RFC 3339
	Ended    *time.Time `json:"ended,omitempty"`  // when the last round had ended, RFC 3339; absent while the run goes on and after a kill
	Complete bool       `json:"complete"`         // the run came to its end: every planned pair has figures, or a reason why it has none
	Valid    bool       `json:"valid"`            // every planned pair has figures, and they are the path's, not the generators'
	Reason   string     `json:"reason,omitempty"` // why it is not complete or not valid
	// Failed says which thresholds (--min-fraction-of-median, --min-mpps, --max-loss,
	// --max-p99) were not met.
	Failed []string `json:"failed,omitempty"`

	Settings FabricSettings `json:"settings"`
	Rounds   FabricRounds   `json:"rounds"`
	Nodes    []FabricNode   `json:"nodes"` // by index; all that were planned, also those that never came
	// Pairs are all that were planned, by sender, receiver, the sender's rail and the
	// receiver's.
	Pairs    []FabricPair    `json:"pairs"`
	Outliers []FabricOutlier `json:"outliers,omitempty"` // rails and groups first, then nodes and links by rate, loss and round trip, each the worst first
}

// The modes of a fabric run: which pairs it measures.
const (
	FabricPairs    = "pairs"    // every pair of nodes, one direction after the other
	FabricRing     = "ring"     // each node and the next one, one direction after the other
	FabricSaturate = "saturate" // every pair of nodes, both directions of all pairs of a round at once
)

// Which rails of two nodes a fabric run joins.
const (
	FabricSame  = "same"  // the n-th of the one with the n-th of the other
	FabricCross = "cross" // each of the one with each of the other
)

// FabricSettings are the settings of the run.
type FabricSettings struct {
	Version       string  `json:"version"`       // of the coordinator's testpmd-wrapper
	Nodes         int     `json:"nodes"`         // pods of the Job
	Mode          string  `json:"mode"`          // pairs, ring or saturate
	Rails         string  `json:"rails"`         // same or cross
	RailCount     int     `json:"railCount"`     // rails per node that were measured; 0: no pod has come yet
	Rate          string  `json:"rate"`          // load of each direction, as it was asked for, such as 1Mpps or max; with ndr the highest that is tried
	NDR           bool    `json:"ndr,omitempty"` // the rate is searched for (--quick-ndr)
	Frame         Frame   `json:"frame"`         // frames that are sent
	TrialSeconds  float64 `json:"trialSeconds"`  // of sending per measurement, in seconds; with ndr at most
	WarmupSeconds float64 `json:"warmupSeconds"` // of sending before each measurement, in seconds

	MinFractionOfMedian *float64 `json:"minFractionOfMedian,omitempty"` // threshold of --min-fraction-of-median
	MinMpps             *float64 `json:"minMpps,omitempty"`             // threshold of --min-mpps, in million packets per second
	MaxLoss             *float64 `json:"maxLoss,omitempty"`             // threshold of --max-loss, as a ratio
	MaxP99Us            *float64 `json:"maxP99Us,omitempty"`            // threshold of --max-p99, in microseconds
}

// FabricRounds says how far the schedule came. In a round no node is in two pairs.
type FabricRounds struct {
	Planned        int        `json:"planned"`           // rounds of the schedule
	Done           int        `json:"done"`              // of these, rounds that have ended
	Makeup         int        `json:"makeup"`            // further rounds, for pairs that had been missed
	MakeupLimit    int        `json:"makeupLimit"`       // how many of those there may be
	PlannedSeconds float64    `json:"plannedSeconds"`    // that the rounds of the schedule take without a failure, in seconds
	Started        *time.Time `json:"started,omitempty"` // when the first round began, RFC 3339; absent: none has begun
	Resumed        int        `json:"resumed"`           // how often the coordinator was restarted, and went on
}

// FabricNode is a pod of the run, and the node that it is on.
type FabricNode struct {
	Index  int          `json:"index"`            // completion index of the Job, from 0; 0 is the coordinator's
	Name   string       `json:"name"`             // of the node; empty: the pod never came
	Pod    string       `json:"pod"`              // name of the pod; empty: it never came
	Joined *time.Time   `json:"joined,omitempty"` // when the pod came first, RFC 3339; absent: it never came
	Rails  []FabricRail `json:"rails"`            // fast interfaces, in order
	// Version, DPDK, Kernel and CPUModel are as in a result's environment.
	Version  string `json:"version"`  // of testpmd-wrapper
	DPDK     string `json:"dpdk"`     // release of the linked DPDK
	Kernel   string `json:"kernel"`   // release of the kernel
	CPUModel string `json:"cpuModel"` // as /proc/cpuinfo names it
	CPUs     string `json:"cpus"`     // CPUs of the container, such as 4-7

	Restarts   int            `json:"restarts"`          // how often another pod or process took the place of this one
	Reconnects int            `json:"reconnects"`        // how often the same process came back after its connection was lost
	Missing    *FabricMissing `json:"missing,omitempty"` // why the pod was not there at the end; absent: it was
}

// FabricRail is a fast interface of a pod.
type FabricRail struct {
	Device
	IPs []string `json:"ips,omitempty"` // of the interface, bare
}

// FabricPair is what came of one direction between two nodes over one rail of each.
type FabricPair struct {
	From     int `json:"from"`     // index of the node that sent
	To       int `json:"to"`       // index of the node that received
	FromRail int `json:"fromRail"` // rail of the sender, from 0
	ToRail   int `json:"toRail"`   // rail of the receiver, from 0
	// Round is the round in which it was measured or last tried, from 1; 0: it was never
	// tried. Rounds above the planned ones make up for missed pairs.
	Round int `json:"round"`

	Missing *FabricMissing `json:"missing,omitempty"` // why there are no figures; absent: there are

	Started *time.Time `json:"started,omitempty"` // of the measurement, RFC 3339, by the sender's clock
	Seconds float64    `json:"seconds,omitempty"` // that packets were sent for
	Offered uint64     `json:"offered,omitempty"` // packets that the schedule asked for
	Sent    uint64     `json:"sent,omitempty"`    // packets that the sender's port took
	// Arrived counts the packets that the receiver counted as this measurement's; absent:
	// the receiver could not say.
	Arrived *uint64 `json:"arrived,omitempty"`
	// Returned counts the packets that came back to the sender, each once; absent: they
	// were not sent back (saturate).
	Returned *uint64 `json:"returned,omitempty"`
	Received *Rate   `json:"received,omitempty"` // rate at which packets arrived; where the receiver could not say, came back
	// LossRatio is the part of the offered packets that did not arrive; where the receiver
	// could not say, that did not come back.
	LossRatio *float64 `json:"lossRatio,omitempty"`
	// ReturnLossRatio is the part of the arrived packets that did not come back.
	ReturnLossRatio *float64 `json:"returnLossRatio,omitempty"`
	RTT             *RTT     `json:"rtt,omitempty"` // from when each packet was sent until it came back; absent in saturate
	NDR             *Goal    `json:"ndr,omitempty"` // what the search found, if there was one

	Valid  bool    `json:"valid"`            // the figures are the path's, not the generator's
	Reason string  `json:"reason,omitempty"` // why they are not
	Limits []Limit `json:"limits,omitempty"` // the reason, one by one
}

// FabricCode names a reason why a pair has no figures or a pod is not there. The list is
// closed; codes are never renamed.
type FabricCode string

// Why a pair has no figures, or a pod is not there.
const (
	FabricAbsent      FabricCode = "absent"      // the pod never came
	FabricLate        FabricCode = "late"        // the pod came after the pair's round
	FabricDead        FabricCode = "dead"        // the pod's connection ended
	FabricHung        FabricCode = "hung"        // the pod did not answer within the deadline, though it was connected
	FabricPartitioned FabricCode = "partitioned" // nothing came from the pod any more, and its connection did not end
	FabricRestarted   FabricCode = "restarted"   // another process took the pod's place meanwhile
	FabricRefused     FabricCode = "refused"     // the pod refused the task
	FabricFailed      FabricCode = "failed"      // the pod's fast path failed
	FabricNoRail      FabricCode = "no-rail"     // one of the pods does not have that rail
	FabricLost        FabricCode = "lost"        // it was measured, and the coordinator's restart lost the figures
	FabricStopped     FabricCode = "stopped"     // the run ended before the pair's turn
)

// FabricMissing is why there is nothing.
type FabricMissing struct {
	Code FabricCode `json:"code"`           // absent, late, dead, hung, partitioned, restarted, refused, failed, no-rail, lost or stopped
	Node *int       `json:"node,omitempty"` // index of the node that it is about; absent: it is about none
	Text string     `json:"text"`           // in words, with the pod and the deadline
}

// FabricOutlier is a node, a pair, a group of nodes or a rail that is far from the rest.
type FabricOutlier struct {
	// Kind is rail; group, of nodes that are slower than the others and compared with each
	// other; sender, receiver or node, of one node in that role or in both; link or
	// both-ways, of one pair; or pattern, of many pairs by no node.
	Kind     string  `json:"kind"`
	Metric   string  `json:"metric"`          // mpps, lossRatio or rttP50Us
	From     *int    `json:"from,omitempty"`  // index of the sending node: of a receiver absent, of a pattern its worst pair's
	To       *int    `json:"to,omitempty"`    // index of the receiving node: of a sender absent, of a node the same as from
	FromRail int     `json:"fromRail"`        // rail of the sender, from 0
	ToRail   int     `json:"toRail"`          // rail of the receiver, from 0
	Nodes    []int   `json:"nodes,omitempty"` // of a group, by index
	Value    float64 `json:"value"`           // median of the pairs that it is about, in the metric's unit
	// Expected is the median of all pairs of the rails; where there are groups, of the pairs
	// between the same two groups. For a group it is the best group's figure, for a rail the
	// fastest rail's.
	Expected float64  `json:"expected"`
	Fraction *float64 `json:"fraction,omitempty"` // value / expected; absent where that is 0
	Pairs    int      `json:"pairs,omitempty"`    // that the value rests on
	Invalid  int      `json:"invalid,omitempty"`  // of these, pairs that are not valid
	Text     string   `json:"text"`               // in words, such as node-7 is slow as receiver on rail 2: 41 % of the median
}
