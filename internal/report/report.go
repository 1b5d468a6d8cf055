// Package report is what measurements are written down as: documents with a
// versioned schema, and the tables that people read.
package report

import "time"

// The schemas' names. Fields may be added, never renamed or removed.
const (
	ResultSchema = "podnet.result/v1"
	RunSchema    = "podnet.run/v1"
)

// Overhead of a frame on the wire, in bytes.
const (
	FCS = 4
	// gap is the preamble, the start-of-frame delimiter and the inter-frame gap,
	// which a rate at L1 counts and one at L2 does not.
	gap = 20
)

// Result is the outcome of one measurement from one interface to another.
type Result struct {
	Schema        string  `json:"schema"`
	TX            string  `json:"tx"`         // interface that sent
	RX            string  `json:"rx"`         // interface that received
	FrameBytes    int     `json:"frameBytes"` // on the wire, with the FCS
	WarmupSeconds float64 `json:"warmupSeconds"`
	Seconds       float64 `json:"seconds"` // that packets were sent for

	Requested Target  `json:"requested"`
	Sent      Traffic `json:"sent"`
	Received  Traffic `json:"received"`
	Lost      uint64  `json:"lost"`      // offered less received; at the maximum rate sent less received
	LossRatio float64 `json:"lossRatio"` // of the same
	TxRefused uint64  `json:"txRefused"` // offered packets that the Tx ring had no room for: part of lost
	RxOther   uint64  `json:"rxOther"`   // received, but not of this measurement

	Valid  bool   `json:"valid"`
	Reason string `json:"reason,omitempty"` // why it is not

	Interfaces []Interface `json:"interfaces"`
	Lcores     []Lcore     `json:"lcores"`
	DPDK       string      `json:"dpdk"`
	Version    string      `json:"version"`
}

// Target is the rate that was asked for; nil members: as fast as it goes.
type Target struct {
	Mpps   *float64 `json:"mpps"`
	GbpsL1 *float64 `json:"gbpsL1"`
	GbpsL2 *float64 `json:"gbpsL2"`
}

// Traffic is packets counted, and their rate over the time of sending.
type Traffic struct {
	Packets uint64  `json:"packets"`
	Mpps    float64 `json:"mpps"`
	GbpsL1  float64 `json:"gbpsL1"` // with preamble and inter-frame gap
	GbpsL2  float64 `json:"gbpsL2"` // with the FCS
}

// NewTarget describes a rate in packets a second; 0 is the maximum.
func NewTarget(pps float64, frameBytes int) Target {
	if pps == 0 {
		return Target{}
	}
	t := rates(pps, frameBytes)
	return Target{Mpps: &t.Mpps, GbpsL1: &t.GbpsL1, GbpsL2: &t.GbpsL2}
}

// NewTraffic describes packets of one size counted during d.
func NewTraffic(packets uint64, frameBytes int, d time.Duration) Traffic {
	if d <= 0 {
		return Traffic{Packets: packets}
	}
	t := rates(float64(packets)/d.Seconds(), frameBytes)
	t.Packets = packets
	return t
}

func rates(pps float64, frameBytes int) Traffic {
	return Traffic{
		Mpps:   pps / 1e6,
		GbpsL1: pps * float64(frameBytes+gap) * 8 / 1e9,
		GbpsL2: pps * float64(frameBytes) * 8 / 1e9,
	}
}

// Run is what forwarding or generating without a measurement counted.
type Run struct {
	Schema     string      `json:"schema"`
	Mode       string      `json:"mode"`
	Seconds    float64     `json:"seconds"`
	Interfaces []Interface `json:"interfaces"`
	Total      Counters    `json:"total"`
	Lcores     []Lcore     `json:"lcores"`
	DPDK       string      `json:"dpdk"`
	Version    string      `json:"version"`
}

// Interface is one port's counters.
type Interface struct {
	Name string `json:"name"` // the pod's interface
	Port string `json:"port"` // DPDK's name for it
	MAC  string `json:"mac"`
	Counters
}

// Counters count a port's packets. Bytes are on the wire, with the FCS.
type Counters struct {
	RxPackets uint64 `json:"rxPackets"`
	RxBytes   uint64 `json:"rxBytes"`
	TxPackets uint64 `json:"txPackets"`
	TxBytes   uint64 `json:"txBytes"`
	TxRefused uint64 `json:"txRefused"` // that the Tx ring had no room for, and that were dropped
	RxMissed  uint64 `json:"rxMissed"`  // that the device dropped for want of Rx descriptors
	RxErrors  uint64 `json:"rxErrors"`
	RxNoMbuf  uint64 `json:"rxNoMbuf"` // Rx failures for want of mbufs
	TxErrors  uint64 `json:"txErrors"`
}

// Add returns the sum of two ports' counters.
func (c Counters) Add(o Counters) Counters {
	c.RxPackets += o.RxPackets
	c.RxBytes += o.RxBytes
	c.TxPackets += o.TxPackets
	c.TxBytes += o.TxBytes
	c.TxRefused += o.TxRefused
	c.RxMissed += o.RxMissed
	c.RxErrors += o.RxErrors
	c.RxNoMbuf += o.RxNoMbuf
	c.TxErrors += o.TxErrors
	return c
}

// Lcore is a polling lcore and the CPU time that its thread used.
type Lcore struct {
	Lcore      int     `json:"lcore"`
	CPU        int     `json:"cpu"`
	CPUSeconds float64 `json:"cpuSeconds"`
}
