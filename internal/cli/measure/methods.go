package measure

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/result"
)

// method is one way to measure, with its own flags.
type method struct {
	name, short, long string
	examples          string   // in the help
	sizes             []string // the default frame sizes
	rate              bool     // the result has a rate, to compare with --min-mpps
	loss              bool     // it has the loss at a rate that the user set, for --max-loss
	times             bool     // it has round-trip times at such rates, for --max-p99
	flags             func(f *pflag.FlagSet)
	// check checks the flags' values; the line rate is in bits per second, 0 if it is not known.
	check    func(frameBytes, lineRate float64) error
	settings func(s *result.Settings)
	measure  func(ctx context.Context, r *bench.Runner) (result.Measurement, error)
	// load, if not nil, gives the highest load that is measured, in packets per second; 0: not known.
	load func(frameBytes, lineRate float64) (float64, error)
	// prepare, if not nil, sets flags that depend on others, before they are read.
	prepare func(o *benchOptions) error
	// takes, if not nil, gives how long the trials take for one frame size, at most and
	// usually; 0: not known.
	takes func() (most, usual time.Duration)
	// deviations, if not nil, lists where the method departs from RFC 2544. It lists
	// nothing without --rfc2544.
	deviations func() []string
}

// sweep stands for the frame sizes that a method of RFC 2544 measures by default.
var sweep = []string{"rfc2544"}

// positive checks that durations are above 0.
func positive(flags map[string]time.Duration) error {
	for flag, d := range flags {
		if d <= 0 {
			return fmt.Errorf("--%s must be above 0", flag)
		}
	}
	return nil
}

// rateFlag is a rate whose packets per second depend on the frame size.
type rateFlag struct{ name, value string }

// pps reads the rate; 0: as fast as possible, or not given.
func (r *rateFlag) pps(frameBytes, lineRate float64) (float64, error) {
	if r.value == "" {
		return 0, nil
	}
	pps, err := bench.ParseRate(r.value, frameBytes, lineRate)
	if err != nil {
		return 0, fmt.Errorf("--%s: %w", r.name, err)
	}
	return pps, nil
}

// sends checks that at least one packet is due in a trial at the rate.
func (r *rateFlag) sends(d time.Duration, frameBytes, lineRate float64) error {
	pps, err := r.pps(frameBytes, lineRate)
	if err == nil && pps > 0 && (bench.Trial{Rate: pps, Duration: d}).Schedule() == 0 {
		return fmt.Errorf("--%s %s: no packet is due within %s: raise the rate or the duration", r.name, r.value, d)
	}
	return err
}

// maxRate is the flag of methods that look for a rate.
type maxRate struct{ rateFlag }

func (m *maxRate) addFlag(f *pflag.FlagSet) {
	m.name = "max-rate"
	f.StringVar(&m.value, m.name, "", "highest rate to try, such as 1.5Mpps, 10Gbps or 90% of the line rate (default: the rate that the path accepts in a trial at full speed)")
}

// set sets the runner's highest rate. Without the flag the runner finds one.
func (m *maxRate) set(r *bench.Runner) (err error) {
	r.MaxRate, err = m.pps(r.Mix.Mean(), r.LineRate)
	return err
}

func newFixed() *method {
	var duration time.Duration
	rate := &rateFlag{name: "rate"}
	return &method{
		name:     result.Fixed,
		examples: fixedExamples,
		short:    "Measure one trial at one rate",
		long:     "fixed measures one trial at one rate, after a warm-up at the same rate.",
		sizes:    []string{"64"}, rate: true, loss: true, times: true,
		flags: func(f *pflag.FlagSet) {
			f.StringVar(&rate.value, rate.name, "max", rateUsage+partUsage)
			f.DurationVarP(&duration, "duration", "d", 10*time.Second, "how long to measure")
		},
		check: func(frameBytes, lineRate float64) error {
			if _, err := rate.pps(frameBytes, lineRate); err != nil {
				return err
			}
			return cmp.Or(positive(map[string]time.Duration{"duration": duration}), rate.sends(duration, frameBytes, lineRate))
		},
		load:     rate.pps,
		settings: func(s *result.Settings) { s.Rate, s.TrialSeconds = rate.value, duration.Seconds() },
		measure: func(ctx context.Context, r *bench.Runner) (result.Measurement, error) {
			pps, err := rate.pps(r.Mix.Mean(), r.LineRate)
			if err != nil {
				return result.Measurement{}, err
			}
			return bench.Fixed(ctx, r, pps, duration, 0)
		},
	}
}

