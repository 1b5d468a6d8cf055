package bench

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/podnet/podnet/internal/result"
)

var writeTable = flag.Bool("mlrsearch-table", false, "search from all seeds, and write "+tablePath)

const tablePath = "../../docs/reference/mlrsearch.md"

// referenceRow is what the reference search came to on a device with a preset of
// goals. A figure that is not known is not a number.
type referenceRow struct {
	goals, kind      string
	parameter, sigma float64
	seeds            int
	searchFigures
}

// searchFigures sum up the searches of all seeds.
type searchFigures struct {
	mean, p50, p99, most float64 // trial seconds
	ndrMean, ndrP50      float64 // error of the NDR, in percent of the truth
	none                 float64 // searches without an NDR
	pdr                  float64 // mean of the PDR, in percent of the capacity
}

func readReference(t *testing.T) (rows []referenceRow) {
	t.Helper()
	f, err := os.Open("testdata/mlr-reference.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	lines, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		number := func(i int) float64 {
			if line[i] == "" {
				return math.NaN()
			}
			v, err := strconv.ParseFloat(line[i], 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		rows = append(rows, referenceRow{
			goals: line[0], kind: line[1], parameter: number(2), sigma: number(3), seeds: int(number(4)),
			searchFigures: searchFigures{number(5), number(6), number(7), number(8), number(9), number(10), number(11), number(12)},
		})
	}
	return rows
}

// search carries out our searches on the row's device, from one seed in that many.
func (row referenceRow) search(t *testing.T, every int) (f searchFigures) {
	t.Helper()
	name := row.goals
	if name == "default" {
		name = DefaultPreset
	}
	preset, err := ParsePreset(name)
	if err != nil {
		t.Error(err)
		return f
	}
	var seconds, ndr, pdr []float64
	for seed := 0; seed < row.seeds; seed += every {
		d := &mlrDevice{
			kind: row.kind, parameter: row.parameter, sigma: row.sigma, seed: uint64(seed),
			capacity: 5e6 * (1 + float64(seed)/float64(row.seeds)/10),
		}
		m, err := NDR(t.Context(), &Runner{Path: d, Mix: result.OneSize(64), MaxRate: 10e6}, preset.NDRConfig)
		if err != nil || !m.Valid || !m.Complete {
			t.Errorf("%s: %+v, %v", row, m.Reason, err)
			return f
		}
		seconds = append(seconds, d.seconds)
		for i, g := range m.Goals {
			switch {
			case g.Lower == nil:
				f.none++
			case i == 0:
				ndr = append(ndr, 100*(g.Lower.Mpps*1e6/d.truth()-1))
			default:
				pdr = append(pdr, 100*(g.Lower.Mpps*1e6/d.capacity-1))
			}
		}
	}
	slices.Sort(seconds)
	slices.Sort(ndr)
	f.mean, f.p50, f.p99, f.most = mean(seconds), quantile(seconds, 0.5), quantile(seconds, 0.99), seconds[len(seconds)-1]
	f.ndrMean, f.ndrP50, f.pdr = mean(ndr), quantile(ndr, 0.5), mean(pdr)
	return f
}

func (row referenceRow) String() string {
	name := row.kind
	if row.parameter > 0 {
		name += fmt.Sprintf(" %g", row.parameter)
	}
	return fmt.Sprintf("%s, noise %g %%", name, 100*row.sigma)
}

// TestSearchBesideReference searches on every device that FD.io's implementation of
// MLRsearch was run with, and holds ours against it. Without -mlrsearch-table it
// takes few of the seeds, which give only the mean.
func TestSearchBesideReference(t *testing.T) {
	rows := readReference(t)
	ours := make([]searchFigures, len(rows))
	every := 10
	if *writeTable {
		every = 1
	}
	var wait sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, row := range rows {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			ours[i] = row.search(t, every)
		})
	}
	wait.Wait()
	for i, row := range rows {
		row.check(t, ours[i])
	}
	if *writeTable {
		if err := os.WriteFile(tablePath, renderSearches(rows, ours), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// check holds our searches against the reference's: a tenth more time at most in a
// hundredth of the searches, and the same rate where random losses do not move it.
func (row referenceRow) check(t *testing.T, got searchFigures) {
	t.Helper()
	slower := func(name string, got, reference, limit float64) {
		if got > limit*reference {
			t.Errorf("%s, %s: %s %.1f s, reference %.1f s", row.goals, row, name, got, reference)
		}
	}
	if !*writeTable {
		slower("mean", got.mean, row.mean, 1.25)
		return
	}
	slower("mean", got.mean, row.mean, 1.15)
	slower("p99", got.p99, row.p99, 1.1)
	if math.IsNaN(row.p99) {
		slower("p99", got.p99, row.most, 1.1)
	}
	if row.goals == "default" && row.kind != "random" && (got.ndrP50 < row.ndrP50-0.1 || got.ndrP50 > 0 || got.none != 0 || got.pdr < row.pdr-0.2) {
		t.Errorf("%s: NDR %+.2f %%, %.0f without, PDR %+.2f %%; reference NDR %+.2f %%, PDR %+.2f %%", row, got.ndrP50, got.none, got.pdr, row.ndrP50, row.pdr)
	}
}

// renderSearches is the page with the figures.
func renderSearches(rows []referenceRow, ours []searchFigures) []byte {
	var b bytes.Buffer
	b.WriteString(tableHead)
	cell := func(format string, values ...float64) string {
		cells := make([]string, len(values))
		for i, v := range values {
			if cells[i] = fmt.Sprintf(format, v); math.IsNaN(v) {
				cells[i] = "-"
			}
		}
		return strings.Join(cells, " / ")
	}
	for i, row := range rows {
		got := ours[i]
		if row.goals != "default" {
			continue
		}
		if row.kind == "random" && row.parameter == 1e-4 { // its truth is below the lowest load
			got.ndrMean, got.ndrP50, row.ndrMean, row.ndrP50 = math.NaN(), math.NaN(), math.NaN(), math.NaN()
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", row,
			cell("%.1f", got.mean, row.mean), cell("%.0f", got.p50, row.p50), cell("%.0f", got.p99, row.p99),
			cell("%+.2f", got.ndrP50, row.ndrP50), cell("%+.2f", got.pdr, row.pdr), cell("%.0f", got.none, row.none))
	}
	b.WriteString(longHead)
	for i, row := range rows {
		if got := ours[i]; row.goals != "default" {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %+.2f |\n", row.goals, row,
				cell("%.1f", got.mean, row.mean), cell("%.0f", got.p99, row.p99), cell("%.0f", got.most, row.most), got.ndrP50)
		}
	}
	return b.Bytes()
}

const tableHead = `# MLRsearch beside FD.io's

<!-- Written by make mlrsearch. -->

For performance engineers who know FD.io's search. podnet's search and FD.io's MLRsearch 1.2.1 (FDio/csit commit 78e52b9) on the same simulated devices, with the same random
numbers. Each cell has podnet's figure first, then FD.io's. Times are trial seconds per search; errors are the
relevant lower bound's. [Measurement](../explanation/measurement.md) explains how podnet searches.

Each row is 400 searches, each for NDR (no loss) and PDR (at most 0.5 %) at once: exceed ratio 0.5, duration sum 21 s, trials
of 1 s, width 0.5 %, loads from 10 kpps to 10 Mpps. The capacity of the device is 5 to 5.5 Mpps, another one per seed.
*Noise* is the standard deviation of the capacity from trial to trial. The devices:

- *limited* forwards its capacity and drops the rest; *step* loses a fifth of everything above it; *sloped* loses a tenth of
  everything above it; *collapsing* forwards less the more it gets.
- *bandmissed* and *bandmet* also lose 2 % at some loads below the capacity. The search passes by the first band, and meets
  the second one, below which the NDR then is.
- *random* loses each packet with that probability. Its truth is the load at which half of the trials lose nothing; for 0.0001
  that is below the lowest load.
- *driftup* and *driftdown* begin a tenth below or above their capacity and approach it with a time constant of 10 s.
- *tail* loses 0.1 to 1 % in that part of the trials; *bimodal* has a tenth less capacity in that part of the trials.

| device | mean s | median s | p99 s | median NDR error % | mean PDR, % of the capacity | no NDR |
|---|---:|---:|---:|---:|---:|---:|
`

const longHead = `
## Long trials

Each row is 100 searches for one goal with a preset of ` + "`--goal-preset`" + `. FD.io's p99 is not known for these goals, and
its largest only where it is given.

| preset | device | mean s | p99 s | largest s | median NDR error % |
|---|---|---:|---:|---:|---:|
`
