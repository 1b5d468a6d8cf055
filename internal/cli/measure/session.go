package measure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/kube"
	"github.com/podnet/podnet/internal/report"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/traffic"
	"github.com/podnet/podnet/lib/podnet"
)

// session is one run of bench and what it has measured so far.
type session struct {
	*benchOptions
	method  *method
	plan    plan
	monitor *monitor
	file    *result.File // nil: none
	result  result.Result

	termination *result.Output // nil: none
	kube        *kube.Client   // of --result-configmap; nil: none
	unannounced bool           // the ConfigMap could not be written when the run began
}

// benchRun measures, and writes the measurements even if the run fails.
func benchRun(ctx context.Context, o benchOptions, m *method) error {
	p, err := o.plan(m)
	if err != nil {
		return o.refuse(ctx, m, err)
	}
	s := &session{benchOptions: &o, method: m, plan: p}
	s.begin()
	s.monitor = newMonitor(o.Streams, o.Name, &s.result)
	// From here on a failure is written to the ConfigMap, where it replaces the last run's
	// result.
	err = errors.Join(s.openOutputs(), s.announce(ctx))
	if err == nil {
		var stop func()
		if stop, err = o.serveMetrics(ctx, o.deps, s.monitor); err == nil {
			defer stop()
			switch err = s.drive(ctx); {
			case cli.Stopped(ctx, err):
				err = cli.NotValid(fmt.Errorf("%w: %w", bench.ErrStopped, err))
			case errors.Is(err, dataplane.ErrHungUp):
				err = cli.NotValid(err)
			}
		}
	}
	return s.end(ctx, err)
}

// drive starts DPDK and measures.
func (s *session) drive(ctx context.Context) error {
	for _, mix := range s.plan.mixes {
		s.frame = max(s.frame, mix.Largest())
	}
	dp, pod, err := s.start(ctx, s.deps)
	if err != nil {
		return err
	}
	s.monitor.Links("")
	return errors.Join(s.measure(ctx, pod, dp), s.close(ctx, dp))
}

// begin fills in the part of the result that is known before the run.
func (s *session) begin() {
	s.result = result.Result{
		Schema: result.Schema, Method: s.method.name, Started: time.Now().UTC(),
		Settings: result.Settings{
			TX: s.TX, RX: s.RX, Bidirectional: s.Bidirectional, Flows: s.Flows, Vary: s.Vary, GatewayMACs: s.GatewayMAC, Queues: s.Queues, VLAN: s.VLAN, RxVLAN: s.plan.flow.RxVLAN,
			WarmupSeconds: s.Warmup.Seconds(), Gates: s.plan.gates, FrameGates: s.plan.frameGates,
		},
		Environment:  noEnvironment(s.deps),
		Measurements: []result.Measurement{},
	}
	s.method.settings(&s.result.Settings)
	if s.method.deviations != nil {
		s.result.Deviations = s.method.deviations()
	}
}

// openOutputs makes sure, before the run, that its result can be written.
func (s *session) openOutputs() (err error) {
	if s.ResultFile != "" {
		if s.file, err = result.Create(s.ResultFile); err != nil {
			return fmt.Errorf("--result-file: %w", err)
		}
		if err := s.file.Write(s.result); err != nil {
			return fmt.Errorf("--result-file: %w", err)
		}
	}
	if s.TerminationLog != "" {
		if s.termination, err = result.NewOutput(s.TerminationLog); err != nil {
			return fmt.Errorf("--termination-log: %w", err)
		}
	}
	return nil
}

// measure carries out the plan on ports that are up.
func (s *session) measure(ctx context.Context, pod *podnet.Pod, dp *dataplane.Dataplane) error {
	if err := s.settleLine(ctx, dp); err != nil {
		return err
	}
	way, err := s.path(ctx, dp, s.plan, s.monitor)
	if err != nil {
		return err
	}
	set := &s.result.Settings
	var dst net.HardwareAddr
	set.TX, set.RX, dst = way.Ends()
	set.DstMAC = dst.String()
	s.result.Environment = environment(s.deps, pod, dp)
	s.findNodes(ctx)
	if err := s.measureKernel(ctx, baselineTime); err != nil {
		return err
	}
	if s.Calibrate {
		if s.result.Calibration, err = way.Calibrate(ctx, s.plan.mixes[0], s.load(way)); err != nil {
			return err
		}
	}
	if err := s.save(); err != nil {
		return err
	}
	s.tellTime()
	for _, mix := range s.plan.mixes {
		for repeat := range s.Repeat {
			s.monitor.measuring(len(s.result.Measurements)+1, s.measurements())
			if err := s.measureOne(ctx, way, mix, repeat+1); err != nil {
				return err
			}
			if last := s.result.Measurements[len(s.result.Measurements)-1]; s.measurements() > 1 {
				s.monitor.tell("answer", report.Answer(s.result, last)...)
			}
			if ctx.Err() != nil {
				return nil
			}
		}
	}
	return nil
}