func newSoak() *method {
	var duration, window time.Duration
	rate := &rateFlag{name: "rate"}
	return &method{
		name:     result.Soak,
		examples: soakExamples,
		short:    "Keep one rate for hours, and list when packets were lost",
		long: `soak keeps one rate for the whole --duration. It cuts the time into windows and lists
the windows in which packets were lost. A packet that takes longer than a window to
come back counts as lost in that list. Beside each window stand the events on the
machine: how much of its CPU each polling thread had and how often the kernel
preempted it, CFS throttling, steal, and the packets that the ports dropped.`,
		sizes: []string{"64"}, rate: true, loss: true, times: true,
		flags: func(f *pflag.FlagSet) {
			f.StringVar(&rate.value, rate.name, "100kpps", rateUsage+partUsage)
			f.DurationVarP(&duration, "duration", "d", time.Hour, "how long to measure")
			f.DurationVar(&window, "window", time.Second, "length of a window")
		},
		check: func(frameBytes, lineRate float64) error {
			if _, err := rate.pps(frameBytes, lineRate); err != nil {
				return err
			}
			return cmp.Or(positive(map[string]time.Duration{"duration": duration, "window": window}), rate.sends(duration, frameBytes, lineRate))
		},
		load:     rate.pps,
		settings: func(s *result.Settings) { s.Rate, s.TrialSeconds = rate.value, duration.Seconds() },
		measure: func(ctx context.Context, r *bench.Runner) (result.Measurement, error) {
			pps, err := rate.pps(r.Mix.Mean(), r.LineRate)
			if err != nil {
				return result.Measurement{}, err
			}
			return bench.Fixed(ctx, r, pps, duration, window)
		},
	}
}

func newThroughput() *method {
	var cfg bench.ThroughputConfig
	var top maxRate
	var rfc rfc2544
	loss, width := "0", "0.5%"
	return &method{
		name:     result.Throughput,
		examples: throughputExamples,
		short:    "Find the highest rate without loss (RFC 2544, section 26.1)",
		long: `throughput finds the highest rate without loss by a binary search, and confirms it by
a final trial of --validation (RFC 2544, section 26.1). If that trial loses packets,
the search goes on below its rate. --rfc2544 keeps to that section as written: all
trials take 60 s.`,
		sizes: sweep, rate: true,
		prepare: func(*benchOptions) error {
			if rfc.on {
				rfc.settle("trial", "1m0s", func() { cfg.Trial = time.Minute })
				rfc.settle("loss", "0", func() {})
				if !rfc.flags.Changed("validation") { // each trial is as long
					cfg.Validation = 0
				}
			}
			return nil
		},
		deviations: func() []string { return rfc.all(throughputDeviations...) },
		flags: func(f *pflag.FlagSet) {
			top.addFlag(f)
			rfc.addFlag(f, "trials of 60 s that lose nothing")
			f.DurationVar(&cfg.Trial, "trial", 2*time.Second, "how long a trial of the search takes")
			f.DurationVar(&cfg.Validation, "validation", time.Minute, "how long the final trial takes; 0: no final trial")
			f.StringVar(&loss, "loss", loss, "loss ratio that a trial may have, such as 0.001, 0.1% or 1/1000")
			f.StringVar(&width, "width", width, "precision of the rate, relative to it")
		},
		check: func(frameBytes, lineRate float64) (err error) {
			if _, err := top.pps(frameBytes, lineRate); err != nil {
				return err
			}
			if cfg.LossRatio, err = parseRatio(loss); err != nil {
				return fmt.Errorf("--loss %w", err)
			}
			if cfg.Width, err = parseRatio(width); err != nil {
				return fmt.Errorf("--width %w", err)
			}
			return cfg.Check()
		},
		settings: func(s *result.Settings) { s.TrialSeconds = cfg.Trial.Seconds() },
		measure: func(ctx context.Context, r *bench.Runner) (result.Measurement, error) {
			if err := top.set(r); err != nil {
				return result.Measurement{}, err
			}
			return bench.Throughput(ctx, r, cfg)
		},
	}
}

// searchFlags are the flags of MLRsearch. A flag that is given replaces the preset's
// value.
type searchFlags struct {
	quick       bool
	limit       time.Duration
	preset      string
	goals       []string
	exceed      string
	width       string
	durationSum time.Duration
	trial       time.Duration
	finalTrial  time.Duration
	flags       *pflag.FlagSet
}

