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
	sizes             []string // of frames, by default
	rate              bool     // its result has a rate, which --min-mpps can be held to
	loss              bool     // and the loss at a rate that was asked for, for --max-loss
	times             bool     // and round-trip times at such rates, for --max-p99
	flags             func(f *pflag.FlagSet)
	// check is of the flags' values; the line rate is in bits per second, 0 if it is not known.
	check    func(frameBytes, lineRate float64) error
	settings func(s *result.Settings)
	measure  func(ctx context.Context, r *bench.Runner) (result.Measurement, error)
	// load, if not nil, is the highest that is measured, in packets per second; 0: not known.
	load func(frameBytes, lineRate float64) (float64, error)
	// prepare, if not nil, settles flags that depend on others, before they are read.
	prepare func(o *benchOptions) error
	// takes, if not nil, tells how long the trials take for one frame size, at most and
	// usually; 0: not known.
	takes func() (most, usual time.Duration)
	// deviations, if not nil, tells where the method departs from RFC 2544, if it is to
	// keep to that.
	deviations func() []string
}

// sweep is the sizes that a method of RFC 2544 measures by default.
var sweep = []string{"rfc2544"}

// positive checks that durations are.
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

// pps reads the rate; 0 is as fast as it goes, or not given.
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

// sends checks that a trial at the rate has a packet to send.
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
	f.StringVar(&m.value, m.name, "", "highest rate to try, such as 1.5Mpps, 10Gbps or 90% of the line rate (default: what the path takes in a trial at the maximum rate)")
}

// set settles the highest rate of the runner; left to it, it finds one.
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
		long: `soak keeps one rate for as long as --duration says. It cuts the time into windows and
lists those in which packets were lost (a packet that needs longer than a window to
come back counts there as lost), each with what happened on the machine
meanwhile: how much of its CPU each polling thread had, how often it was made to
leave it, CFS throttling, steal, and what the ports dropped.`,
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
		long: `throughput finds the highest rate at which no packet is lost by a binary search, and
confirms it by a final trial of --validation (RFC 2544, section 26.1). If that trial
loses packets the search goes on below. --rfc2544 is for that section as written: all
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
			f.DurationVar(&cfg.Validation, "validation", time.Minute, "how long the final trial takes; 0: there is none")
			f.StringVar(&loss, "loss", loss, "loss that a trial may have, such as 0.001, 0.1% or 1/1000")
			f.StringVar(&width, "width", width, "how exactly to find the rate, relative to it")
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

// searchFlags are the flags of MLRsearch. Those that are given take the place of
// what the preset has.
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
	f.StringVar(&s.preset, "goal-preset", bench.DefaultPreset, "what a rate has to keep ("+strings.Join(help, "; ")+")")
	f.DurationVar(&s.trial, "trial", 0, "how long the trials take that lead to a rate (default: the preset's)")
	f.DurationVar(&s.finalTrial, "final-trial", 0, "how long the trials take that settle a rate (default: the preset's, or --trial)")
	f.DurationVar(&s.durationSum, "duration-sum", 0, "how long the trials take together that settle a rate (default: the preset's)")
	f.StringVar(&s.exceed, "exceed-ratio", "", "part of --duration-sum that may be of trials with too much loss (default: the preset's)")
	f.StringVar(&s.width, "width", "", "how exactly to find a rate, relative to it (default: the preset's)")
	f.DurationVar(&s.limit, "search-limit", 0, "how long the trials for one frame size may take together; then goals keep the bounds that they have; 0s: for ever (default: the preset's)")
	s.flags = f
}

// config is what the flags say.
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

// prepareQuick makes a search for a first answer of one frame size, if that was asked
// for.
func (s *searchFlags) prepareQuick(o *benchOptions) error {
	if !s.quick {
		return nil
	}
	if s.flags.Changed("goal-preset") {
		return cli.UsageErrorf("--quick has goals of its own: leave --goal-preset away")
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

// takes is how long the trials take for one frame size.
func (s *searchFlags) takes() (most, usual time.Duration) {
	cfg, _ := s.config() // checked before
	if slices.ContainsFunc([]string{"goal", "trial", "final-trial", "duration-sum", "exceed-ratio", "width"}, s.flags.Changed) {
		return cfg.Limit, 0
	}
	preset, _ := bench.ParsePreset(s.preset) // checked before
	return cfg.Limit, preset.Usual
}

// named are the goals of --goal, in all else like the given one.
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
A rate is settled by trials whose times add up to --duration-sum, of which a part may
be bad, so that a machine that is noisy now and then does not spoil it. --goal-preset
has other goals, such as RFC 2544's. --quick is for a first answer: one frame size, in
trials of 15 s in all, with how well it is known.`,
		sizes: sweep, rate: true, prepare: search.prepareQuick, takes: search.takes,
		flags: func(f *pflag.FlagSet) {
			top.addFlag(f)
			f.BoolVar(&search.quick, "quick", false, "give a first answer for one frame size (64 unless --frame-size says otherwise), within 15 s of trials")
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
		long: `latency measures round-trip times, from the moment a packet is offered to the port
to that in which it comes back, at each --load: a part of --rate, or of the NDR,
which is then searched for first. A load of 0 is a thousandth, so that packets do
not meet. --rfc2544 is for section 26.2 of that RFC.`,
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
			f.StringVar(&base.value, base.name, "", "rate that loads are parts of, such as 1.5Mpps, 10Gbps or 90% of the line rate (default: the NDR)")
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
		long: `loss measures the part of packets that is lost at the highest rate, and at lower and
lower ones, until two in a row have lost nothing (RFC 2544, section 26.3). --rfc2544 is
for that section as written: the highest rate is the medium's.`,
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
			f.StringVar(&step, "step", step, "between two rates, relative to the highest: at most 10%")
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
		long: `burst finds how many packets can follow one another at the highest rate without a
loss (RFC 2544, section 26.4). Packets that the port's ring refuses count as lost, as at
every set rate. --rfc2544 is for that section as RFC 9004 has it: bursts are at the medium's
rate, and the time that the path's buffer lasts is corrected by its throughput, which is
searched for first.`,
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
			f.DurationVar(&cfg.Longest, "longest", 2*time.Second, "how long the longest burst takes that is tried")
			rfc.addFlag(f, "bursts at 100 % of the line rate, and the corrected buffer time of RFC 9004")
			f.IntVar(&cfg.Repeats, "bursts", 50, "how often to look for the longest burst; the mean is the result")
			f.StringVar(&width, "width", width, "how exactly to find its length, relative to it")
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
