package measure

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/fabric"
	"github.com/podnet/podnet/internal/result"
)

// fabricScope are the flags that describe a fabric run. plan takes them, too.
type fabricScope struct {
	Nodes     int
	Mode      string
	Rails     string
	RailCount int
	Rate      string
	Quick     bool
	FrameSize string
	Duration  time.Duration
	Warmup    time.Duration
	Join      time.Duration
}

func (o *fabricScope) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVarP(&o.Nodes, "nodes", "n", 0, "number of pods, one per node: the Job's completions")
	cli.AddChoiceFlag(cmd, &o.Mode, "mode", "m", "which pairs to measure: all, each node and the next one, or all with both directions at once",
		result.FabricPairs, result.FabricRing, result.FabricSaturate)
	cli.AddChoiceFlag(cmd, &o.Rails, "rails", "", "which rails (fast interfaces) of two nodes to join: the n-th with the n-th, or each with each",
		result.FabricSame, result.FabricCross)
	f.IntVar(&o.RailCount, "rail-count", 0, "rails per node to measure (default: as many as the pod with the most has)")
	f.StringVar(&o.Rate, "rate", "1Mpps", "load of each direction: "+rateUsage+partUsage+"; with --quick the highest load to try")
	f.BoolVar(&o.Quick, "quick", false, "search for the NDR of each direction, the highest rate without loss, within --duration")
	f.StringVarP(&o.FrameSize, "frame-size", "s", "64", frameSizeUsage+", or imix")
	f.DurationVarP(&o.Duration, "duration", "d", time.Second, "how long to measure each direction of a pair (with --quick 15s)")
	f.DurationVar(&o.Warmup, "warmup", 200*time.Millisecond, "how long to send before each measurement")
	f.DurationVar(&o.Join, "join-timeout", 5*time.Minute, "how long to wait for all pods; then the rounds begin without the missing ones")
}

// quickDuration is how long a search takes at most without --duration.
const quickDuration = 15 * time.Second

// config reads the flags.
func (o *fabricScope) config(f *pflag.FlagSet) (c fabric.Config, t fabric.Timing, err error) {
	mix, err := result.ParseMix(o.FrameSize)
	if err != nil {
		return c, t, cli.UsageErrorf("--frame-size: %w", err)
	}
	for _, s := range mix {
		if s.Bytes < bench.MinFrame || s.Bytes > bench.MaxFrame {
			return c, t, cli.UsageErrorf("--frame-size %d: must be %d to %d", s.Bytes, bench.MinFrame, bench.MaxFrame)
		}
	}
	rate := o.Rate
	if o.Quick && !f.Changed("rate") {
		rate = "max"
	}
	if _, err := bench.ParseRate(rate, mix.Mean(), someLine); err != nil {
		return c, t, cli.UsageErrorf("--%w", err)
	}
	trial := o.Duration
	if o.Quick && !f.Changed("duration") {
		trial = quickDuration
	}
	if o.Join <= 0 {
		return c, t, cli.UsageErrorf("--join-timeout %s: must be above 0", o.Join)
	}
	c = fabric.Config{
		Nodes: o.Nodes, Mode: o.Mode, Rails: o.Rails, RailCount: o.RailCount,
		Load: fabric.Load{Mix: mix, Rate: rate, NDR: o.Quick, Trial: trial, Warmup: o.Warmup},
	}
	if err := c.Check(); err != nil {
		return c, t, cli.UsageError(err)
	}
	if preset, _ := bench.ParsePreset(bench.QuickPreset); o.Quick {
		if preset.Limit = trial; preset.Check() != nil {
			return c, t, cli.UsageErrorf("--duration %s: a search takes 3s at least", trial)
		}
	}
	return c, fabric.Timing{Join: o.Join}, nil
}

// fabricGates are the flags of the thresholds.
type fabricGates struct {
	MinFraction string
	MinMpps     float64
	MaxLoss     string
	MaxP99      time.Duration
}

func (o *fabricGates) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.MinFraction, "min-fraction-of-median", "", "exit with 4 if the rate of a pair is below this part of its rails' median, such as 0.9 or 90%")
	f.Float64Var(&o.MinMpps, "min-mpps", 0, "exit with 4 if the rate of a pair is below this, in million packets per second")
	f.StringVar(&o.MaxLoss, "max-loss", "", "exit with 4 if the loss of a pair is above this ratio, such as 0.001, 0.1% or 1/1000")
	f.DurationVar(&o.MaxP99, "max-p99", 0, "exit with 4 if more than 1 % of the round-trip times of a pair are above this, such as 50us")
}

// read puts the thresholds into the settings of a run.
func (o *fabricGates) read(s *result.FabricSettings, c fabric.Config) error {
	for flag, of := range map[string]struct {
		text string
		into **float64
	}{
		"min-fraction-of-median": {o.MinFraction, &s.MinFractionOfMedian},
		"max-loss":               {o.MaxLoss, &s.MaxLoss},
	} {
		if of.text == "" {
			continue
		}
		ratio, err := parseRatio(of.text)
		if err != nil {
			return cli.UsageErrorf("--%s %w", flag, err)
		}
		*of.into = &ratio
	}
	switch {
	case !(o.MinMpps >= 0 && o.MinMpps <= 1e6):
		return cli.UsageErrorf("--min-mpps %g: must be a number of million packets per second", o.MinMpps)
	case o.MinMpps > 0:
		s.MinMpps = &o.MinMpps
	}
	switch {
	case o.MaxP99 < 0:
		return cli.UsageErrorf("--max-p99 %s: must not be below 0", o.MaxP99)
	case o.MaxP99 > 0 && c.Mode == result.FabricSaturate:
		return cli.UsageErrorf("--max-p99: the mode saturate measures no round-trip times, as no packets come back: leave the flag out, or take another mode")
	case o.MaxP99 > 0:
		us := float64(o.MaxP99.Nanoseconds()) / 1e3
		s.MaxP99Us = &us
	}
	return nil
}
