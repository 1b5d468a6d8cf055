package measure

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/result"
)

const compareHelp = `compare tells whether NEW is slower than BASE. Each side is a set of runs: a
directory with one result file per run, or one file whose repeated measurements
(--repeat) then count as runs. They share a pod, and so vary less than runs do.

For every frame size it compares each goal's rate, or the received rate, and the
p99 and median round-trip times of bench latency. RATIO is NEW's performance divided
by BASE's, with its 95 % interval; below 1 is slower. With ten runs per side or more
the ratio is Hodges and Lehmann's estimate, tested by Mann and Whitney's exact test.
With fewer it is the ratio of the medians, with a bootstrap interval. Holm's method
corrects for the number of rows. A goal that even the lowest rate did not meet counts
as 0.

The exit code is 4 if a row is slower by more than its threshold, and not by chance. It
is 5 if a side has fewer than five runs of a figure that BASE has, or if a row is
inconclusive: NEW may be slower by more than the threshold, but the runs are too few or
too noisy to decide. It is 64 if the sides were measured with different settings.

--history DIR takes the runs of one directory instead, in the order of time, and finds
the runs at which a rate changed for good.`

func newCompareCmd(d deps) *cobra.Command {
	var threshold, latency, output, history string
	var allowDifferent bool
	cmd := &cobra.Command{
		Use:   "compare BASE NEW",
		Short: "Tell whether one set of results is slower than another",
		Long:  compareHelp,
		Args: func(cmd *cobra.Command, args []string) error {
			if history != "" {
				if len(args) > 0 {
					return cli.UsageErrorf("--history takes the directory of its runs, and no other files: leave %q out", args)
				}
				return nil
			}
			return cobra.ExactArgs(2)(cmd, args)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			ratio, err := parseRatio(threshold)
			if err != nil {
				return cli.UsageErrorf("--threshold %w", err)
			}
			slower, err := parseRatio(latency)
			if err != nil {
				return cli.UsageErrorf("--latency-threshold %w", err)
			}
			if history != "" {
				return historyRun(d, history, allowDifferent, output)
			}
			return compareRun(d, args[0], args[1], thresholds{rate: ratio, time: slower}, allowDifferent, output)
		},
	}
	cmd.Flags().StringVar(&threshold, "threshold", "2%", "a rate lower by more than this is a regression, such as 2%, 0.02 or 1/50")
	cmd.Flags().StringVar(&latency, "latency-threshold", "10%", "a round-trip time longer by more than this is a regression")
	cmd.Flags().BoolVar(&allowDifferent, "allow-different", false, "also compare runs with different settings")
	cmd.Flags().StringVar(&history, "history", "", "directory with the result files of a series of runs, to find changes in")
	cli.AddOutputFlag(cmd, &output, "table", "json")
	return cmd
}

// thresholds say from which slowdown on a row is a regression.
type thresholds struct{ rate, time float64 }

// of is the one for a row.
func (t thresholds) of(unit string) float64 {
	if unit == microseconds {
		return t.time
	}
	return t.rate
}

// compareSeed makes the same files give the same interval every time.
const compareSeed = 2544

// comparison is a row of compare's table.
type comparison struct {
	Frame string `json:"frame"` // such as 64 or imix
	Rate  string `json:"rate"`  // the compared figure, such as NDR
	Unit  string `json:"unit"`  // of the medians
	bench.Comparison
	Regression bool          `json:"regression"`
	Outcome    bench.Outcome `json:"outcome"`
	WithinRun  bool          `json:"withinRun,omitempty"`    // a side's figures are of one run
	Detectable float64       `json:"detectable"`             // slowdown that would have been found in four of five cases
	Decides    int           `json:"decidingRuns,omitempty"` // runs per side that would find a slowdown of the threshold as often
}

