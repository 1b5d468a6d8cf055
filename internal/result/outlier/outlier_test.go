package outlier

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// fault changes a matrix of rates around 1.
type fault func(m Matrix)

func times(v float64, hit func(from, to int) bool) fault {
	return func(m Matrix) {
		m.each(func(from, to int, old float64) {
			if hit(from, to) {
				m.Set(from, to, v*old)
			}
		})
	}
}

func slowSender(node int, v float64) fault {
	return times(v, func(from, _ int) bool { return from == node })
}

func slowReceiver(node int, v float64) fault {
	return times(v, func(_, to int) bool { return to == node })
}

func slowLink(a, b int, v float64) fault {
	return times(v, func(from, to int) bool { return from == a && to == b })
}

// generations limits each pair to the slower of its nodes; the first ones are slow.
func generations(slow int, v float64) fault {
	return times(v, func(from, to int) bool { return from < slow || to < slow })
}

// noisy is a cluster in which pairs and nodes differ by that much, as standard deviations.
func noisy(r *rand.Rand, nodes int, pairs, perNode float64, faults ...fault) Matrix {
	m := NewMatrix(nodes)
	effect := make([][2]float64, nodes)
	for i := range effect {
		effect[i] = [2]float64{perNode * r.NormFloat64(), perNode * r.NormFloat64()}
	}
	for from := range nodes {
		for to := range nodes {
			if from != to {
				m.Set(from, to, max(0, 1+effect[from][0]+effect[to][1]+pairs*r.NormFloat64()))
			}
		}
	}
	for _, f := range faults {
		f(m)
	}
	return m
}

// said are findings in short.
func said(list []Finding) string {
	var all []string
	for _, f := range list {
		switch f.Kind {
		case Link, BothWays:
			all = append(all, fmt.Sprintf("%s %d>%d", f.Kind, f.From, f.To))
		case Group:
			all = append(all, fmt.Sprintf("%s of %d", f.Kind, len(f.Nodes)))
		case Pattern:
			all = append(all, string(f.Kind))
		default:
			all = append(all, fmt.Sprintf("%s %d", f.Kind, f.From))
		}
	}
	return strings.Join(all, ", ")
}

// planted are clusters with faults, and what has to be found, in all of many matrices.
var planted = []struct {
	name          string
	nodes         int
	pairs, within float64 // noise
	faults        []fault
	want          string
}{
	{"slow receiver", 100, 0.03, 0.01, []fault{slowReceiver(7, 0.41)}, "receiver 7"},
	{"slow receiver, hardly", 100, 0.03, 0.01, []fault{slowReceiver(7, 0.85)}, "receiver 7"},
	{"slow sender", 100, 0.03, 0.01, []fault{slowSender(7, 0.41)}, "sender 7"},
	{"slow in both roles", 100, 0.03, 0.01, []fault{slowSender(7, 0.5), slowReceiver(7, 0.5)}, "node 7"},
	{"a link", 100, 0.03, 0.01, []fault{slowLink(3, 9, 0.41)}, "link 3>9"},
	{"a link both ways", 60, 0.03, 0.01, []fault{slowLink(3, 9, 0.4), slowLink(9, 3, 0.5)}, "both-ways 3>9"},
	{"a dead link", 60, 0.03, 0.01, []fault{slowLink(3, 9, 0)}, "link 3>9"},
	{"a node that receives nothing", 60, 0.03, 0.01, []fault{slowReceiver(3, 0)}, "receiver 3"},
	{"several faults", 60, 0.03, 0.01, []fault{slowReceiver(3, 0.3), slowSender(5, 0.5), slowLink(8, 9, 0.4)}, "receiver 3, sender 5, link 8>9"},
	{"a link of a slow node", 60, 0.03, 0.01, []fault{slowReceiver(3, 0.5), slowLink(4, 3, 0.2)}, "receiver 3, link 4>3"},
	{"ten slow receivers of 60", 60, 0.02, 0.01, []fault{times(0.5, func(_, to int) bool { return to < 10 })}, strings.TrimSuffix(strings.Repeat("receiver %, ", 10), ", ")},
	{"two generations, even", 60, 0.03, 0.01, []fault{generations(30, 0.4)}, "group of 30"},
	{"two generations, few slow", 60, 0.03, 0.01, []fault{generations(15, 0.4)}, "group of 15"},
	{"two generations, few fast", 60, 0.03, 0.01, []fault{generations(40, 0.4)}, "group of 40"},
	{"two generations and a slow receiver", 60, 0.03, 0.01, []fault{generations(20, 0.4), slowReceiver(50, 0.3)}, "group of 20, receiver 50"},
	{"two generations of six nodes", 6, 0.02, 0, []fault{generations(3, 0.4)}, "group of 3"},
	{"half of the nodes slow as receivers", 60, 0.03, 0.01, []fault{times(0.4, func(_, to int) bool { return to < 30 })}, strings.TrimSuffix(strings.Repeat("receiver %, ", 30), ", ")},
	{"two racks with a narrow uplink", 60, 0.03, 0.01, []fault{times(0.4, func(from, to int) bool { return from < 20 != (to < 20) })}, "pattern"},
	{"three nodes, slow receiver", 3, 0.01, 0, []fault{slowReceiver(2, 0.41)}, "receiver 2"},
	{"three nodes, slow sender", 3, 0.01, 0, []fault{slowSender(0, 0.41)}, "sender 0"},
	{"three nodes, one slow in both roles", 3, 0.01, 0, []fault{slowSender(1, 0.41), slowReceiver(1, 0.41)}, "node 1"},
	{"three nodes, a link", 3, 0.01, 0, []fault{slowLink(0, 2, 0.41)}, "link 0>2"},
	{"four nodes, two slow in both roles", 4, 0.005, 0, []fault{generations(2, 0.4)}, "node 0, node 1"},
	{"six nodes, slow receiver", 6, 0.02, 0.01, []fault{slowReceiver(2, 0.41)}, "receiver 2"},
	{"six nodes, slow in both roles", 6, 0.02, 0.01, []fault{slowReceiver(2, 0.41), slowSender(2, 0.41)}, "node 2"},
	{"six nodes, a link", 6, 0.02, 0.01, []fault{slowLink(4, 2, 0.41)}, "link 4>2"},
	{"two nodes, one direction", 2, 0, 0, []fault{slowLink(0, 1, 0.41)}, "link 0>1"},
}

