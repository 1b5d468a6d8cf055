package fabric

import "github.com/podnet/podnet/internal/result"

// fill puts what both ends counted into a row.
func fill(row *result.FabricPair, g Generated, c Reflected, t Task) {
	row.Started, row.Seconds = &g.Started, g.Seconds
	row.Offered, row.Sent, row.Returned, row.Arrived = g.Offered, g.Sent, g.Returned, c.Arrived
	row.RTT, row.NDR = g.RTT, g.NDR
	row.Valid, row.Reason, row.Limits = g.Valid, g.Reason, g.Limits
	for _, l := range c.Limits {
		l.Text = "at the receiver: " + l.Text
		row.Limits = append(row.Limits, l)
		if row.Valid = false; row.Reason != "" {
			row.Reason += "; "
		}
		row.Reason += l.Text
	}
	counted := c.Arrived
	if counted == nil {
		counted = g.Returned
	}
	if counted != nil {
		row.LossRatio = lost(g.Offered, *counted)
		if g.Seconds > 0 {
			rate := result.NewRate(float64(*counted)/g.Seconds, t.Mix.Mean())
			row.Received = &rate
		}
	}
	if c.Arrived != nil && g.Returned != nil {
		row.ReturnLossRatio = lost(*c.Arrived, *g.Returned)
	}
}

// lost is the part of the packets that did not come; nil: there were none.
func lost(of, came uint64) *float64 {
	if of == 0 {
		return nil
	}
	ratio := float64(of-min(came, of)) / float64(of)
	return &ratio
}