func (s *searchFlags) addFlags(f *pflag.FlagSet) {
	var help []string
	for _, p := range bench.Presets() {
		help = append(help, p.Name+": "+p.Help)
	}
	f.StringVar(&s.preset, "goal-preset", bench.DefaultPreset, "goals that a rate has to meet ("+strings.Join(help, "; ")+")")
	f.DurationVar(&s.trial, "trial", 0, "how long a trial takes while the search is far from the rate (default: the preset's)")
	f.DurationVar(&s.finalTrial, "final-trial", 0, "how long a trial takes that decides about a rate (default: the preset's, or --trial)")
	f.DurationVar(&s.durationSum, "duration-sum", 0, "how long the trials that decide about a rate take together (default: the preset's)")
	f.StringVar(&s.exceed, "exceed-ratio", "", "part of --duration-sum in which trials may lose too much (default: the preset's)")
	f.StringVar(&s.width, "width", "", "precision of a rate, relative to it (default: the preset's)")
	f.DurationVar(&s.limit, "search-limit", 0, "how long the trials for one frame size may take together; then the search ends, and the result has the bounds found so far; 0s: no limit (default: the preset's)")
	s.flags = f
}

// config reads the flags.
func (s *searchFlags) config() (bench.NDRConfig, error) {
	preset, err := bench.ParsePreset(s.preset)
	if err != nil {
		return bench.NDRConfig{}, fmt.Errorf("--goal-preset: %w", err)
	}
	cfg := preset.NDRConfig
	if s.flags.Changed("goal") {
		if cfg.Goals, err = s.named(cfg.Goals[0]); err != nil {
			return cfg, err
		}
	}
	if s.flags.Changed("trial") {
		cfg.Trial = s.trial
	}
	if s.flags.Changed("search-limit") {
		if cfg.Limit = s.limit; cfg.Limit < 0 {
			return cfg, fmt.Errorf("--search-limit %s: must not be below 0", s.limit)
		}
	}
	for i := range cfg.Goals {
		g := &cfg.Goals[i]
		if s.flags.Changed("exceed-ratio") {
			if g.ExceedRatio, err = parseRatio(s.exceed); err != nil {
				return cfg, fmt.Errorf("--exceed-ratio %w", err)
			}
		}
		if s.flags.Changed("width") {
			if g.Width, err = parseRatio(s.width); err != nil {
				return cfg, fmt.Errorf("--width %w", err)
			}
		}
		if s.flags.Changed("duration-sum") {
			g.DurationSumSeconds = s.durationSum.Seconds()
		}
		if s.flags.Changed("final-trial") {
			g.TrialSeconds = s.finalTrial.Seconds()
		}
	}
	return cfg, cfg.Check()
}

// prepareQuick turns --quick into a preset and one frame size.
func (s *searchFlags) prepareQuick(o *benchOptions) error {
	if !s.quick {
		return nil
	}
	if s.flags.Changed("goal-preset") {
		return cli.UsageErrorf("--quick has goals of its own: leave --goal-preset out")
	}
	s.preset = bench.QuickPreset
	switch {
	case !s.flags.Changed("frame-size"):
		o.FrameSizes = []string{"64"}
	case len(o.FrameSizes) > 1 || slices.Contains(o.FrameSizes, sweep[0]):
		return cli.UsageErrorf("--quick: give one frame size, not %s", strings.Join(o.FrameSizes, ","))
	}
	return nil
}

// takes gives how long the trials take for one frame size.
func (s *searchFlags) takes() (most, usual time.Duration) {
	cfg, _ := s.config() // checked before
	if slices.ContainsFunc([]string{"goal", "trial", "final-trial", "duration-sum", "exceed-ratio", "width"}, s.flags.Changed) {
		return cfg.Limit, 0
	}
	preset, _ := bench.ParsePreset(s.preset) // checked before
	return cfg.Limit, preset.Usual
}

// named gives the goals of --goal. Name and loss come from the flag, all else from like.
func (s *searchFlags) named(like result.GoalSettings) (goals []result.GoalSettings, err error) {
	for _, text := range s.goals {
		name, loss, ok := strings.Cut(text, "=")
		ratio, err := parseRatio(loss)
		if !ok || name == "" || err != nil {
			return nil, fmt.Errorf("--goal %q: must be a name and the loss that it allows, such as PDR=0.5%%", text)
		}
		like.Name, like.LossRatio = name, ratio
		goals = append(goals, like)
	}
	return goals, nil
}

