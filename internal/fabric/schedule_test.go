package fabric

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/result"
)

// scheduled holds the rounds to the rules that all modes share, and gives how often pods
// i < j meet, at i * nodes + j.
func scheduled(t *testing.T, c Config) []uint8 {
	t.Helper()
	times := make([]uint8, c.Nodes*c.Nodes)
	for round := range c.RoundCount() {
		busy := make([]bool, c.Nodes)
		for _, p := range c.RoundPairs(round) {
			for _, i := range []int{p.A, p.B} {
				if i < 0 || i >= c.Nodes || busy[i] {
					t.Fatalf("%s of %d, round %d: %d is in two pairs, or is nobody", c.Mode, c.Nodes, round, i)
				}
				busy[i] = true
			}
			times[min(p.A, p.B)*c.Nodes+max(p.A, p.B)]++
		}
	}
	return times
}

func TestPairsOnceEach(t *testing.T) {
	counts := []int{99, 100, 199, 200, 500, 999, MaxNodes}
	for n := 2; n <= 65; n++ {
		counts = append(counts, n)
	}
	for _, n := range counts {
		for _, mode := range []string{result.FabricPairs, result.FabricSaturate} {
			for at, k := range scheduled(t, Config{Nodes: n, Mode: mode}) {
				if i, j := at/n, at%n; (k != 1) != (i >= j) {
					t.Fatalf("%s of %d: %d and %d meet %d times", mode, n, i, j, k)
				}
			}
		}
	}
}

// The rounds of six pods are those that the documentation shows.
func TestRoundsAsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/explanation/fabric.md")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Nodes: 6, Mode: result.FabricPairs}
	for round := range c.RoundCount() {
		row := fmt.Sprintf("| %d |", round+1)
		for _, p := range c.RoundPairs(round) {
			row += fmt.Sprintf(" %d-%d", p.A, p.B)
		}
		if row += " |\n"; !strings.Contains(string(page), row) {
			t.Errorf("the page lacks %q", row)
		}
	}
}

// A pod is without a partner in one round at most.
func TestRoundsAreFew(t *testing.T) {
	for n, want := range map[int]int{2: 1, 3: 3, 4: 3, 99: 99, 100: 99, 1000: 999} {
		if got := (Config{Nodes: n, Mode: result.FabricPairs}).RoundCount(); got != want {
			t.Errorf("%d pods: %d rounds, want %d", n, got, want)
		}
	}
}

func TestRing(t *testing.T) {
	for n := 2; n <= 101; n++ {
		c := Config{Nodes: n, Mode: result.FabricRing}
		for at, k := range scheduled(t, c) {
			i, j := at/n, at%n
			want := i+1 == j || i == 0 && j == n-1
			if (k == 1) != want || k > 1 {
				t.Fatalf("ring of %d: %d and %d meet %d times", n, i, j, k)
			}
		}
	}
}

func TestPhases(t *testing.T) {
	pairs := []Pair{{0, 1}, {2, 3}}
	for _, tt := range []struct {
		mode, rails string
		want        []string
	}{
		{result.FabricPairs, result.FabricSame, []string{
			"0.0>1.0 2.0>3.0", "1.0>0.0 3.0>2.0", "0.1>1.1 2.1>3.1", "1.1>0.1 3.1>2.1",
		}},
		{result.FabricSaturate, result.FabricSame, []string{
			"0.0>1.0 2.0>3.0 1.0>0.0 3.0>2.0", "0.1>1.1 2.1>3.1 1.1>0.1 3.1>2.1",
		}},
		{result.FabricRing, result.FabricCross, []string{
			"0.0>1.0 2.0>3.0", "1.0>0.0 3.0>2.0", "0.1>1.1 2.1>3.1", "1.1>0.1 3.1>2.1",
			"0.0>1.1 2.0>3.1", "1.1>0.0 3.1>2.0", "0.1>1.0 2.1>3.0", "1.0>0.1 3.0>2.1",
		}},
	} {
		var got []string
		for _, phase := range (Config{Mode: tt.mode, Rails: tt.rails}).Phases(pairs, 2) {
			line := ""
			for _, f := range phase {
				line += fmt.Sprintf(" %d.%d>%d.%d", f.From, f.Lane.From, f.To, f.Lane.To)
			}
			got = append(got, line[1:])
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s, rails %s (-want +got):\n%s", tt.mode, tt.rails, diff)
		}
	}
	if got := (Config{Rails: result.FabricSame}).Lanes(3); !slices.Equal(got, []Lane{{0, 0}, {1, 1}, {2, 2}}) {
		t.Errorf("same: %v", got)
	}
}

// Each ordered pair of pods has each lane once.
func TestFlowsOnceEach(t *testing.T) {
	for _, rails := range []string{result.FabricSame, result.FabricCross} {
		for _, n := range []int{2, 7, 12} {
			const perNode = 3
			c := Config{Nodes: n, Mode: result.FabricPairs, Rails: rails}
			times := make(map[Flow]int)
			c.flows(perNode, func(f Flow) { times[f]++ })
			want := n * (n - 1) * perNode
			if rails == result.FabricCross {
				want *= perNode
			}
			if len(times) != want {
				t.Errorf("%d pods, rails %s: %d flows, want %d", n, rails, len(times), want)
			}
			for f, k := range times {
				if k != 1 {
					t.Errorf("%v %d times", f, k)
				}
			}
		}
	}
}
