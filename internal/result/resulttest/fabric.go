package resulttest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// FabricFault changes the share of the load that arrives, and the factor of the round-trip
// time, of one direction between two nodes.
type FabricFault func(from, to, rail int) (rate, rtt float64)

// SlowReceiver is a node that receives that share on a rail.
func SlowReceiver(node, rail int, share float64) FabricFault {
	return func(_, to, r int) (float64, float64) { return faultIf(to == node && r == rail, share) }
}

// SlowSender is a node that sends that share on a rail.
func SlowSender(node, rail int, share float64) FabricFault {
	return func(from, _, r int) (float64, float64) { return faultIf(from == node && r == rail, share) }
}

// SlowLink is one direction between two nodes.
func SlowLink(from, to, rail int, share float64) FabricFault {
	return func(f, t, r int) (float64, float64) { return faultIf(f == from && t == to && r == rail, share) }
}

// LongTrips is a node to and from which round trips take that many times as long.
func LongTrips(node, rail int, times float64) FabricFault {
	return func(from, to, r int) (float64, float64) {
		if (from == node || to == node) && r == rail {
			return 1, times
		}
		return 1, 1
	}
}

// Generations are two kinds of nodes: a pair with one of the first ones has that share.
func Generations(first int, share float64) FabricFault {
	return func(from, to, _ int) (float64, float64) { return faultIf(from < first || to < first, share) }
}

// SlowRail is a rail of all nodes.
func SlowRail(rail int, share float64) FabricFault {
	return func(_, _, r int) (float64, float64) { return faultIf(r == rail, share) }
}

func faultIf(hit bool, share float64) (rate, rtt float64) {
	if hit {
		return share, 1 / max(share, 0.1)
	}
	return 1, 1
}

// Fabric is a simulated run between so many nodes, always the same for a seed: noise of
// 1 % in rates and of 10 % in times, and faults. Whoever changes its pairs has it judged
// again.
func Fabric(nodes, rails int, seed uint64, faults ...FabricFault) result.Fabric {
	r := rand.New(rand.NewPCG(seed, 0))
	ended := start.Add(time.Duration(nodes-1) * 3 * time.Second)
	f := result.Fabric{
		Schema: result.FabricSchema, Started: start, Ended: &ended, Complete: true,
		Settings: result.FabricSettings{
			Version: "v0.1.0", Nodes: nodes, Mode: result.FabricPairs, Rails: result.FabricSame, RailCount: rails,
			Rate: "1Mpps", Frame: Size(64), TrialSeconds: 1, WarmupSeconds: 0.1,
		},
		Rounds: result.FabricRounds{Planned: nodes - 1 + nodes%2, Done: nodes - 1 + nodes%2, PlannedSeconds: ended.Sub(start).Seconds(), Started: &start},
	}
	for i := range nodes {
		n := result.FabricNode{
			Index: i, Name: fmt.Sprintf("node-%d", i), Pod: fmt.Sprintf("fabric-%d", i), Joined: &start,
			Version: "v0.1.0", DPDK: "22.11.11", Kernel: "6.1.0", CPUModel: "Some CPU @ 2.5 GHz", CPUs: "4-7",
		}
		for rail := range rails {
			n.Rails = append(n.Rails, result.FabricRail{Device: result.Device{
				Name: fmt.Sprintf("net%d", rail+1), Kind: "pci", Port: fmt.Sprintf("0000:3b:02.%d", rail), Driver: "net_iavf",
				MAC: fmt.Sprintf("02:00:00:%02x:%02x:%02x", rail, i>>8, i&255), Device: fmt.Sprintf("0000:3b:02.%d", rail),
			}})
		}
		f.Nodes = append(f.Nodes, n)
	}
	for from := range nodes {
		for to := range nodes {
			for rail := range rails {
				if from != to {
					f.Pairs = append(f.Pairs, fabricPair(r, from, to, rail, nodes, faults))
				}
			}
		}
	}
	return f.Judged()
}

func fabricPair(r *rand.Rand, from, to, rail, nodes int, faults []FabricFault) result.FabricPair {
	const offered = 1_000_000 // in a second
	share, trip := 1.0, 1.0
	for _, fault := range faults {
		s, t := fault(from, to, rail)
		share, trip = min(share, s), max(trip, t)
	}
	if share < 1 {
		share *= 1 + 0.01*r.NormFloat64()
	} else if r.IntN(10) == 0 {
		share = 1 - 1e-5*r.Float64()
	}
	arrived := uint64(offered * min(1, max(0, share)))
	p := result.FabricPair{
		From: from, To: to, FromRail: rail, ToRail: rail, Round: 1 + (from+to)%max(1, nodes-1), Started: &start, Seconds: 1,
		Offered: offered, Sent: offered, Arrived: &arrived, Returned: &arrived, Valid: true,
	}
	rate := result.NewRate(float64(arrived), 64)
	loss := 1 - float64(arrived)/offered
	var none float64
	p.Received, p.LossRatio, p.ReturnLossRatio = &rate, &loss, &none
	if arrived > 0 {
		us := 12 * trip * (1 + 0.1*r.Float64())
		p.RTT = &result.RTT{Packets: arrived, MinUs: us * 0.7, MeanUs: us * 1.05, MaxUs: us * (5 + 10*r.Float64())}
		for i, percent := range []float64{50, 90, 99, 99.9} {
			p.RTT.Percentiles = append(p.RTT.Percentiles, result.Percentile{Percent: percent, Us: us * (1 + 0.3*float64(i)*(1+0.2*r.Float64()))})
		}
	}
	return p
}

// Lose takes the figures of a node's pairs.
func Lose(f result.Fabric, node int, code result.FabricCode, text string) result.Fabric {
	for i, p := range f.Pairs {
		if p.From == node || p.To == node {
			f.Pairs[i] = result.FabricPair{
				From: p.From, To: p.To, FromRail: p.FromRail, ToRail: p.ToRail, Round: p.Round,
				Missing: &result.FabricMissing{Code: code, Node: &node, Text: text},
			}
		}
	}
	f.Nodes[node].Missing = &result.FabricMissing{Code: code, Node: &node, Text: text}
	return f.Judged()
}
