package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/podnet/podnet/internal/result"
)

// histogram is the distribution of the round-trip times of one answer: a load, a rate that a search
// found, or a single trial.
type histogram struct {
	name       string // of the answer
	start, end time.Time
	encoded    []string // histograms, one per trial
}

// histograms are those of a measurement. The times are from when packets should have
// been sent, where there was a schedule, so that a late generator does not hide.
func histograms(m result.Measurement) (list []histogram) {
	add := func(name string, trials []result.Trial, times ...*result.RTT) {
		d := histogram{name: name}
		for _, t := range times {
			if t != nil && t.Histogram != "" {
				d.encoded = append(d.encoded, t.Histogram)
			}
		}
		if len(d.encoded) == 0 {
			return
		}
		for i, t := range trials {
			ended := t.Started.Add(time.Duration(t.Seconds * float64(time.Second)))
			if i == 0 {
				d.start = t.Started
			}
			d.end = ended
		}
		list = append(list, d)
	}
	byTrial := func(name string, of func(result.Trial) bool) {
		var trials []result.Trial
		var times []*result.RTT
		for _, t := range m.Trials {
			if of(t) {
				trials, times = append(trials, t), append(times, scheduled(t.RTT, t.ScheduledRTT))
			}
		}
		add(name, trials, times...)
	}
	switch {
	case m.Latency != nil:
		for _, l := range m.Latency {
			var trials []result.Trial
			for _, t := range m.Trials {
				if t.Requested.Mpps != nil && *t.Requested.Mpps == l.Rate.Mpps && len(trials) == 0 {
					trials = append(trials, t)
				}
			}
			add(l.Load, trials, scheduled(l.RTT, l.ScheduledRTT))
		}
	case m.Goals != nil:
		for _, g := range m.Goals {
			byTrial(g.Name, g.Found)
		}
	case m.Steps != nil:
		for _, s := range m.Steps {
			byTrial(fmt.Sprintf("%.4g%%", 100*s.Fraction), func(t result.Trial) bool {
				return t.Valid && t.Requested.Mpps != nil && *t.Requested.Mpps == s.Rate.Mpps
			})
		}
	case m.Burst == nil:
		byTrial("received", func(result.Trial) bool { return true })
	}
	return list
}

// scheduled are the times by the schedule, if there was one.
func scheduled(actual, scheduled *result.RTT) *result.RTT {
	if scheduled != nil {
		return scheduled
	}
	return actual
}

// writeHDR writes the distributions of round-trip times, in nanoseconds, as a log of
// HdrHistogram: a line per load or rate found, whose tag names it.
func writeHDR(w io.Writer, results []result.Result) error {
	log := hdrhistogram.NewHistogramLogWriter(w)
	if err := log.OutputLogFormatVersion(); err != nil {
		return err
	}
	// Times of the lines are from the first run's start, in whole seconds.
	var base int64
	if len(results) > 0 {
		base = max(0, results[0].Started.Unix()) * 1000
	}
	log.SetBaseTime(base)
	if err := log.OutputBaseTime(base); err != nil {
		return err
	}
	if err := log.OutputStartTime(base); err != nil {
		return err
	}
	for _, r := range results {
		about := append([]string{title(r) + ": round-trip times in nanoseconds, by the schedule where there was one"}, r.Caveats()...)
		for _, text := range append(about, allCaveats(r)...) {
			if err := log.OutputComment("[" + plain(strings.ReplaceAll(text, "\n", "; ")) + "]"); err != nil {
				return err
			}
		}
	}
	if err := log.OutputLegend(); err != nil {
		return err
	}
	for _, r := range results {
		for _, m := range r.Measurements {
			for _, d := range histograms(m) {
				h, err := d.merged()
				if err != nil {
					return fmt.Errorf("%s %s: %w", named(m), d.name, err)
				}
				h.SetTag(tag(m, d.name))
				if err := log.OutputIntervalHistogram(h); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// merged is one histogram of all trials.
func (d histogram) merged() (sum *hdrhistogram.Histogram, err error) {
	for _, text := range d.encoded {
		h, err := hdrhistogram.Decode([]byte(text))
		switch {
		case err != nil:
			return nil, fmt.Errorf("a histogram in the result cannot be read: %w", err)
		case sum == nil:
			sum = h
		case sum.Merge(h) > 0:
			return nil, fmt.Errorf("histograms in the result have different ranges")
		}
	}
	sum.SetStartTimeMs(d.start.UnixMilli())
	sum.SetEndTimeMs(d.end.UnixMilli())
	return sum, nil
}

// tag names an answer, such as 64/10%_of_NDR, without what a log's tag may not have.
func tag(m result.Measurement, name string) string {
	text := m.Frame.Name + "/" + name
	if m.Repeat > 1 {
		text += "/" + strconv.Itoa(m.Repeat)
	}
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f && r != ',' && r != '"' {
			return r
		}
		return '_'
	}, text)
}
