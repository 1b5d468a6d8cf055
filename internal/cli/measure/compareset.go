package measure

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/report"
	"github.com/podnet/podnet/internal/result"
)

// The units of compared figures.
const (
	mpps         = "Mpps"
	microseconds = "us"
)

// rateKey names a figure. Figures of the same key are compared.
type rateKey struct {
	frame, rate string
	time        bool // a time: its inverse is compared, so that more is better
}

func (k rateKey) unit() string {
	if k.time {
		return microseconds
	}
	return mpps
}

// inUnit formats two figures in the unit that bench's table has for the larger one. The
// second text names the unit.
func inUnit(unit string, before, after float64) (string, string) {
	size := 1.0
	if unit == mpps {
		unit, size = report.PacketUnit(max(before, after))
	}
	return fmt.Sprintf("%.6g", before/size), fmt.Sprintf("%.6g %s", after/size, unit)
}

// side is a set of runs: for each key a figure per run, and the keys in the order of
// their first figures.
type side struct {
	results []result.Result
	keys    []rateKey
	values  map[rateKey][]float64
	started map[rateKey][]time.Time // when the run of each figure began
	oneRun  bool                    // the figures are of one run's repetitions
}

// readSide reads a file, or the files of a directory in the order of time. A run's
// figure is the median of its valid repetitions.
func readSide(path string) (side, error) {
	s := side{values: map[rateKey][]float64{}, started: map[rateKey][]time.Time{}}
	files := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*.json")); err != nil || len(files) == 0 {
			return s, fmt.Errorf("%s: no *.json in this directory", path)
		}
	}
	var err error
	if s.results, err = readResults(files); err != nil {
		return s, err
	}
	slices.SortStableFunc(s.results, func(a, b result.Result) int { return a.Started.Compare(b.Started) })
	s.oneRun = len(s.results) == 1
	for _, r := range s.results {
		s.add(r)
	}
	return s, nil
}

// add adds a run's figures.
func (s *side) add(r result.Result) {
	run := map[rateKey][]float64{}
	var keys []rateKey
	for _, m := range r.Measurements {
		figures(r.Method, m, func(key rateKey, value float64) {
			if run[key] == nil {
				keys = append(keys, key)
			}
			run[key] = append(run[key], value)
		})
	}
	for _, key := range keys {
		if s.values[key] == nil {
			s.keys = append(s.keys, key)
		}
		if s.oneRun {
			s.values[key] = run[key]
		} else {
			s.values[key] = append(s.values[key], middle(run[key]))
			s.started[key] = append(s.started[key], r.Started)
		}
	}
}

// middle is the median.
func middle(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// figures calls put with each figure of a valid measurement.
func figures(method string, m result.Measurement, put func(rateKey, float64)) {
	if !m.Valid || !m.Complete {
		return
	}
	rate := func(name string, mpps float64) { put(rateKey{frame: m.Frame.Name, rate: name}, mpps) }
	if m.Latency == nil {
		for _, g := range m.Goals {
			switch {
			case g.Lower != nil:
				rate(g.Name, g.Lower.Mpps)
			case g.Status == result.BelowMinimum:
				rate(g.Name, 0)
			}
		}
	}
	if t := m.Measured(); t != nil && (method == result.Fixed || method == result.Soak) {
		rate("received", t.Received.Mpps)
	}
	for _, l := range m.Latency {
		for _, percent := range []float64{50, 99} {
			if us, ok := l.RTT.At(percent); ok {
				put(rateKey{m.Frame.Name, fmt.Sprintf("p%g at %s", percent, l.Load), true}, inverse(us))
			}
		}
	}
}

func inverse(v float64) float64 { return 1 / max(v, math.SmallestNonzeroFloat32) }

// sameSettings refuses runs that were measured in different ways.
func sameSettings(allowDifferent bool, results []result.Result) error {
	if allowDifferent {
		return nil
	}
	first := results[0]
	for _, r := range results[1:] {
		if name, a, b := differ(first, r); name != "" {
			return cli.UsageErrorf("the runs were measured with different settings: %s %v and %v: give --allow-different to compare them all the same", name, a, b)
		}
	}
	return nil
}

// differ names the first setting that makes two runs incomparable, with the value of
// each.
func differ(a, b result.Result) (name string, inA, inB any) {
	x, y := a.Settings, b.Settings
	goals := func(list []result.GoalSettings) []result.GoalSettings {
		return slices.SortedFunc(slices.Values(list), func(a, b result.GoalSettings) int { return cmp.Compare(a.Name, b.Name) })
	}
	for _, s := range []struct {
		name string
		a, b any
	}{
		{"method", a.Method, b.Method},
		{"rate", x.Rate, y.Rate},
		{"flows", x.Flows, y.Flows},
		{"fields by which flows differ", cmp.Or(strings.Join(x.Vary, ","), "src-port"), cmp.Or(strings.Join(y.Vary, ","), "src-port")},
		{"queues", x.Queues, y.Queues},
		{"bidirectional", x.Bidirectional, y.Bidirectional},
		{"VLAN", x.VLAN, y.VLAN},
		{"VLAN of received packets", x.Arrives(), y.Arrives()},
		{"trial in seconds", x.TrialSeconds, y.TrialSeconds},
		{"goals", goals(x.Goals), goals(y.Goals)},
	} {
		if !reflect.DeepEqual(s.a, s.b) {
			return s.name, s.a, s.b
		}
	}
	return "", nil, nil
}