// load gives the load that is measured first, in packets per second; 0: it is not known
// before, or it is as fast as possible.
func (s *session) load(way *traffic.Path) float64 {
	if s.method.load == nil {
		return 0
	}
	pps, err := s.method.load(s.plan.mixes[0].Mean(), s.plan.line*float64(way.Directions()))
	if err != nil { // the measurement will report it
		return 0
	}
	return pps
}

// settleLine finds out the line rate if the user has not given it, and fails if a flag
// needs it and it is not known.
func (s *session) settleLine(ctx context.Context, dp *dataplane.Dataplane) error {
	if s.plan.line == 0 {
		s.plan.line = dp.Ports[0].LineRate(ctx)
	}
	s.result.Settings.LineRateGbps = s.plan.line / 1e9
	for _, mix := range s.plan.mixes {
		if err := s.method.check(mix.Mean(), s.plan.line); err != nil {
			return cli.UsageErrorf("%w: %q reports no link speed: give --line-rate", err, dp.Ports[0].Interface)
		}
	}
	return nil
}

// measurements gives how many measurements the run makes.
func (s *session) measurements() int { return len(s.plan.mixes) * s.Repeat }

// tellTime says before the run how long it takes, if the method can tell.
func (s *session) tellTime() {
	if s.method.takes == nil {
		return
	}
	most, usual := s.method.takes()
	n := time.Duration(s.measurements())
	text := "trials take as long as the path needs"
	if most > 0 {
		text = fmt.Sprintf("trials take %s at most", n*most)
	}
	if usual > 0 {
		text += fmt.Sprintf(", and usually about %s", n*usual)
	}
	if n > 1 {
		text += fmt.Sprintf(", for %d measurements, each reported when it ends", n)
	}
	s.monitor.tell("plan", text)
}

// partialInterval is how often a running soak is written to the file.
const partialInterval = 5 * time.Second

// measureOne makes one measurement. While it goes on, its trials so far stand at
// the end of the result.
func (s *session) measureOne(ctx context.Context, way *traffic.Path, mix result.Mix, repeat int) error {
	at := len(s.result.Measurements)
	s.result.Measurements = append(s.result.Measurements, result.Measurement{
		Frame: mix.Frame(), Repeat: repeat, Reason: "it has not come to its end", Trials: []result.Trial{},
	})
	var kept time.Time
	keep := func(trials []result.Trial) error {
		s.result.Measurements[at].Trials = trials
		return s.save()
	}
	r := &bench.Runner{
		Path: way, Mix: mix, Warmup: s.Warmup, LineRate: s.plan.line * float64(way.Directions()),
		Begin: s.monitor.begin,
		End: func(p bench.Progress, trials []result.Trial) error {
			s.monitor.end(p, trials)
			return keep(trials)
		},
		Partial: func(trials []result.Trial) error {
			if time.Since(kept) < partialInterval {
				return nil
			}
			kept = time.Now()
			return keep(trials)
		},
	}
	m, err := s.method.measure(ctx, r)
	m.Repeat = repeat
	s.result.Measurements[at] = m
	s.result.Settings.MaxMpps = max(s.result.Settings.MaxMpps, r.MaxRate/1e6)
	return errors.Join(err, s.save())
}

// save writes the result so far to its file.
func (s *session) save() error {
	s.judge()
	if s.file == nil {
		return nil
	}
	if err := s.file.Write(s.result); err != nil {
		return fmt.Errorf("--result-file: %w", err)
	}
	return nil
}

// judge derives the verdict on the whole run from the measurements so far.
func (s *session) judge() { s.result = s.result.Judged(s.measurements()) }

// end closes the result of a run that succeeded or failed, writes it in every form that
// the flags ask for, and returns the error that the command ends with.
func (s *session) end(ctx context.Context, err error) error {
	measured := len(s.result.Measurements) > 0
	s.judge()
	// The start plus the run's duration, which is right even if the clock was set meanwhile.
	ended := s.result.Started.Add(time.Since(s.result.Started))
	s.result.Ended = &ended
	if err != nil {
		s.result.Complete, s.result.Valid = false, false
		s.result.Reason = cli.OneLine(err)
	}
	s.monitor.close()
	s.Flush() // the redrawn line goes away before the table comes
	if s.file != nil {
		// An earlier write may have failed where this one succeeds. Its error is not repeated.
		if e := s.file.Write(s.result); e != nil && !errors.Is(err, result.ErrWrite) {
			err = errors.Join(err, fmt.Errorf("--result-file: %w", e))
		}
	}
	if s.termination != nil {
		if e := s.termination.Write(report.Summary(s.result, report.SummaryBytes)); e != nil {
			err = errors.Join(err, fmt.Errorf("--termination-log: %w", e))
		}
	}
	// Publish before printing: whoever reads stdout may let us wait.
	published := s.publish(ctx, err)
	if measured {
		err = errors.Join(err, report.Write(s.Out, s.Output, s.result))
	}
	if err == nil {
		err = s.verdict()
	}
	return errors.Join(err, published)
}

// verdict gives the error that the command ends with if nothing failed.
func (s *session) verdict() error {
	err := s.result.Err()
	if errors.Is(err, result.ErrBelow) {
		return cli.BelowThreshold(err)
	}
	return cli.NotValid(err)
}
