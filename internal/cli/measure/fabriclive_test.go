package measure

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/podnet/podnet/internal/fabric"
	"github.com/podnet/podnet/internal/metrics"
	"github.com/podnet/podnet/internal/report"
	"github.com/podnet/podnet/internal/result"
)

// The simulated fabric's nodes that have a fault.
const (
	liveNodes   = 6
	liveFailing = 4 // its fast path fails when it sends
	liveLate    = 2 // its generator is late
)

// livePath is the fast path of a simulated pod: at once, all packets of each task arrive.
type livePath int

// Rails implements fabric.Path.
func (i livePath) Rails() []result.FabricRail {
	return []result.FabricRail{{Device: result.Device{Name: "net1", Kind: "pci", MAC: fmt.Sprintf("02:00:00:00:00:%02x", int(i))}}}
}

// Generate implements fabric.Path.
func (i livePath) Generate(_ context.Context, _ fabric.Task) (fabric.Generated, error) {
	if i == liveFailing {
		return fabric.Generated{}, fmt.Errorf("the port is gone")
	}
	sent := uint64(1000)
	g := fabric.Generated{Started: time.Now(), Seconds: 1, Offered: sent, Sent: sent, Returned: &sent, Valid: true}
	if i == liveLate {
		g.Valid, g.Reason = false, "the generator was late"
	}
	return g, nil
}

// Reflect implements fabric.Path.
func (livePath) Reflect(_ context.Context, _ fabric.Task, ready func(), stop <-chan struct{}) (fabric.Reflected, error) {
	ready()
	<-stop
	arrived := uint64(1000)
	return fabric.Reflected{Arrived: &arrived}, nil
}

// simulateLive runs a fabric of simulated pods, and scrapes the coordinator over HTTP at
// each step.
func simulateLive(t *testing.T, scraped func(p fabric.Progress, figures map[string]float64)) result.Fabric {
	t.Helper()
	token, err := fabric.ParseToken([]byte(goodToken))
	if err != nil {
		t.Fatal(err)
	}
	mix, err := result.ParseMix("64")
	if err != nil {
		t.Fatal(err)
	}
	c := &fabric.Coordinator{Token: token, Config: fabric.Config{
		Nodes: liveNodes, Mode: result.FabricPairs, Rails: result.FabricSame,
		Load: fabric.Load{Mix: mix, Rate: "1kpps", Trial: time.Millisecond},
	}}
	server, err := metrics.Serve(t.Context(), "127.0.0.1:0", newStatus(deps{}, "fabric"), report.FabricLive(c.SoFar))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c.Progress = func(p fabric.Progress) { scraped(p, scrape(t, "http://"+server.Addr().String()+"/metrics")) }

	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var pods sync.WaitGroup
	defer pods.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := range liveNodes {
		agent := fabric.Agent{
			Pod:  fabric.Pod{Index: i, Node: fmt.Sprintf("node-%d", i), Pod: fmt.Sprintf("fabric-%d", i)},
			Path: livePath(i), Token: token,
			Dial: func(ctx context.Context) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "tcp", listener.Addr().String())
			},
		}
		pods.Go(func() {
			if err := agent.Run(ctx); err != nil {
				t.Errorf("pod %d: %v", i, err)
			}
		})
	}
	doc, err := c.Run(ctx, listener)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// scrape reads the metrics of fabric at an address: each with its labels.
func scrape(t *testing.T, url string) map[string]float64 {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v\n%s", answer.StatusCode, err, body)
	}
	figures := map[string]float64{}
	for _, m := range regexp.MustCompile(`(?m)^(podnet_fabric_\S+) (\S+)$`).FindAllStringSubmatch(string(body), -1) {
		if figures[m[1]], err = strconv.ParseFloat(m[2], 64); err != nil {
			t.Fatal(err)
		}
	}
	return figures
}

// Whoever scrapes a run sees from the first round on how each node does as sender and as
// receiver, in no more series than one for each node, rail, role and figure.
func TestFabricLiveMetrics(t *testing.T) {
	const planned = liveNodes * (liveNodes - 1)
	var rounds []map[string]float64
	doc := simulateLive(t, func(p fabric.Progress, figures map[string]float64) {
		if p.Round > 0 {
			rounds = append(rounds, figures)
		} else if len(figures) != 0 {
			t.Errorf("before the first round there is %v", figures)
		}
	})
	if len(rounds) < liveNodes-1 {
		t.Fatalf("%d rounds, want %d and more", len(rounds), liveNodes-1)
	}
	pairs := func(figures map[string]float64, state string) float64 {
		return figures[fmt.Sprintf("podnet_fabric_pairs{mode=%q,run=%q,state=%q}", "pairs", "1", state)]
	}
	for i, figures := range rounds {
		if got := pairs(figures, "valid") + pairs(figures, "invalid") + pairs(figures, "missing") + pairs(figures, "pending"); got != planned {
			t.Errorf("round %d: the states have %g pairs, want %d", i+1, got, planned)
		}
		if most := liveNodes*2*8 + 10; len(figures) > most {
			t.Errorf("round %d: %d series, want %d at most", i+1, len(figures), most)
		}
	}
	if got := pairs(rounds[0], "pending"); got != planned-liveNodes {
		t.Errorf("after a round %g pairs are pending, want %d", got, planned-liveNodes)
	}
	of := func(figures map[string]float64, what string, node int, role string) float64 {
		name := fmt.Sprintf("podnet_fabric_node_%s{mode=%q,node=\"node-%d\",rail=%q,role=%q,run=%q}", what, "pairs", node, "0", role, "1")
		v, ok := figures[name]
		if !ok {
			t.Errorf("there is no %s", name)
		}
		return v
	}
	if got := of(rounds[0], "measured_pairs", 0, "sender"); got != 1 {
		t.Errorf("after a round node-0 has measured %g pairs as sender, want 1", got)
	}
	last := rounds[len(rounds)-1]
	for _, c := range []struct {
		what, role string
		node       int
		want       float64
	}{
		{"measured_pairs", "sender", 0, 5},
		{"measured_pairs", "receiver", 0, 4},
		{"missing_pairs", "sender", 0, 0},
		{"missing_pairs", "receiver", 0, 1},
		{"invalid_pairs", "sender", 0, 0},
		{"invalid_pairs", "receiver", 0, 1},
		{"packets_per_second", "sender", 0, 1000},
		{"packets_per_second", "receiver", 0, 1000},
		{"measured_pairs", "sender", liveFailing, 0},
		{"missing_pairs", "sender", liveFailing, 5},
		{"measured_pairs", "receiver", liveFailing, 5},
		{"invalid_pairs", "sender", liveLate, 5},
		{"invalid_pairs", "receiver", liveLate, 0},
	} {
		if got := of(last, c.what, c.node, c.role); got != c.want {
			t.Errorf("node-%d as %s: %s is %g, want %g", c.node, c.role, c.what, got, c.want)
		}
	}
	// The reference has all of them.
	reference, err := os.ReadFile("../../../docs/reference/fabric.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range last {
		if family, _, _ := strings.Cut(name, "{"); !strings.Contains(string(reference), "`"+family) {
			t.Errorf("docs/reference/fabric.md does not have %s", family)
		}
	}
	// The names are those that the result then has.
	var b strings.Builder
	if err := report.WriteFabric(&b, "openmetrics", doc); err != nil {
		t.Fatal(err)
	}
	for name := range last {
		if !strings.Contains(b.String(), name) && !strings.Contains(name, `state="pending"`) {
			t.Errorf("%s is not among the result's metrics", name)
		}
	}
}
