package result

import "fmt"

// Gates are thresholds that a run ends below or above of; nil: there is none.
type Gates struct {
	MinMpps  *float64 `json:"minMpps,omitempty"`  // threshold of --min-mpps
	MaxP99Us *float64 `json:"maxP99Us,omitempty"` // threshold of --max-p99, in microseconds
	MaxLoss  *float64 `json:"maxLoss,omitempty"`  // threshold of --max-loss, as a ratio
}

// FrameGates are thresholds for one kind of frames, in place of those for all.
type FrameGates struct {
	Frame string `json:"frame"` // name of the frames, such as 64 or imix
	Gates
}

// GatesOf are the thresholds for frames of that name.
func (s Settings) GatesOf(frame string) Gates {
	g := s.Gates
	for _, own := range s.FrameGates {
		if own.Frame != frame {
			continue
		}
		for _, v := range []struct{ all, own **float64 }{{&g.MinMpps, &own.MinMpps}, {&g.MaxP99Us, &own.MaxP99Us}, {&g.MaxLoss, &own.MaxLoss}} {
			if *v.own != nil {
				*v.all = *v.own
			}
		}
	}
	return g
}

// Gated tells whether the run is held to any threshold.
func (s Settings) Gated() bool { return s.Gates != Gates{} || len(s.FrameGates) > 0 }

// gated says which thresholds the measurements miss: for the rate of a search or a trial,
// the loss of a trial, and times. A threshold is undecided if too few packets came back.
func (r Result) gated() (failed, undecided []string) {
	for _, m := range r.Measurements {
		if !m.Valid || !m.Complete {
			continue // no answer, so neither met nor missed
		}
		g := r.Settings.GatesOf(m.Frame.Name)
		if mpps, name, _ := m.Headline(); g.MinMpps != nil && mpps < *g.MinMpps {
			failed = append(failed, fmt.Sprintf("%s: %s is %.6g Mpps, below the %.6g of --min-mpps", m.Frame, name, mpps, *g.MinMpps))
		}
		if t := m.Measured(); g.MaxLoss != nil && t != nil && t.LossRatio > *g.MaxLoss {
			failed = append(failed, fmt.Sprintf("%s: the loss is %.6g, above the %.6g of --max-loss", m.Frame, t.LossRatio, *g.MaxLoss))
		}
		if g.MaxP99Us != nil {
			slow, unknown := m.slow(*g.MaxP99Us)
			failed, undecided = append(failed, slow...), append(undecided, unknown...)
		}
	}
	return failed, undecided
}

// slow says at which loads the 99th percentile of the round-trip times is above so many
// microseconds. It takes the times by the schedule if there are any. The percentile is
// unknown if too few packets came back.
func (m Measurement) slow(most float64) (failed, unknown []string) {
	check := func(load string, actual, scheduled *RTT) {
		if scheduled == nil {
			scheduled = actual
		}
		switch p99, ok := scheduled.At(99); {
		case !ok && scheduled != nil && scheduled.Packets > 0:
			unknown = append(unknown, fmt.Sprintf("%s: %d packets%s are too few to tell of 99 %%, for --max-p99: measure for longer",
				m.Frame, scheduled.Packets, load))
		case !ok:
			failed = append(failed, fmt.Sprintf("%s: nothing came back%s, to be within the %.6g us of --max-p99", m.Frame, load, most))
		case p99 > most:
			failed = append(failed, fmt.Sprintf("%s: 99 %% of the round-trip times%s are up to %.6g us, above the %.6g of --max-p99", m.Frame, load, p99, most))
		}
	}
	for _, l := range m.Latency {
		check(" at "+l.Load, l.RTT, l.ScheduledRTT)
	}
	if t := m.Measured(); t != nil && m.Latency == nil {
		check("", t.RTT, t.ScheduledRTT)
	}
	return failed, unknown
}

// Headline is the main rate of a measurement, and its name: the first goal's of a search,
// or else the received rate; 0 and false if there is none.
func (m Measurement) Headline() (mpps float64, name string, ok bool) {
	if len(m.Goals) > 0 {
		g := m.Goals[0]
		if g.Lower == nil {
			return 0, g.Name, false
		}
		return g.Lower.Mpps, g.Name, true
	}
	if t := m.Measured(); t != nil {
		return t.Received.Mpps, "the received rate", true
	}
	return 0, "the rate", false
}

// Measured is the trial that a measurement without a search is about; nil: there
// is none.
func (m Measurement) Measured() *Trial {
	if len(m.Goals) > 0 || len(m.Trials) == 0 {
		return nil
	}
	return &m.Trials[len(m.Trials)-1]
}