// How often a fault is found, and nothing else is blamed for it.
func TestPower(t *testing.T) {
	for i, c := range planted {
		t.Run(c.name, func(t *testing.T) {
			tries := 100
			if c.nodes > 10 {
				tries = 20
			}
			r := rand.New(rand.NewPCG(1, uint64(i)))
			found, others := 0, map[string]int{}
			for range tries {
				got := said(Find(noisy(r, c.nodes, c.pairs, c.within, c.faults...), Rate))
				if matches(got, c.want) {
					found++
				} else {
					others[fmt.Sprintf("%.80s", got)]++
				}
			}
			t.Logf("%d nodes, noise %g %%: found in %d of %d matrices %v", c.nodes, 100*c.pairs, found, tries, others)
			if found < tries*95/100 {
				t.Errorf("%q is found %d times of %d, instead: %v", c.want, found, tries, others)
			}
		})
	}
}

// matches compares what is said, in any order; % stands for the next node, from 0.
func matches(got, want string) bool {
	if strings.Contains(want, "%") {
		var all []string
		for i := range strings.Count(want, "%") {
			all = append(all, fmt.Sprintf("receiver %d", i))
		}
		want = strings.Join(all, ", ")
	}
	a, b := strings.Split(got, ", "), strings.Split(want, ", ")
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// How often something is found where there is nothing but noise.
func TestFalseAlarms(t *testing.T) {
	for _, nodes := range []int{2, 3, 4, 6, 10, 30, 100} {
		for _, c := range []struct{ pairs, nodes float64 }{{0, 0}, {0.01, 0}, {0.03, 0.01}, {0.05, 0.02}, {0.08, 0.03}} {
			tries := min(1000, 50_000/(nodes*nodes))
			r := rand.New(rand.NewPCG(2, uint64(nodes)))
			alarms, what := 0, map[string]int{}
			for range tries {
				if got := said(Find(noisy(r, nodes, c.pairs, c.nodes), Rate)); got != "" {
					alarms++
					what[got]++
				}
			}
			t.Logf("%3d nodes, noise of pairs %g %%, of nodes %g %%: %d alarms in %d matrices", nodes, 100*c.pairs, 100*c.nodes, alarms, tries)
			most := tries / 50
			if nodes <= 3 && c.pairs > 0.03 {
				most = tries / 8 // nothing tells the noise of so few pairs
			}
			if alarms > most {
				t.Errorf("%d nodes, noise %g %%: %d alarms in %d matrices: %v", nodes, 100*c.pairs, alarms, tries, what)
			}
		}
	}
}

// No peer of a slow node is blamed, wherever it is and however slow.
func TestInnocents(t *testing.T) {
	for _, v := range []float64{0, 0.01, 0.2, 0.5, 0.8, 0.9, 0.95} {
		for _, nodes := range []int{3, 4, 5, 6, 10, 60} {
			r := rand.New(rand.NewPCG(3, uint64(nodes)))
			for node := range nodes {
				for _, f := range Find(noisy(r, nodes, 0.01, 0.003, slowReceiver(node, v)), Rate) {
					if f.Kind != Receiver && f.Kind != Link || f.To != node {
						t.Errorf("%d nodes, node %d receives %g: %s", nodes, node, v, said([]Finding{f}))
					}
				}
			}
		}
	}
}

func TestFigures(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 0))
	for _, c := range []struct {
		name          string
		figure        Figure
		m             Matrix
		want          string
		value, expect float64
	}{
		{"rate", Rate, noisy(r, 20, 0.01, 0, slowReceiver(4, 0.41)), "receiver 4", 0.41, 1},
		{"round trip", RoundTrip, noisy(r, 20, 0.1, 0, slowReceiver(4, 3), slowSender(4, 3)), "node 4", 3, 1},
		{"round trip of a link", RoundTrip, noisy(r, 20, 0.1, 0, slowLink(4, 5, 9)), "link 4>5", 9, 1},
		{"short round trips", RoundTrip, noisy(r, 20, 0.1, 0, slowLink(4, 5, 0.1)), "", 0, 0},
		{"loss", Loss, noisy(r, 20, 0, 0, times(0, func(_, to int) bool { return to != 4 }), slowReceiver(4, 0.02)), "receiver 4", 0.02, 0},
		{"loss of a link", Loss, noisy(r, 20, 0, 0, times(0, func(from, to int) bool { return from != 3 || to != 4 }), slowReceiver(4, 0.02)), "link 3>4", 0.02, 0},
		{"loss everywhere", Loss, noisy(r, 20, 0.1, 0, times(0.1, func(_, _ int) bool { return true })), "", 0, 0},
		{"little loss", Loss, noisy(r, 20, 0, 0, times(0, func(_, to int) bool { return to != 4 }), slowReceiver(4, 0.0009)), "", 0, 0},
		{"nothing arrives", Rate, noisy(r, 5, 0, 0, times(0, func(_, _ int) bool { return true })), "", 0, 0},
		{"nothing measured", Rate, NewMatrix(5), "", 0, 0},
		{"no loss measured", Loss, NewMatrix(5), "", 0, 0},
		{"no nodes", Rate, NewMatrix(0), "", 0, 0},
	} {
		list := Find(c.m, c.figure)
		if got := said(list); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
			continue
		}
		if len(list) > 0 && (math.Abs(list[0].Value-c.value) > 0.1*c.value || math.Abs(list[0].Expected-c.expect) > 0.05) {
			t.Errorf("%s: %g where %g is expected, want %g and %g", c.name, list[0].Value, list[0].Expected, c.value, c.expect)
		}
	}
}

