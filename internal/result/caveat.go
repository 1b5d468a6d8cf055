package result

import (
	"fmt"
	"strings"
)

// Caveats warn the reader before the figures of the run: why they are not valid, and
// which thresholds they missed. CaveatsOf has the measurements' own.
func (r Result) Caveats() (list []string) {
	if !r.Complete || !r.Valid {
		list = append(list, r.Verdict()+": "+r.Reason)
	}
	for _, f := range r.Failed {
		list = append(list, ErrBelow.Error()+": "+f)
	}
	return list
}

// CaveatsOf are the caveats of one of the run's measurements, without those that the run's
// own repeat.
func (r Result) CaveatsOf(m Measurement) (list []string) {
	said := r.Verdict() + ": " + r.Reason
	for _, c := range m.Caveats() {
		if c != said {
			list = append(list, c)
		}
	}
	return list
}

// Caveats warn the reader before the figures of the measurement, the most important
// first: why they are not valid, which trials at the rate that was found lost packets all
// the same, and how many trials had to be thrown away. Every form of output has them.
func (m Measurement) Caveats() (list []string) {
	if !m.Complete || !m.Valid {
		list = append(list, m.Verdict()+": "+m.Reason)
	}
	for _, g := range m.Goals {
		if c := g.Caveat(); c != "" {
			list = append(list, g.Name+": "+c)
		}
	}
	if m.Discarded > 0 && len(m.Trials) > 1 {
		list = append(list, fmt.Sprintf("%s %% of the trials were thrown away: %s", Decimals(100*m.Discarded, 0), m.thrownAway()))
	}
	return append(list, m.changed().remarks()...)
}

// changed sums up the packets that were changed on the way.
func (m Measurement) changed() (sum Changed) {
	for _, t := range m.Trials {
		sum.RxTruncated += t.RxTruncated
		sum.RxExtended += t.RxExtended
		sum.RxDamaged += t.RxDamaged
		if sum.RxRetagged += t.RxRetagged; t.RxRetagged > 0 {
			sum.RxTags = t.RxTags
		}
	}
	return sum
}

// remarks explain packets that were changed on the way, which count as lost, and what to
// do about them.
func (c Changed) remarks() (list []string) {
	add := func(n uint64, what string) {
		switch {
		case n == 1:
			list = append(list, "1 packet came back "+strings.Replace(what, "they were", "it was", 1))
		case n > 1:
			list = append(list, fmt.Sprintf("%d packets came back %s", n, what))
		}
	}
	add(c.RxTruncated, "shorter than they were sent: see what on the path has a smaller MTU or buffer")
	add(c.RxExtended, "longer than they were sent: see what on the path pads frames or adds a header")
	add(c.RxDamaged, "damaged, or with a time that is not of the trial")
	switch len(c.RxTags) {
	case 0:
		add(c.RxRetagged, "without their VLAN tag: give --rx-vlan 0")
	case 1:
		add(c.RxRetagged, fmt.Sprintf("in VLAN %d: give --rx-vlan %d", c.RxTags[0], c.RxTags[0]))
	default:
		add(c.RxRetagged, fmt.Sprintf("with two VLAN tags, %d and %d: have the path take the outer one off", c.RxTags[0], c.RxTags[1]))
	}
	return list
}

// thrownAway is why trials were not valid: the most frequent kind of reason, in the
// words of the first trial that had it.
func (m Measurement) thrownAway() (text string) {
	most, counts := 0, map[string]int{}
	for _, t := range m.Trials {
		if !t.Valid {
			counts[t.kind()]++
			most = max(most, counts[t.kind()])
		}
	}
	for _, t := range m.Trials {
		if !t.Valid && counts[t.kind()] == most {
			return t.Reason
		}
	}
	return ""
}

// Caveat says how often trials at the rate that was found lost more than the goal
// allows; empty: never.
func (g Goal) Caveat() string {
	if g.Lower == nil || g.LossyShare == nil || *g.LossyShare <= 0 {
		return ""
	}
	lost := "lost packets"
	if g.LossRatio > 0 {
		lost = fmt.Sprintf("lost more than %.4g %%", 100*g.LossRatio)
	}
	return fmt.Sprintf("%.2g %% of the trials at this rate %s", 100**g.LossyShare, lost)
}
