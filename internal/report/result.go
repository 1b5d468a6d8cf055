// Package report is what measurements are written down as: documents with a
// versioned schema, and the forms that people and programs read them in.
package report

import "time"

// ResultSchema is the name of Result's schema. Fields may be added, never
// renamed or removed.
const ResultSchema = "podnet.result/v1"

// The methods of measurement.
const (
	Fixed      = "fixed"      // one trial at a rate
	Throughput = "throughput" // RFC 2544, section 26.1
	NDR        = "ndr"        // MLRsearch, RFC 9971
	Latency    = "latency"    // round-trip time at fractions of a rate
	Loss       = "loss"       // RFC 2544, section 26.3
	Burst      = "burst"      // RFC 2544, section 26.4
	Soak       = "soak"       // one rate for hours
)

// Result is what one run of bench asked for, on what, and what came of it. It is
// written as the run goes: until its end it is not complete.
type Result struct {
	Schema   string     `json:"schema"`           // podnet.result/v1
	Method   string     `json:"method"`           // fixed, throughput, ndr, latency, loss, burst or soak
	Started  time.Time  `json:"started"`          // when the run began, RFC 3339
	Ended    *time.Time `json:"ended,omitempty"`  // when it ended, RFC 3339; absent while it runs and after a kill
	Complete bool       `json:"complete"`         // the run came to its end: false of one that was stopped or killed
	Valid    bool       `json:"valid"`            // the figures are the path's, not the generator's
	Reason   string     `json:"reason,omitempty"` // why it is not complete or not valid
	// Failed says which thresholds (--min-mpps, --max-loss) were not met.
	Failed []string `json:"failed,omitempty"`

	Settings    Settings     `json:"settings"`
	Environment Environment  `json:"environment"`
	Calibration *Calibration `json:"calibration,omitempty"` // of the generator, before the run
	// KernelBaseline is what the kernel carried before the run (--kernel-baseline),
	// one a frame size.
	KernelBaseline []KernelBaseline `json:"kernelBaseline,omitempty"`
	Measurements   []Measurement    `json:"measurements"` // one a frame size and repetition, in the order of their time
}

// Settings are what was asked for.
type Settings struct {
	TX            string         `json:"tx"`                // interface that sends
	RX            string         `json:"rx"`                // interface that receives
	Bidirectional bool           `json:"bidirectional"`     // and the other way round at the same time
	Rate          string         `json:"rate,omitempty"`    // of fixed and soak, as it was asked for
	Flows         int            `json:"flows"`             // UDP flows a direction, told apart by their source port
	Queues        int            `json:"queues"`            // Rx and Tx queues a port
	VLAN          int            `json:"vlan,omitempty"`    // 802.1Q id of the frames
	DstMAC        string         `json:"dstMAC"`            // destination of the frames, as it was given or learned
	TrialSeconds  float64        `json:"trialSeconds"`      // duration of a trial, in seconds
	WarmupSeconds float64        `json:"warmupSeconds"`     // sending before the first trial of a measurement, in seconds
	MaxMpps       float64        `json:"maxMpps,omitempty"` // highest rate that a search tries, in million packets a second
	MinMpps       *float64       `json:"minMpps,omitempty"` // threshold of --min-mpps
	MaxLoss       *float64       `json:"maxLoss,omitempty"` // threshold of --max-loss, as a ratio
	Goals         []GoalSettings `json:"goals,omitempty"`   // of ndr
}

// GoalSettings is a search goal of MLRsearch (RFC 9971, section 4.6.7).
type GoalSettings struct {
	Name               string  `json:"name"`               // as NDR
	LossRatio          float64 `json:"lossRatio"`          // most loss of a trial that is low-loss
	ExceedRatio        float64 `json:"exceedRatio"`        // most of the duration sum that may be of high-loss trials
	DurationSumSeconds float64 `json:"durationSumSeconds"` // trial time that settles a load, in seconds
	Width              float64 `json:"width"`              // of the final interval, relative to its upper bound
}