func compareRun(d deps, base, next string, limits thresholds, allowDifferent bool, output string) error {
	old, err := readSide(base)
	if err != nil {
		return err
	}
	now, err := readSide(next)
	if err != nil {
		return err
	}
	if len(old.keys) == 0 {
		return cli.NotValid(fmt.Errorf("%s has no valid measurement to compare with", base))
	}
	if err := sameSettings(allowDifferent, append(old.results, now.results...)); err != nil {
		return err
	}
	rows, tooFew := compareSides(old, now, limits)
	if err := printComparison(d, output, rows, limits); err != nil {
		return err
	}
	slower, open := 0, 0
	for _, r := range rows {
		switch r.Outcome {
		case bench.Regression:
			slower++
		case bench.Inconclusive:
			open++
		}
	}
	switch {
	case tooFew != nil:
		return cli.NotValid(tooFew)
	case slower > 0:
		return cli.BelowThreshold(fmt.Errorf("%d of %d rows are slower by more than the threshold", slower, len(rows)))
	case open > 0:
		return cli.NotValid(fmt.Errorf("%d of %d rows are inconclusive: the runs are too few or too noisy to tell", open, len(rows)))
	}
	return nil
}

// compareSides compares all figures of the base. The error is about rows with too few
// runs.
func compareSides(old, now side, limits thresholds) (rows []comparison, tooFew error) {
	rows = []comparison{}
	for _, key := range old.keys {
		c, err := bench.Compare(old.values[key], now.values[key], compareSeed)
		if err != nil {
			tooFew = errors.Join(tooFew, fmt.Errorf("frames of %s, %s: %w", key.frame, key.rate, err))
			continue
		}
		rows = append(rows, comparison{Frame: key.frame, Rate: key.rate, Unit: key.unit(), Comparison: c, WithinRun: old.oneRun || now.oneRun})
	}
	together := make([]*bench.Comparison, len(rows))
	for i := range rows {
		together[i] = &rows[i].Comparison
	}
	bench.Holm(together)
	for i := range rows {
		r := &rows[i]
		threshold := limits.of(r.Unit)
		r.Outcome, r.Regression = r.Comparison.Outcome(threshold), r.Regressed(threshold)
		r.Detectable, r.Decides = r.Comparison.Detectable(), r.Comparison.Decides(threshold)
		if r.Unit == microseconds {
			r.Median[0], r.Median[1] = inverse(r.Median[0]), inverse(r.Median[1])
		}
	}
	return rows, tooFew
}

func printComparison(d deps, output string, rows []comparison, limits thresholds) error {
	if output == "json" {
		return cli.PrintJSON(d.Out, rows)
	}
	var table [][]string
	var notes []string
	withinRun := false
	for _, r := range rows {
		verdict := strings.ReplaceAll(string(r.Outcome), "-", " ")
		switch r.Outcome {
		case bench.Regression:
			verdict = strings.ToUpper(verdict)
		case bench.Inconclusive:
			notes = append(notes, openNote(r, limits.of(r.Unit)))
		}
		withinRun = withinRun || r.WithinRun
		before, after := inUnit(r.Unit, r.Median[0], r.Median[1])
		ratio := func(v float64) string { return result.Decimals(v, 4) }
		table = append(table, []string{
			r.Frame, r.Rate, fmt.Sprintf("%d, %d", r.Runs[0], r.Runs[1]), before, after,
			ratio(r.Ratio), ratio(r.Low) + " to " + ratio(r.High), verdict,
		})
	}
	if err := cli.PrintTable(d.Out, []string{"FRAME", "RATE", "RUNS", "BASE", "NEW", "RATIO", "95 % INTERVAL", "VERDICT"}, table); err != nil {
		return err
	}
	if withinRun {
		notes = append(notes, "a side is one run: its repetitions vary less than runs do, so chance explains more than the interval says; give a directory with one file per run")
	}
	for _, n := range notes {
		if _, err := fmt.Fprintln(d.Out, n); err != nil {
			return err
		}
	}
	return nil
}

// openNote says which slowdown an inconclusive row could have found.
func openNote(r comparison, threshold float64) string {
	note := fmt.Sprintf("%s %s: a loss of %.2g %% would have been seen in four of five cases", r.Frame, r.Rate, 100*r.Detectable)
	if r.Decides > 0 {
		note += fmt.Sprintf("; %d runs per side would decide about %.4g %%", r.Decides, 100*threshold)
	}
	return note
}
