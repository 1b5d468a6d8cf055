package result

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Rate is in packets and in bits per second.
type Rate struct {
	Mpps   float64 `json:"mpps"`   // million packets per second
	GbpsL1 float64 `json:"gbpsL1"` // gigabits per second, with preamble and inter-frame gap
	GbpsL2 float64 `json:"gbpsL2"` // gigabits per second, with the FCS
}

// RateText says a rate in million packets per second in the unit that people say.
func RateText(mpps float64) string {
	if mpps != 0 && math.Abs(mpps) < 0.1 {
		return fmt.Sprintf("%.4g kpps", 1e3*mpps)
	}
	return fmt.Sprintf("%.4g Mpps", mpps)
}

// widest is the first figure with an exponent. No path comes near it, but a document may
// hold anything.
const widest = 1e15

// Decimals formats a figure with so many digits behind the point. A figure that would make
// a column too wide to read has an exponent, such as 1e+308.
func Decimals(v float64, digits int) string {
	if math.Abs(v) >= widest {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// Target is the rate that was asked for; nil members: as fast as it goes.
type Target struct {
	Mpps   *float64 `json:"mpps" jsonschema:"oneof_type=number;null"`   // million packets per second
	GbpsL1 *float64 `json:"gbpsL1" jsonschema:"oneof_type=number;null"` // gigabits per second, with preamble and inter-frame gap
	GbpsL2 *float64 `json:"gbpsL2" jsonschema:"oneof_type=number;null"` // gigabits per second, with the FCS
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

// NewRate describes a rate in packets per second of frames of a (mean) size.
func NewRate(pps, frameBytes float64) Rate {
	return Rate{
		Mpps:   pps / 1e6,
		GbpsL1: pps * (frameBytes + gap) * 8 / 1e9,
		GbpsL2: pps * frameBytes * 8 / 1e9,
	}
}

// NewTarget describes a rate in packets per second; 0 is the maximum.
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