// Environment is what the run ran on.
type Environment struct {
	Version    string            `json:"version"`            // of testpmd-wrapper
	DPDK       string            `json:"dpdk"`               // release of the linked DPDK
	Kernel     string            `json:"kernel"`             // release of the kernel
	CPUModel   string            `json:"cpuModel"`           // as /proc/cpuinfo names it
	Host       string            `json:"host"`               // the pod's host name
	Labels     map[string]string `json:"labels,omitempty"`   // of the pod, if the Downward API tells them
	CPUs       string            `json:"cpus"`               // CPUs of the container, as 4-7
	CPUQuota   *float64          `json:"cpuQuota,omitempty"` // CFS quota, in CPUs; absent: none
	NUMANodes  []int             `json:"numaNodes"`          // of these CPUs
	Hugepages  []Hugepages       `json:"hugepages"`          // that the container may use
	EALArgs    []string          `json:"ealArgs"`            // that DPDK was started with
	Interfaces []Device          `json:"interfaces"`         // that the run used
	Lcores     []LcoreInfo       `json:"lcores"`             // all of EAL's; the main one does not poll
}

// Hugepages are pages of one size.
type Hugepages struct {
	Size       string `json:"size"`       // as 2Mi
	LimitBytes uint64 `json:"limitBytes"` // of the container, in bytes
}

// Device is what an interface is.
type Device struct {
	Name     string `json:"name"`             // the pod's interface
	Kind     string `json:"kind"`             // pci, vhost-user, memif, vdpa, or vdev for one that the pod did not have
	Port     string `json:"port"`             // DPDK's name for it
	Driver   string `json:"driver"`           // DPDK's driver, as net_memif
	MAC      string `json:"mac"`              // of the port
	NUMANode int    `json:"numaNode"`         // of the port; -1 is unknown
	Device   string `json:"device,omitempty"` // PCI address or socket
}

// LcoreInfo is an lcore of EAL.
type LcoreInfo struct {
	Lcore    int  `json:"lcore"`    // number of the lcore
	CPU      int  `json:"cpu"`      // that it is pinned to
	NUMANode int  `json:"numaNode"` // of the CPU
	Main     bool `json:"main"`     // runs EAL and Go
}

// Calibration is what the generator can do by itself: the loops that the run
// uses, on the lcores that it uses, joined by a ring in memory where the path
// would be.
type Calibration struct {
	Ceiling Rate    `json:"ceiling"` // highest rate, at the frame size of the first measurement
	Seconds float64 `json:"seconds"` // that it was measured for
	// TimestampError is the round-trip time through that ring: what a measured
	// latency contains of the generator itself.
	TimestampError RTT `json:"timestampError"`
}

// Measurement is the outcome of the method for one kind of frames.
type Measurement struct {
	Frame    Frame  `json:"frame"`
	Repeat   int    `json:"repeat"`           // which repetition, from 1
	Complete bool   `json:"complete"`         // it came to its end
	Valid    bool   `json:"valid"`            // the figures are the path's, not the generator's
	Reason   string `json:"reason,omitempty"` // why it is not complete or not valid

	Goals   []Goal        `json:"goals,omitempty"`   // throughput and ndr: what was found
	Latency []LoadLatency `json:"latency,omitempty"` // latency: in the order of the loads
	Steps   []LossStep    `json:"steps,omitempty"`   // loss: from the highest rate down
	Burst   *BurstResult  `json:"burst,omitempty"`   // burst
	Trials  []Trial       `json:"trials"`            // every trial, in the order of their time
}

// Frame is a size of frames or a mix of sizes.
type Frame struct {
	Name  string  `json:"name"`          // as 64 or imix
	Bytes float64 `json:"bytes"`         // on the wire, with the FCS; of a mix the mean
	Mix   []Share `json:"mix,omitempty"` // of a mix
}

// String names the frames in a sentence.
func (f Frame) String() string {
	if f.Mix != nil {
		return f.Name + " frames"
	}
	return f.Name + "-byte frames"
}

// Share is a frame size of a mix.
type Share struct {
	Bytes  int `json:"bytes"`  // on the wire, with the FCS
	Weight int `json:"weight"` // how many frames of this size there are in a round of the mix
}

// Goal is the outcome of a search for a rate.
type Goal struct {
	GoalSettings
	// Status is regular; below-minimum if even the lowest rate lost too much; or
	// above-maximum if even the highest rate did not.
	Status string `json:"status"`
	// Lower and Upper are the relevant lower and upper bound (RFC 9971): the
	// highest rate below all that failed, and the lowest above it that failed.
	Lower *Rate `json:"lower,omitempty"`
	Upper *Rate `json:"upper,omitempty"`
	// Conditional is the conditional throughput at the relevant lower bound: the
	// receive rate that its worst trials of the duration sum less the exceed
	// ratio still had (RFC 9971). RFC 2544's throughput is Lower.
	Conditional *Rate `json:"conditional,omitempty"`
}

