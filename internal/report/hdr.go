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

// histogram is the distribution of the round-trip times of one answer: a load, a rate
// that a search found, or a single trial.
type histogram struct {
	name       string // of the answer
	start, end time.Time
	encoded    []string // histograms, one per trial
}

// histograms are a measurement's histograms. Where there was a schedule, times begin when
// a packet should have been sent, so that they show a late generator's delay.
func histograms(m result.Measurement) (list []histogram) {
	// add adds an answer, of the trials that are meant by it.
	add := func(name string, meant func(result.Trial) bool, times *result.RTT) {
		h := histogram{name: name}
		for _, t := range m.Trials {
			if !meant(t) {
				continue
			}
			if h.start.IsZero() {
				h.start = t.Started
			}
			h.end = t.Started.Add(time.Duration(t.Seconds * float64(time.Second)))
			if rtt := scheduled(t.RTT, t.ScheduledRTT); times == nil && rtt != nil && rtt.Histogram != "" {
				h.encoded = append(h.encoded, rtt.Histogram)
			}
		}
		if times != nil && times.Histogram != "" {
			h.encoded = []string{times.Histogram}
		}
		if h.encoded != nil {
			list = append(list, h)
		}
	}
	at := func(r result.Rate, valid bool) func(result.Trial) bool {
		return func(t result.Trial) bool {
			return t.Requested.Mpps != nil && *t.Requested.Mpps == r.Mpps && (t.Valid || !valid)
		}
	}
	switch {
	case m.Latency != nil:
		for _, l := range m.Latency {
			if times := scheduled(l.RTT, l.ScheduledRTT); times != nil {
				add(l.Load, at(l.Rate, l.Limited == ""), times)
			}
		}
	case m.Goals != nil:
		for _, g := range m.Goals {
			add(g.Name, g.Found, nil)
		}
	case m.Steps != nil:
		for _, s := range m.Steps {
			add(fmt.Sprintf("%.4g%%", 100*s.Fraction), at(s.Rate, true), nil)
		}
	case m.Burst == nil:
		add("received", func(result.Trial) bool { return true }, nil)
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
