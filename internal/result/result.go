// Package result has the documents that testpmd-wrapper's runs leave: types with a
// versioned schema, the verdict on a run, and reading and writing files. It measures
// nothing (package bench) and renders nothing (package report). Start at Result, and at
// Fabric for runs between all nodes.
package result

import "time"

// Schema is the name of Result's schema. Fields may be added, never
// renamed or removed.
const Schema = "podnet.result/v1"

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
	// Failed says which thresholds (--min-mpps, --max-loss, --max-p99) were not met.
	Failed []string `json:"failed,omitempty"`

	// Deviations says where the run departs from RFC 2544, if that was asked for
	// (--rfc2544).
	Deviations []string `json:"deviations,omitempty"`

	Settings    Settings     `json:"settings"`
	Environment Environment  `json:"environment"`
	Calibration *Calibration `json:"calibration,omitempty"` // of the generator, before the run
	// Repetitions says how the figures of frames that were measured several times differ
	// (--repeat), of the measurements that are complete and valid.
	Repetitions []Spread `json:"repetitions,omitempty"`
	// KernelBaseline is what the kernel carried before the run (--kernel-baseline),
	// one per frame size.
	KernelBaseline []KernelBaseline `json:"kernelBaseline,omitempty"`
	Measurements   []Measurement    `json:"measurements"` // one per frame size and repetition, in the order of their time
}

// Settings are the options that the run was started with.
type Settings struct {
	TX            string   `json:"tx"`                    // interface that sends
	RX            string   `json:"rx"`                    // interface that receives
	Bidirectional bool     `json:"bidirectional"`         // and the other way round at the same time
	Rate          string   `json:"rate,omitempty"`        // of fixed and soak, as it was asked for
	Flows         int      `json:"flows"`                 // UDP flows a direction
	Vary          []string `json:"vary,omitempty"`        // fields by which the flows differ; absent: the source port
	GatewayMACs   []string `json:"gatewayMACs,omitempty"` // of the router that packets were sent through
	Queues        int      `json:"queues"`                // Rx and Tx queues a port
	VLAN          int      `json:"vlan,omitempty"`        // 802.1Q id of the frames
	RxVLAN        *int     `json:"rxVlan,omitempty"`      // 802.1Q id that packets come back with, 0 for none; absent: vlan
	DstMAC        string   `json:"dstMAC"`                // destination of the frames, as it was given or learned
	TrialSeconds  float64  `json:"trialSeconds"`          // duration of a trial, in seconds
	WarmupSeconds float64  `json:"warmupSeconds"`         // sending before the first trial of a measurement, in seconds
	MaxMpps       float64  `json:"maxMpps,omitempty"`     // highest rate that a search tries, in million packets per second
	Gates
	FrameGates []FrameGates   `json:"frameGates,omitempty"` // thresholds for some frame sizes alone
	Goals      []GoalSettings `json:"goals,omitempty"`      // of ndr
	Quick      bool           `json:"quick,omitempty"`      // of ndr: a first answer, by short trials (--quick)
	// LimitSeconds is how long the trials of a search may take together for one frame
	// size, in seconds; when it is up, the goals keep the bounds that they have.
	LimitSeconds float64 `json:"limitSeconds,omitempty"`
	// LineRateGbps is the rate of the medium in one direction, in gigabits a second at
	// L1, as it was given or as the port's link has it; absent: not known.
	LineRateGbps float64 `json:"lineRateGbps,omitempty"`
}

// Arrives is the VLAN that packets come back in; 0: none.
func (s Settings) Arrives() int {
	if s.RxVLAN != nil {
		return *s.RxVLAN
	}
	return s.VLAN
}

// GoalSettings is a search goal of MLRsearch (RFC 9971, section 4.6.7).
type GoalSettings struct {
	Name               string  `json:"name"`               // as NDR
	LossRatio          float64 `json:"lossRatio"`          // most loss of a trial that is low-loss
	ExceedRatio        float64 `json:"exceedRatio"`        // most of the duration sum that may be of high-loss trials
	DurationSumSeconds float64 `json:"durationSumSeconds"` // trial time that settles a load, in seconds
	Width              float64 `json:"width"`              // of the final interval, relative to its upper bound
	// TrialSeconds is the duration of the trials that settle a load, in seconds; 0: as long
	// as all trials. Shorter ones lead the search there.
	TrialSeconds float64 `json:"trialSeconds,omitempty"`
}

// Environment is what the run ran on.
type Environment struct {
	Version    string            `json:"version"`            // of testpmd-wrapper
	DPDK       string            `json:"dpdk"`               // release of the linked DPDK
	Kernel     string            `json:"kernel"`             // release of the kernel
	CPUModel   string            `json:"cpuModel"`           // as /proc/cpuinfo names it
	Host       string            `json:"host"`               // the pod's host name
	Node       string            `json:"node,omitempty"`     // of the pod, if the variable NODE_NAME tells it
	PeerNode   string            `json:"peerNode,omitempty"` // of the pod at the other end, with --peer-pod
	Labels     map[string]string `json:"labels,omitempty"`   // of the pod, if the Downward API tells them
	CPUs       string            `json:"cpus"`               // CPUs of the container, such as 4-7
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

// Calibration is what the generator can do by itself: the loops that the run
// uses, on the lcores that it uses, joined by a ring in memory where the path
// would be.
type Calibration struct {
	Ceiling Rate    `json:"ceiling"` // highest rate, at the frame size of the first measurement
	Seconds float64 `json:"seconds"` // that it was measured for
	// TimestampError is the round-trip time through that ring, at TimedMpps, which is the
	// load that is measured where that is known before: the time between two turns of the
	// loop and the grain of a stamp. It says nothing of a port, a driver or another load.
	TimestampError RTT     `json:"timestampError"`
	TimedMpps      float64 `json:"timedMpps,omitempty"` // rate at which TimestampError was measured, in million packets per second
}