// The states of a Goal.
const (
	Regular      = "regular"
	BelowMinimum = "below-minimum"
	AboveMaximum = "above-maximum"
)

// LoadLatency is the latency at a load.
type LoadLatency struct {
	Load     string  `json:"load"`          // as 90% of NDR
	Fraction float64 `json:"fraction"`      // as 0.9
	Rate     Rate    `json:"rate"`          // that was sent
	Loss     float64 `json:"lossRatio"`     // lost of offered
	RTT      *RTT    `json:"rtt,omitempty"` // absent if nothing came back
}

// LossStep is a step of RFC 2544's frame loss rate (section 26.3).
type LossStep struct {
	Fraction  float64 `json:"fraction"`  // of the highest rate, as 0.9
	Rate      Rate    `json:"rate"`      // that was asked for
	LossRatio float64 `json:"lossRatio"` // lost of offered
}

// BurstResult is RFC 2544's back-to-back value (section 26.4).
type BurstResult struct {
	Frames  float64  `json:"frames"`  // mean length of the longest burst without loss, in frames
	Lengths []uint64 `json:"lengths"` // of every repetition, in frames
	Limit   uint64   `json:"limit"`   // longest burst that was tried, in frames
}

// Trial is one interval of sending, and its counts over all directions.
type Trial struct {
	Phase   string    `json:"phase"`   // what it was for: maximum, search, validation, measurement, load, step or burst
	Started time.Time `json:"started"` // RFC 3339
	Seconds float64   `json:"seconds"` // that packets were sent for
	Frame   string    `json:"frame"`   // name of the measurement's frame

	Requested Target  `json:"requested"` // rate that was asked for, over all directions
	Offered   uint64  `json:"offered"`   // packets that the schedule asked for; at the maximum rate those sent
	Sent      Traffic `json:"sent"`      // that the port took
	Received  Traffic `json:"received"`  // that came back, each counted once

	Lost       uint64  `json:"lost"`       // offered less received, in packets
	LossRatio  float64 `json:"lossRatio"`  // lost of offered
	TxRefused  uint64  `json:"txRefused"`  // offered packets that the Tx ring had no room for: part of lost
	Duplicates uint64  `json:"duplicates"` // packets that came once more
	Reordered  uint64  `json:"reordered"`  // packets that came after one of their flow that was sent later (RFC 4737)
	RxOther    uint64  `json:"rxOther"`    // received packets that were not of this trial

	RTT *RTT `json:"rtt,omitempty"` // of the packets that came back
	// Late counts the packets that the generator offered more than 100 us after
	// their time.
	Late      uint64  `json:"late"`
	MaxLateUs float64 `json:"maxLateUs"` // by how much the latest packet was late, in microseconds

	Valid  bool   `json:"valid"`            // the counts are the path's, not the generator's
	Reason string `json:"reason,omitempty"` // why they are not

	Directions []Direction `json:"directions,omitempty"` // of a trial both ways
	Windows    []Window    `json:"windows,omitempty"`    // with loss, of a trial that was cut into windows; the first 3600
	// WindowsOmitted counts the windows with loss after those.
	WindowsOmitted uint64 `json:"windowsOmitted,omitempty"`

	Machine    Machine     `json:"machine"`    // what happened meanwhile on the machine
	Interfaces []Interface `json:"interfaces"` // counters of the ports
}

// Direction is one direction's counts in a trial both ways.
type Direction struct {
	TX         string `json:"tx"`         // interface that sent
	RX         string `json:"rx"`         // interface that received
	Offered    uint64 `json:"offered"`    // packets that the schedule asked for
	Sent       uint64 `json:"sent"`       // packets that the port took
	Received   uint64 `json:"received"`   // packets that came back, each counted once
	Lost       uint64 `json:"lost"`       // offered less received
	TxRefused  uint64 `json:"txRefused"`  // packets that the Tx ring had no room for
	Duplicates uint64 `json:"duplicates"` // packets that came once more
	Reordered  uint64 `json:"reordered"`  // packets that came after a later one of their flow
}

// Window is a part of a trial in which packets were lost.
type Window struct {
	Started   time.Time `json:"started"`   // RFC 3339
	Seconds   float64   `json:"seconds"`   // its length
	Lost      uint64    `json:"lost"`      // packets found missing in it, though they may have been offered in the one before
	TxRefused uint64    `json:"txRefused"` // that the Tx ring had no room for: part of lost
	Offered   uint64    `json:"offered"`   // packets that the schedule asked for in it
	Machine   Machine   `json:"machine"`
}