// Of a ring each node has two pairs in each role.
func TestRing(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 0))
	ring := func(faults ...fault) Matrix {
		m := noisy(r, 12, 0.01, 0, faults...)
		m.each(func(from, to int, _ float64) {
			if d := (from - to + 12) % 12; d != 1 && d != 11 {
				m.Set(from, to, math.NaN())
			}
		})
		return m
	}
	for want, f := range map[string]fault{"receiver 5": slowReceiver(5, 0.4), "link 5>6": slowLink(5, 6, 0.4), "": slowLink(2, 9, 0.4)} {
		if got := said(Find(ring(f), Rate)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A matrix with holes, and odd figures.
func TestHoles(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 0))
	for range 200 {
		m := noisy(r, 12, 0.02, 0, slowReceiver(5, 0.4))
		m.each(func(from, to int, _ float64) {
			if r.IntN(3) == 0 {
				m.Set(from, to, math.NaN())
			}
		})
		if got := said(Find(m, Rate)); !strings.Contains(got, "receiver 5") || strings.Contains(got, ",") {
			t.Errorf("%q", got)
		}
	}
	odd := []float64{0, -1, 1e-300, 1e300, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64}
	for range 500 {
		n := r.IntN(8)
		m := NewMatrix(n)
		for i := range m.cells {
			m.cells[i] = odd[r.IntN(len(odd))]
		}
		for _, f := range []Figure{Rate, RoundTrip, Loss} {
			Find(m, f)
		}
	}
}

// A fifth of a thousand nodes is slow.
func TestManyNodes(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 0))
	list := Find(noisy(r, 1000, 0.03, 0.01, times(0.5, func(_, to int) bool { return to < 190 })), Rate)
	if len(list) != 190 || list[0].Kind != Receiver {
		t.Errorf("%d findings: %.200s", len(list), said(list))
	}
}
