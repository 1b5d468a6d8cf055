package measure

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/result"
)

// gateOptions are the flags of thresholds. A value is for all frames, unless it begins
// with the name of a frame size and a colon.
type gateOptions struct {
	MinMpps, MaxLoss, MaxP99 []string

	flags *pflag.FlagSet
}

// addGateFlags adds the flags to a method's command. The help shows those that the
// method takes; gates refuses the others and says why.
func (o *gateOptions) addGateFlags(f *pflag.FlagSet, m *method) {
	o.flags = f
	f.StringSliceVar(&o.MinMpps, "min-mpps", nil,
		"exit with 4 if a rate is below this, in million packets per second; per frame size such as 64:1.2,1518:0.5")
	f.StringSliceVar(&o.MaxLoss, "max-loss", nil,
		"exit with 4 if a measured loss is above this ratio, such as 0.001, 0.1% or 1/1000; per frame size such as 64:1%,1518:0")
	f.StringSliceVar(&o.MaxP99, "max-p99", nil,
		"exit with 4 if more than 1 % of the round-trip times at a load are above this, such as 50us; per frame size such as 64:50us,1518:80us")
	for name, takes := range m.thresholds() {
		f.Lookup(name).Hidden = !takes
	}
}

// thresholds says for each threshold's flag whether the method takes it.
func (m *method) thresholds() map[string]bool {
	return map[string]bool{"min-mpps": m.rate, "max-loss": m.loss, "max-p99": m.times}
}

// gates reads the flags, for a method and the frames that it measures.
func (o *gateOptions) gates(m *method, mixes []result.Mix) (all result.Gates, own []result.FrameGates, err error) {
	g := gateReader{mixes: mixes}
	for _, flag := range []struct {
		name   string
		values []string
		read   func(string) (float64, error)
		of     func(*result.Gates) **float64
		not    string // why the method does not take the flag
	}{
		{
			"min-mpps", o.MinMpps, readMpps, func(g *result.Gates) **float64 { return &g.MinMpps },
			m.name + " reports no rate to compare with it",
		},
		{
			"max-loss", o.MaxLoss, parseRatio, func(g *result.Gates) **float64 { return &g.MaxLoss },
			"only fixed and soak take it, which send at a rate that you set: " + m.name + " sets its rates, and the loss that it allows, by itself",
		},
		{
			"max-p99", o.MaxP99, readMicroseconds, func(g *result.Gates) **float64 { return &g.MaxP99Us },
			"only fixed, soak and latency take it, which measure at loads that you set: " + m.name + " chooses its loads by itself",
		},
	} {
		if len(flag.values) > 0 && !m.thresholds()[flag.name] {
			return all, nil, cli.UsageErrorf("--%s: %s", flag.name, flag.not)
		}
		if len(flag.values) == 0 && o.flags != nil && o.flags.Changed(flag.name) { // such as from an unset variable
			return all, nil, cli.UsageErrorf("--%s is empty: give a threshold, or leave the flag out", flag.name)
		}
		for _, value := range flag.values {
			if err := g.add(value, flag.read, flag.of); err != nil {
				return all, nil, cli.UsageErrorf("--%s %w", flag.name, err)
			}
		}
	}
	return g.all, g.own, nil
}

// gateReader collects thresholds.
type gateReader struct {
	mixes []result.Mix
	all   result.Gates
	own   []result.FrameGates
}

// add reads a value into a field of the thresholds, which of selects.
func (r *gateReader) add(value string, read func(string) (float64, error), of func(*result.Gates) **float64) error {
	gates, text := &r.all, value
	if at := strings.LastIndex(value, ":"); at >= 0 {
		mix, err := result.ParseMix(value[:at])
		if err != nil {
			return fmt.Errorf("%q: %w", value, err)
		}
		if !slices.ContainsFunc(r.mixes, func(m result.Mix) bool { return m.String() == mix.String() }) {
			return fmt.Errorf("%q: frames of %s are not measured: give that size to --frame-size, or leave the threshold out", value, mix)
		}
		gates, text = r.of(mix.String()), value[at+1:]
	}
	v, err := read(text)
	if err != nil {
		return err
	}
	if *of(gates) != nil {
		return fmt.Errorf("%q: there are two thresholds for the same frames", value)
	}
	*of(gates) = &v
	return nil
}

// of gives the thresholds of frames of that name.
func (r *gateReader) of(frame string) *result.Gates {
	i := slices.IndexFunc(r.own, func(g result.FrameGates) bool { return g.Frame == frame })
	if i < 0 {
		i, r.own = len(r.own), append(r.own, result.FrameGates{Frame: frame})
	}
	return &r.own[i].Gates
}

func readMpps(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
		return 0, fmt.Errorf("%q: must be a number of million packets per second", s)
	}
	return v, nil
}

func readMicroseconds(s string) (float64, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q: must be a time above 0, such as 50us", s)
	}
	return float64(d.Nanoseconds()) / 1e3, nil
}
