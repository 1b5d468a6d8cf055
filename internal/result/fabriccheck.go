package result

import "fmt"

// check refuses a document on whose nodes nobody could rely.
func (f Fabric) check() error {
	if len(f.Nodes) > MaxFabricNodes {
		return fmt.Errorf("nodes: there are %d, and at most %d are read", len(f.Nodes), MaxFabricNodes)
	}
	for i, n := range f.Nodes {
		if n.Index != i {
			return fmt.Errorf("nodes[%d].index is %d: must be %d", i, n.Index, i)
		}
	}
	known := func(node int) bool { return node >= 0 && node < len(f.Nodes) }
	rail := func(r int) bool { return r >= 0 && r < MaxFabricRails }
	seen := make(map[uint32]struct{}, len(f.Pairs))
	for i, p := range f.Pairs {
		switch {
		case !known(p.From) || !known(p.To) || p.From == p.To:
			return fmt.Errorf("pairs[%d] is from node %d to node %d: must be two of the %d nodes", i, p.From, p.To, len(f.Nodes))
		case !rail(p.FromRail) || !rail(p.ToRail):
			return fmt.Errorf("pairs[%d] is from rail %d to rail %d: must be 0 to %d", i, p.FromRail, p.ToRail, MaxFabricRails-1)
		}
		// Below 2^28: a million such keys take little memory.
		key := uint32(((p.From*MaxFabricNodes+p.To)*MaxFabricRails+p.FromRail)*MaxFabricRails + p.ToRail)
		if _, twice := seen[key]; twice {
			return fmt.Errorf("pairs[%d]: node %d to node %d on %s is there twice", i, p.From, p.To, p.Rails())
		}
		seen[key] = struct{}{}
	}
	for i, o := range f.Outliers {
		for _, n := range append([]int{valueOr(o.From), valueOr(o.To)}, o.Nodes...) {
			if !known(n) {
				return fmt.Errorf("outliers[%d] is of node %d: there are %d nodes", i, n, len(f.Nodes))
			}
		}
	}
	return nil
}

func valueOr(node *int) int {
	if node == nil {
		return 0
	}
	return *node
}

// The largest plausible figures: rates in Mpps or Gbps, times in microseconds or seconds.
const (
	mostRate = 1e9
	mostTime = 1e15
)

// check refuses figures that nobody can have measured. Its error begins with the field.
func (p FabricPair) check() error {
	c := figureCheck{}
	c.within("round", float64(p.Round), mostRate)
	c.within("seconds", p.Seconds, mostTime)
	if p.LossRatio != nil {
		c.within("lossRatio", *p.LossRatio, 1)
	}
	if p.ReturnLossRatio != nil {
		c.within("returnLossRatio", *p.ReturnLossRatio, 1)
	}
	c.rate("received", p.Received)
	if p.RTT != nil {
		c.rtt(*p.RTT)
	}
	if p.NDR != nil {
		c.rate("ndr.lower", p.NDR.Lower)
		c.rate("ndr.upper", p.NDR.Upper)
	}
	return c.err
}

// figureCheck has the error of the first figure out of its bounds.
type figureCheck struct{ err error }

// within wants a figure from 0 to most.
func (c *figureCheck) within(field string, v, most float64) {
	if c.err == nil && !(v >= 0 && v <= most) {
		c.err = fmt.Errorf("%s is %g: must be 0 to %g", field, v, most)
	}
}

func (c *figureCheck) rate(field string, r *Rate) {
	if r == nil {
		return
	}
	c.within(field+".mpps", r.Mpps, mostRate)
	c.within(field+".gbpsL1", r.GbpsL1, mostRate)
	c.within(field+".gbpsL2", r.GbpsL2, mostRate)
}

func (c *figureCheck) rtt(r RTT) {
	c.within("rtt.minUs", r.MinUs, mostTime)
	c.within("rtt.meanUs", r.MeanUs, mostTime)
	c.within("rtt.maxUs", r.MaxUs, mostTime)
	for i, p := range r.Percentiles {
		c.within(fmt.Sprintf("rtt.percentiles[%d].percent", i), p.Percent, 100)
		c.within(fmt.Sprintf("rtt.percentiles[%d].us", i), p.Us, mostTime)
	}
}
