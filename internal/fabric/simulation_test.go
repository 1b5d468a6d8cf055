package fabric

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"

	"github.com/podnet/podnet/internal/racetest"
	"github.com/podnet/podnet/internal/result"
)

// A simulated pod has at most one fault. Each begins at a random time of the run, and
// may end after another one.
var faults = map[string]func(s *trial, i int, begin, length time.Duration){
	"dead": func(s *trial, i int, begin, _ time.Duration) {
		time.AfterFunc(begin, func() { s.kill(i) })
	},
	"restarted": func(s *trial, i int, begin, length time.Duration) {
		time.AfterFunc(begin, func() { s.kill(i) })
		time.AfterFunc(begin+length, func() { s.start(i) })
	},
	"hung": func(s *trial, i int, begin, length time.Duration) {
		time.AfterFunc(begin, func() { s.disturb(i, func(p *pod) { p.hung = true }) })
		time.AfterFunc(begin+length, func() { s.disturb(i, func(p *pod) { p.hung = false }) })
	},
	"slow": func(s *trial, i int, begin, length time.Duration) {
		time.AfterFunc(begin, func() { s.disturb(i, func(p *pod) { p.delay = 3 * time.Second }) })
		time.AfterFunc(begin+length, func() { s.disturb(i, func(p *pod) { p.delay = 0 }) })
	},
	"partitioned": func(s *trial, i int, begin, length time.Duration) {
		time.AfterFunc(begin, func() { s.pods[i].partition(true) })
		time.AfterFunc(begin+length, func() { s.pods[i].partition(false) })
	},
	"late": func(s *trial, i int, begin, _ time.Duration) {
		s.absent[i] = true
		time.AfterFunc(Timing{}.withDefaults().Join+begin, func() { s.start(i) })
	},
}

// explains says which reasons a fault may have for a pair without figures. A pod that is
// slow or hung may be found out in both ways.
var explains = map[string][]result.FabricCode{
	"dead":        {result.FabricDead},
	"restarted":   {result.FabricDead, result.FabricRestarted},
	"hung":        {result.FabricHung},
	"slow":        {result.FabricHung},
	"partitioned": {result.FabricPartitioned, result.FabricDead},
	"late":        {result.FabricAbsent, result.FabricLate},
}

// simulated holds a run with so many faulty pods to what fabric promises: of each flow
// there are exactly its own figures, or a reason that is about a faulty pod of its own, and
// the rounds took no longer than 1.3 times what was planned.
func simulated(t *testing.T, seed uint64, c Config, faulty int) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, seed))
	names := []string{"dead", "restarted", "hung", "slow", "partitioned", "late"}
	has := make(map[int]string)
	doc := simulate(t, c, 1, func(s *trial) {
		plan, err := NewPlan(c, Timing{})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range random.Perm(c.Nodes - 1)[:faulty] {
			i++ // not the coordinator's
			name := names[len(has)%len(names)]
			has[i] = name
			// While pods are late, all others wait for them.
			begin := time.Duration(random.Float64() * float64(seconds(plan.Seconds)))
			if name != "late" {
				begin += Timing{}.withDefaults().Join
			}
			faults[name](s, i, begin, time.Duration(random.IntN(180))*time.Second)
		}
	})
	without := whole(t, c, 1, doc)
	for f, m := range without {
		if m.Node == nil || has[*m.Node] == "" || *m.Node != f.From && *m.Node != f.To {
			t.Fatalf("%v: the reason is not about a faulty pod of its own: %s", f, m.Text)
		}
		known := false
		for _, code := range explains[has[*m.Node]] {
			known = known || m.Code == code
		}
		if !known {
			t.Errorf("%v: %s has the fault %q, and the reason is %q: %s", f, doc.Nodes[*m.Node].Name, has[*m.Node], m.Code, m.Text)
		}
	}
	is, planned := took(t, doc)
	if is > planned*13/10 {
		t.Errorf("the rounds took %v, planned %v", is, planned)
	}
	t.Logf("%d pods, %d of them faulty: %d of %d flows without figures %v; %v, planned %v (%.2f)",
		c.Nodes, faulty, len(without), len(doc.Pairs), codes(without), is, planned, float64(is)/float64(planned))
}

func TestSimulation(t *testing.T) {
	for seed := range uint64(4) {
		for _, mode := range []string{result.FabricPairs, result.FabricSaturate} {
			t.Run(fmt.Sprint(mode, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := pairs(60)
					c.Mode, c.Load.Trial = mode, 4*time.Second
					simulated(t, seed, c, 6)
				})
			})
		}
	}
}

func TestBigSimulation(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector has enough of TestSimulation's runs; this one has a million messages")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	synctest.Test(t, func(t *testing.T) { simulated(t, 1, pairs(500), 24) })
}
