package result

import "fmt"

// missed says which thresholds the measurements do not meet: the rate that a
// search found or that a trial had, and the loss of a trial.
func (r Result) missed() (failed []string) {
	least, most := r.Settings.MinMpps, r.Settings.MaxLoss
	for _, m := range r.Measurements {
		if !m.Valid || !m.Complete {
			continue // no answer, so neither met nor missed
		}
		if mpps, name := m.headline(); least != nil && mpps < *least {
			failed = append(failed, fmt.Sprintf("%s: %s is %.6g Mpps, below the %.6g of --min-mpps", m.Frame, name, mpps, *least))
		}
		if t := m.Measured(); most != nil && t != nil && t.LossRatio > *most {
			failed = append(failed, fmt.Sprintf("%s: the loss is %.6g, above the %.6g of --max-loss", m.Frame, t.LossRatio, *most))
		}
		if r.Settings.MaxP99Us != nil {
			failed = append(failed, m.slow(*r.Settings.MaxP99Us)...)
		}
	}
	return failed
}

// slow says at which of the loads that were measured the 99th percentile of the
// round-trip times is above so many microseconds: of those from when packets should have
// been sent, where there are such.
func (m Measurement) slow(most float64) (failed []string) {
	check := func(load string, actual, scheduled *RTT) {
		if scheduled == nil {
			scheduled = actual
		}
		switch p99, ok := scheduled.At(99); {
		case !ok && scheduled != nil && scheduled.Packets > 0:
			failed = append(failed, fmt.Sprintf("%s: %d packets%s are too few to tell of 99 %%, for --max-p99", m.Frame, scheduled.Packets, load))
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
	return failed
}

// headline is the rate that a measurement stands for, and what it is called: of
// a search its first goal's, else what was received.
func (m Measurement) headline() (mpps float64, name string) {
	if len(m.Goals) > 0 {
		g := m.Goals[0]
		if g.Lower != nil {
			mpps = g.Lower.Mpps
		}
		return mpps, g.Name
	}
	if t := m.Measured(); t != nil {
		return t.Received.Mpps, "the received rate"
	}
	return 0, "the rate"
}

// Measured is the trial that a measurement without a search is about; nil: there
// is none.
func (m Measurement) Measured() *Trial {
	if len(m.Goals) > 0 || len(m.Trials) == 0 {
		return nil
	}
	return &m.Trials[len(m.Trials)-1]
}
