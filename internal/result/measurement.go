package result

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
	// Discarded is the share of the trials that were not valid, and so were repeated
	// or left out.
	Discarded float64 `json:"discarded,omitempty"`
}

// Goal is the outcome of a search for a rate.
type Goal struct {
	GoalSettings
	// Status is regular; below-minimum if even the lowest rate lost too much;
	// above-maximum if even the highest rate did not; generator-limit if the highest
	// rate that the generator could offer did not; or not-settled if the search
	// ended before its bounds were as near to each other as was asked for. The last
	// four are RFC 9971's irregular results.
	Status string `json:"status"`
	// Lower and Upper are the relevant lower and upper bound (RFC 9971): the
	// highest rate below all that failed, and the lowest above it that failed.
	Lower *Rate `json:"lower,omitempty"`
	Upper *Rate `json:"upper,omitempty"`
	// PerDirection is the rate of the lower bound in each direction. Lower counts all
	// directions together.
	PerDirection *Rate `json:"perDirection,omitempty"`
	// Lowest is the lowest rate that the search could have come to.
	Lowest *Rate `json:"lowest,omitempty"`
	// LossyShare is the share of the trial time at the lower bound in which more was
	// lost than the goal allows.
	LossyShare *float64 `json:"lossyShare,omitempty"`
	// LeastLoss is the smallest loss ratio that the trials at the lower bound could
	// have shown: one packet of all that they offered.
	LeastLoss *float64 `json:"leastLoss,omitempty"`
	// Conditional is the conditional throughput at the relevant lower bound: the
	// receive rate that its worst trials of the duration sum less the exceed
	// ratio still had (RFC 9971). RFC 2544's throughput is Lower.
	Conditional *Rate `json:"conditional,omitempty"`
}

// The states of a Goal.
const (
	Regular        = "regular"
	BelowMinimum   = "below-minimum"
	AboveMaximum   = "above-maximum"
	GeneratorLimit = "generator-limit"
	NotSettled     = "not-settled"
)

// Found tells whether a trial of the goal's search was one at the rate that it found.
func (g Goal) Found(t Trial) bool {
	return g.Lower != nil && t.Valid && t.Requested.Mpps != nil && *t.Requested.Mpps == g.Lower.Mpps
}

// LoadLatency is the latency at a load.
type LoadLatency struct {
	Load     string  `json:"load"`          // as 90% of NDR
	Fraction float64 `json:"fraction"`      // as 0.9
	Rate     Rate    `json:"rate"`          // that was sent
	Loss     float64 `json:"lossRatio"`     // lost of offered
	RTT      *RTT    `json:"rtt,omitempty"` // from when each packet was sent; absent if nothing came back
	// ScheduledRTT is from when each packet should have been sent.
	ScheduledRTT *RTT    `json:"scheduledRTT,omitempty"`
	Lateness     *RTT    `json:"lateness,omitempty"` // how late the packets were offered
	Late         uint64  `json:"late"`               // packets offered more than 100 us after their time
	MaxLateUs    float64 `json:"maxLateUs"`          // by how much the latest was late, in microseconds
	// PDVUs is the packet delay variation of RFC 8219 (section 7.3.1) in microseconds, of
	// round-trip times: the 99.9th percentile less the shortest; absent if nothing came back.
	PDVUs *float64 `json:"pdvUs,omitempty"`
	// Rounds are the mean round-trip times in microseconds, where the load was measured
	// several times (RFC 2544, section 26.2). The other figures are of the first time.
	Rounds       []float64 `json:"roundsUs,omitempty"`
	RoundsMeanUs float64   `json:"roundsMeanUs,omitempty"` // mean of the rounds, in microseconds
	RoundsSDUs   float64   `json:"roundsSDUs,omitempty"`   // standard deviation of the rounds, in microseconds
	// Limited says why the times say more of the generator or of the machine than of
	// the path; absent: they do not.
	Limited string `json:"limited,omitempty"`
}

// LossStep is a step of RFC 2544's frame loss rate (section 26.3).
type LossStep struct {
	Fraction  float64 `json:"fraction"`  // of the highest rate, such as 0.9
	Rate      Rate    `json:"rate"`      // that was asked for
	LossRatio float64 `json:"lossRatio"` // lost of offered
	// Limited says why the loss says more of the generator or of the machine than of the
	// path; absent: it does not.
	Limited string `json:"limited,omitempty"`
}

// BurstResult is RFC 2544's back-to-back value (section 26.4).
type BurstResult struct {
	Frames  float64  `json:"frames"`          // mean length of the longest burst without loss, in frames
	Lengths []uint64 `json:"lengths"`         // of every repetition, in frames
	Limit   uint64   `json:"limit"`           // longest burst that was tried, in frames
	Least   uint64   `json:"least,omitempty"` // shortest of the lengths
	Most    uint64   `json:"most,omitempty"`  // longest of the lengths
	SD      float64  `json:"sd,omitempty"`    // standard deviation of the lengths
	// Throughput is the highest rate without loss, which was searched for before
	// (--rfc2544).
	Throughput *Rate `json:"throughput,omitempty"`
	// ImpliedBufferMs is how long a burst of the mean length takes at the highest rate, in
	// milliseconds (RFC 9004, section 6.4); absent if no burst was too long for the path.
	ImpliedBufferMs *float64 `json:"impliedBufferMs,omitempty"`
	// CorrectedBufferMs is that less what the path forwards meanwhile, in milliseconds.
	CorrectedBufferMs *float64 `json:"correctedBufferMs,omitempty"`
}