func newNDR() *method {
	var top maxRate
	var search searchFlags
	return &method{
		name:     result.NDR,
		examples: ndrExamples,
		short:    "Find the highest rates without loss and with little (MLRsearch)",
		long: `ndr finds the highest rate for each of several goals in one search, MLRsearch (RFC
9971): by default the non-drop rate (NDR) and the rate with at most 0.5 % loss (PDR).
It decides about a rate by trials whose times add up to --duration-sum. A part of them
(--exceed-ratio) may lose too much, so that a short disturbance does not spoil the
result. --goal-preset has other goals, such as RFC 2544's. --quick gives a first answer
for one frame size after at most 15 s of trials, and says how exact it is.`,
		sizes: sweep, rate: true, prepare: search.prepareQuick, takes: search.takes,
		flags: func(f *pflag.FlagSet) {
			top.addFlag(f)
			f.BoolVar(&search.quick, "quick", false, "give a first answer for one frame size (default 64), within 15 s of trials")
			f.StringSliceVar(&search.goals, "goal", nil, "name of a goal and the loss that it allows, such as PDR=0.5%; may be repeated (default: the preset's)")
			search.addFlags(f)
		},
		check: func(frameBytes, lineRate float64) error {
			if _, err := top.pps(frameBytes, lineRate); err != nil {
				return err
			}
			_, err := search.config()
			return err
		},
		settings: func(s *result.Settings) {
			cfg, _ := search.config() // checked before
			s.TrialSeconds, s.Goals = cfg.Trial.Seconds(), cfg.Goals
			s.Quick, s.LimitSeconds = search.quick, cfg.Limit.Seconds()
		},
		measure: func(ctx context.Context, r *bench.Runner) (result.Measurement, error) {
			cfg, err := search.config()
			if err == nil {
				err = top.set(r)
			}
			if err != nil {
				return result.Measurement{}, err
			}
			return bench.NDR(ctx, r, cfg)
		},
	}
}

func newLatency() *method {
	base := &rateFlag{name: "rate"}
	var search searchFlags
	var cfg bench.LatencyConfig
	var top maxRate
	var loads []string
	var rfc rfc2544
	return &method{
		name:     result.Latency,
		examples: latencyExamples,
		short:    "Measure round-trip times at parts of a rate",
		long: `latency measures round-trip times: from handing a packet to the port until it comes
back. It measures at each --load, a part of --rate. Without --rate it searches for the
NDR first and takes parts of that. A load of 0 is a thousandth, so that packets do not
queue behind one another. --rfc2544 keeps to section 26.2 of that RFC.`,
		sizes: sweep, times: true,
		prepare: func(*benchOptions) error {
			if rfc.on {
				rfc.settle("load", "[100%]", func() { loads = []string{"100%"} })
				rfc.settle("duration", "2m0s", func() { cfg.Trial = 2 * time.Minute })
				rfc.settle("rounds", "20", func() { cfg.Rounds = 20 })
				rfc.settle("goal-preset", "rfc2544", func() { search.preset = "rfc2544" })
			}
			return nil
		},
		deviations: func() []string { return rfc.all(latencyDeviations...) },
		flags: func(f *pflag.FlagSet) {
			f.StringVar(&base.value, base.name, "", "rate to take the parts of --load from, such as 1.5Mpps, 10Gbps or 90% of the line rate (default: the NDR)")
			f.StringSliceVar(&loads, "load", []string{"0", "10%", "50%", "90%"}, "parts of the rate, such as 50% or 0.5")
			f.DurationVarP(&cfg.Trial, "duration", "d", 10*time.Second, "how long to measure at each load")
			f.IntVar(&cfg.Rounds, "rounds", 1, "how often to measure at each load")
			rfc.addFlag(f, "20 rounds of 120 s at 100 % of the throughput")
			top.addFlag(f)
			search.addFlags(f)
		},
		check: func(frameBytes, lineRate float64) (err error) {
			if cfg.Base, err = base.pps(frameBytes, lineRate); err != nil {
				return err
			}
			if _, err := top.pps(frameBytes, lineRate); err != nil {
				return err
			}
			if cfg.Rounds < 1 {
				return fmt.Errorf("--rounds %d: must be 1 at least", cfg.Rounds)
			}
			cfg.Fractions = nil
			for _, load := range loads {
				part, err := parseRatio(load)
				if err != nil {
					return fmt.Errorf("--load %w", err)
				}
				cfg.Fractions = append(cfg.Fractions, part)
			}
			if cfg.Search, err = search.config(); err != nil {
				return err
			}
			return cfg.Check()
		},
		load: func(frameBytes, lineRate float64) (float64, error) {
			pps, err := base.pps(frameBytes, lineRate)
			return pps * slices.Max(cfg.Fractions), err
		},
		settings: func(s *result.Settings) { s.Rate, s.TrialSeconds = base.value, cfg.Trial.Seconds() },
		measure: func(ctx context.Context, r *bench.Runner) (m result.Measurement, err error) {
			if cfg.Base, err = base.pps(r.Mix.Mean(), r.LineRate); err == nil {
				err = top.set(r)
			}
			if err != nil {
				return m, err
			}
			return bench.Latency(ctx, r, cfg)
		},
	}
}