// Machine is what happened on the machine during a time: what can make a poll
// loop late without the path being at fault.
type Machine struct {
	Threads []Thread `json:"threads"` // that polled
	// ThrottledPeriods is in how many CFS periods the container was throttled
	// (cpu.stat); absent if it cannot be read.
	ThrottledPeriods *uint64 `json:"throttledPeriods,omitempty"`
	// ThrottledMs is for how many milliseconds it was; absent if it cannot be read.
	ThrottledMs *float64 `json:"throttledMs,omitempty"`
	// StealMs is the time in milliseconds that the hypervisor gave others of the
	// polling CPUs (/proc/stat).
	StealMs  float64 `json:"stealMs"`
	RxMissed uint64  `json:"rxMissed"` // packets that the ports dropped for want of Rx descriptors
	RxNoMbuf uint64  `json:"rxNoMbuf"` // Rx failures for want of mbufs
}

// Thread is a polling thread during a time.
type Thread struct {
	Lcore               int     `json:"lcore"`               // number of the lcore
	CPU                 int     `json:"cpu"`                 // that it is pinned to
	RunPercent          float64 `json:"runPercent"`          // of the time that it ran
	InvoluntarySwitches uint64  `json:"involuntarySwitches"` // times that it was made to leave its CPU
}

// RTT is a distribution of round-trip times in microseconds, from the packets'
// own timestamps.
type RTT struct {
	Packets     uint64       `json:"packets"`     // measured
	MinUs       float64      `json:"minUs"`       // shortest, in microseconds
	MeanUs      float64      `json:"meanUs"`      // mean, in microseconds
	MaxUs       float64      `json:"maxUs"`       // longest, in microseconds
	Percentiles []Percentile `json:"percentiles"` // 50 to 99.999, ascending
}

// Percentile is the time that so many percent of the packets did not exceed.
type Percentile struct {
	Percent float64 `json:"percent"` // of the packets, as 99.9
	Us      float64 `json:"us"`      // that they did not exceed, in microseconds
}

// Rate is packets a second, and what they are in bits.
type Rate struct {
	Mpps   float64 `json:"mpps"`   // million packets a second
	GbpsL1 float64 `json:"gbpsL1"` // gigabits a second, with preamble and inter-frame gap
	GbpsL2 float64 `json:"gbpsL2"` // gigabits a second, with the FCS
}

// Target is the rate that was asked for; nil members: as fast as it goes.
type Target struct {
	Mpps   *float64 `json:"mpps" jsonschema:"oneof_type=number;null"`   // million packets a second
	GbpsL1 *float64 `json:"gbpsL1" jsonschema:"oneof_type=number;null"` // gigabits a second, with preamble and inter-frame gap
	GbpsL2 *float64 `json:"gbpsL2" jsonschema:"oneof_type=number;null"` // gigabits a second, with the FCS
}

// Traffic is packets counted, and their rate over the time of sending.
type Traffic struct {
	Packets uint64 `json:"packets"` // packets
	Rate
}

// FCS is the length of a frame's check sequence in bytes.
const FCS = 4

// gap is what a frame takes on the wire beside itself, in bytes: preamble,
// start-of-frame delimiter and inter-frame gap.
const gap = 20

// NewRate describes a rate in packets a second of frames of a (mean) size.
func NewRate(pps, frameBytes float64) Rate {
	return Rate{
		Mpps:   pps / 1e6,
		GbpsL1: pps * (frameBytes + gap) * 8 / 1e9,
		GbpsL2: pps * frameBytes * 8 / 1e9,
	}
}

// NewTarget describes a rate in packets a second; 0 is the maximum.
func NewTarget(pps, frameBytes float64) Target {
	if pps == 0 {
		return Target{}
	}
	r := NewRate(pps, frameBytes)
	return Target{Mpps: &r.Mpps, GbpsL1: &r.GbpsL1, GbpsL2: &r.GbpsL2}
}

// NewTraffic describes packets of one (mean) size counted during d.
func NewTraffic(packets uint64, frameBytes float64, d time.Duration) Traffic {
	if d <= 0 {
		return Traffic{Packets: packets}
	}
	return Traffic{Packets: packets, Rate: NewRate(float64(packets)/d.Seconds(), frameBytes)}
}
