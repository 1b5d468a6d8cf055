package report

import "fmt"

// figure is one thing that a measurement found, in words.
type figure struct{ Name, Text string }

// figures are what a measurement found, in short.
func figures(m Measurement) (list []figure) {
	for _, g := range m.Goals {
		text := "none: even the lowest rate lost more"
		if g.Lower != nil {
			text = fmt.Sprintf("%.4f Mpps, %.4f Gbit/s at L1", g.Lower.Mpps, g.Lower.GbpsL1)
			if n := note(g.Status); n != "" {
				text += ", " + n
			}
		}
		list = append(list, figure{g.Name, text})
	}
	for _, l := range m.Latency {
		p50, _ := l.RTT.at(50)
		p999, _ := l.RTT.at(99.9)
		list = append(list, figure{"round trip at " + l.Load, fmt.Sprintf("median %.1f us, 99.9 %% %.1f us, most %.1f us", p50, p999, l.RTT.MaxUs)})
	}
	for _, s := range m.Steps {
		list = append(list, figure{fmt.Sprintf("loss at %.4g %%", 100*s.Fraction), fmt.Sprintf("%.4g %% at %.4f Mpps", 100*s.LossRatio, s.Rate.Mpps)})
	}
	if b := m.Burst; b != nil {
		list = append(list, figure{"burst", fmt.Sprintf("%.1f frames without loss", b.Frames)})
	}
	if len(list) == 0 && len(m.Trials) > 0 {
		t := m.Trials[len(m.Trials)-1]
		list = append(list, figure{"received", fmt.Sprintf("%.4f Mpps, %.4f Gbit/s at L1, lost %d (%.4g %%)",
			t.Received.Mpps, t.Received.GbpsL1, t.Lost, 100*t.LossRatio)})
	}
	if len(list) == 0 {
		list = append(list, figure{"measurement", "nothing was measured"})
	}
	return list
}