func newLoss() *method {
	var cfg bench.LossConfig
	var top maxRate
	var rfc rfc2544
	step := "10%"
	return &method{
		name:     result.Loss,
		examples: lossExamples,
		short:    "Measure the loss from the highest rate down (RFC 2544, section 26.3)",
		long: `loss measures the loss ratio at the highest rate, and then at lower and lower rates
until two in a row have lost nothing (RFC 2544, section 26.3). --rfc2544 keeps to that
section as written: the highest rate is the medium's.`,
		sizes: sweep,
		prepare: func(*benchOptions) error {
			if rfc.on {
				rfc.settle("max-rate", "100%", func() { top.value = "100%" })
				rfc.settle("trial", "1m0s", func() { cfg.Trial = time.Minute })
				rfc.settle("step", "10%", func() {})
			}
			return nil
		},
		deviations: func() []string { return rfc.all() },
		flags: func(f *pflag.FlagSet) {
			top.addFlag(f)
			f.DurationVar(&cfg.Trial, "trial", 10*time.Second, "how long to measure at each rate")
			rfc.addFlag(f, "trials of 60 s from 100 % of the line rate down")
			f.StringVar(&step, "step", step, "step between two rates, relative to the highest: at most 10%")
		},
		check: func(frameBytes, lineRate float64) (err error) {
			if _, err := top.pps(frameBytes, lineRate); err != nil {
				return err
			}
			if cfg.Step, err = parseRatio(step); err != nil {
				return fmt.Errorf("--step %w", err)
			}
			return cfg.Check()
		},
		settings: func(s *result.Settings) { s.TrialSeconds = cfg.Trial.Seconds() },
		measure: func(ctx context.Context, r *bench.Runner) (result.Measurement, error) {
			if err := top.set(r); err != nil {
				return result.Measurement{}, err
			}
			return bench.Loss(ctx, r, cfg)
		},
	}
}

func newBurst() *method {
	var cfg bench.BurstConfig
	var top maxRate
	var rfc rfc2544
	width := "1%"
	return &method{
		name:     result.Burst,
		examples: burstExamples,
		short:    "Find the longest burst without loss (RFC 2544, section 26.4)",
		long: `burst finds how many packets can follow one another at the highest rate without loss
(RFC 2544, section 26.4). Packets that the port's Tx ring refuses count as lost, as at
every set rate. --rfc2544 keeps to that section as RFC 9004 updates it: bursts have the
medium's rate. It first searches for the path's throughput, and uses it to correct the
time that the path's buffer lasts.`,
		sizes: sweep,
		prepare: func(*benchOptions) error {
			if rfc.on {
				rfc.settle("max-rate", "100%", func() { top.value = "100%" })
				rfc.settle("longest", "2s", func() {})
				rfc.settle("bursts", "50", func() {})
				cfg.Throughput = &bench.ThroughputConfig{Width: 0.005, Trial: 2 * time.Second, Validation: time.Minute}
			}
			return nil
		},
		deviations: func() []string { return rfc.all() },
		flags: func(f *pflag.FlagSet) {
			top.addFlag(f)
			f.DurationVar(&cfg.Longest, "longest", 2*time.Second, "how long the longest burst lasts that is tried")
			rfc.addFlag(f, "bursts at 100 % of the line rate, and the corrected buffer time of RFC 9004")
			f.IntVar(&cfg.Repeats, "bursts", 50, "how often to look for the longest burst; the mean is the result")
			f.StringVar(&width, "width", width, "precision of the length, relative to it")
		},
		check: func(frameBytes, lineRate float64) (err error) {
			if _, err := top.pps(frameBytes, lineRate); err != nil {
				return err
			}
			if cfg.Width, err = parseRatio(width); err != nil {
				return fmt.Errorf("--width %w", err)
			}
			return cfg.Check()
		},
		settings: func(s *result.Settings) { s.TrialSeconds = cfg.Longest.Seconds() },
		measure: func(ctx context.Context, r *bench.Runner) (result.Measurement, error) {
			if err := top.set(r); err != nil {
				return result.Measurement{}, err
			}
			return bench.Burst(ctx, r, cfg)
		},
	}
}
