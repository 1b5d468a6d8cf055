package result

import "math"

// RTT is a distribution of times in microseconds: round-trip times by the packets'
// own timestamps, or lateness.
type RTT struct {
	Packets     uint64       `json:"packets"`     // measured
	MinUs       float64      `json:"minUs"`       // shortest, in microseconds
	MeanUs      float64      `json:"meanUs"`      // mean, in microseconds
	MaxUs       float64      `json:"maxUs"`       // longest, in microseconds
	Percentiles []Percentile `json:"percentiles"` // 50 to 99.999, ascending, as far as there are ten packets beyond
	// Histogram is the whole distribution in nanoseconds: an HdrHistogram, V2 and
	// compressed, in base64. It is there of round-trip times that are an answer: of a
	// load, of a single trial, and of the trials at the rate that a search found.
	Histogram string `json:"histogram,omitempty"`
}

// beyond is how many packets there must be beyond a percentile for it to say
// something: of fewer, it is the time of one packet or two.
const beyond = 10

// Tells says whether the distribution has packets enough for a percentile.
func (r *RTT) Tells(percent float64) bool {
	return r != nil && math.Round(float64(r.Packets)*(100-percent)/100) >= beyond
}

// Known are the percentiles that there are packets enough for.
func (r *RTT) Known() (list []Percentile) {
	if r == nil {
		return nil
	}
	for _, p := range r.Percentiles {
		if r.Tells(p.Percent) {
			list = append(list, p)
		}
	}
	return list
}

// Percentile is the time that so many percent of the packets did not exceed.
type Percentile struct {
	Percent float64 `json:"percent"` // of the packets, such as 99.9
	Us      float64 `json:"us"`      // that they did not exceed, in microseconds
}

// PDV is the packet delay variation of RFC 8219 (section 7.3.1), in microseconds; nil:
// nothing was measured.
func (r *RTT) PDV() *float64 {
	high, ok := r.At(99.9)
	if !ok {
		return nil
	}
	pdv := high - r.MinUs
	return &pdv
}

// At tells the time that a percentile has; false if it was not measured, or of too
// few packets.
func (r *RTT) At(percent float64) (us float64, ok bool) {
	for _, p := range r.Known() {
		if p.Percent == percent {
			return p.Us, true
		}
	}
	return 0, false
}
