package result

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

// At tells the time that a percentile has; false if it was not measured.
func (r *RTT) At(percent float64) (us float64, ok bool) {
	if r == nil {
		return 0, false
	}
	for _, p := range r.Percentiles {
		if p.Percent == percent {
			return p.Us, true
		}
	}
	return 0, false
}
