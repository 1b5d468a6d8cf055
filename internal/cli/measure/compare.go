package measure

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/result"
)

const compareHelp = `compare tells whether NEW is slower than BASE. Each is a result file with repeated
measurements (--repeat 5), or a directory of result files. For every frame size and
goal of BASE it takes the rates of all valid measurements and gives the ratio of
their medians, NEW to BASE, with its 95 % bootstrap interval. A goal that even the
lowest rate did not meet counts as 0.

It ends with exit code 4 if a ratio is below 1 less --threshold and its interval
excludes 1, and with 5 if a side has fewer than five valid measurements of anything
that BASE has.`

func newCompareCmd(d deps) *cobra.Command {
	var threshold, output string
	cmd := &cobra.Command{
		Use:   "compare BASE NEW",
		Short: "Tell whether one set of results is slower than another",
		Long:  compareHelp,
		Args:  cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			ratio, err := parseRatio(threshold)
			if err != nil {
				return cli.UsageErrorf("--threshold %w", err)
			}
			return compareRun(d, args[0], args[1], ratio, output)
		},
	}
	cmd.Flags().StringVar(&threshold, "threshold", "2%", "how much slower is a regression, as 2%, 0.02 or 1/50")
	cli.AddOutputFlag(cmd, &output, "table", "json")
	return cmd
}

// compareSeed makes the same files give the same interval every time.
const compareSeed = 2544

// comparison is one row of what compare prints.
type comparison struct {
	Frame string `json:"frame"` // as 64 or imix
	Rate  string `json:"rate"`  // what is compared, as NDR
	bench.Comparison
	Regression bool `json:"regression"`
}

func compareRun(d deps, base, next string, threshold float64, output string) error {
	old, err := ratesOf(base)
	if err != nil {
		return err
	}
	now, err := ratesOf(next)
	if err != nil {
		return err
	}
	rows := []comparison{}
	var tooFew []error
	slower := 0
	for _, key := range old.keys {
		c, err := bench.Compare(old.rates[key], now.rates[key], compareSeed)
		if err != nil {
			tooFew = append(tooFew, fmt.Errorf("frames of %s, %s: %w", key.frame, key.rate, err))
			continue
		}
		row := comparison{Frame: key.frame, Rate: key.rate, Comparison: c, Regression: c.Regressed(threshold)}
		if row.Regression {
			slower++
		}
		rows = append(rows, row)
	}
	if len(old.keys) == 0 {
		return cli.NotValid(fmt.Errorf("%s has no valid measurement to compare with", base))
	}
	if err := printComparison(d, output, rows); err != nil {
		return err
	}
	if tooFew != nil {
		return cli.NotValid(errors.Join(tooFew...))
	}
	if slower > 0 {
		return cli.BelowThreshold(fmt.Errorf("%d of %d rates are slower by more than %.4g %%", slower, len(rows), 100*threshold))
	}
	return nil
}

func printComparison(d deps, output string, rows []comparison) error {
	if output == "json" {
		return cli.PrintJSON(d.Out, rows)
	}
	var table [][]string
	for _, r := range rows {
		verdict := "no regression"
		if r.Regression {
			verdict = "REGRESSION"
		}
		table = append(table, []string{
			r.Frame, r.Rate, fmt.Sprintf("%d, %d", r.Runs[0], r.Runs[1]),
			fmt.Sprintf("%.6g", r.Median[0]), fmt.Sprintf("%.6g", r.Median[1]),
			fmt.Sprintf("%.4f", r.Ratio), fmt.Sprintf("%.4f to %.4f", r.Low, r.High), verdict,
		})
	}
	return cli.PrintTable(d.Out, []string{"FRAME", "RATE", "RUNS", "BASE MPPS", "NEW MPPS", "RATIO", "95 % INTERVAL", "VERDICT"}, table)
}

// rateKey is what is compared with its like.
type rateKey struct{ frame, rate string }

// rateSet is the rates of one side in Mpps, and their keys in the order in which
// they came.
type rateSet struct {
	keys  []rateKey
	rates map[rateKey][]float64
}

// ratesOf collects the rates of all valid measurements of a file or of the files
// of a directory.
func ratesOf(path string) (rateSet, error) {
	set := rateSet{rates: map[rateKey][]float64{}}
	files := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*.json")); err != nil || len(files) == 0 {
			return set, fmt.Errorf("%s: no *.json in this directory", path)
		}
	}
	results, err := readResults(files)
	if err != nil {
		return set, err
	}
	for _, r := range results {
		for _, m := range r.Measurements {
			set.add(r.Method, m)
		}
	}
	return set, nil
}

func (s *rateSet) add(method string, m result.Measurement) {
	if !m.Valid || !m.Complete {
		return
	}
	put := func(rate string, mpps float64) {
		key := rateKey{m.Frame.Name, rate}
		if s.rates[key] == nil {
			s.keys = append(s.keys, key)
		}
		s.rates[key] = append(s.rates[key], mpps)
	}
	for _, g := range m.Goals {
		switch {
		case g.Lower != nil:
			put(g.Name, g.Lower.Mpps)
		case g.Status == result.BelowMinimum:
			put(g.Name, 0)
		}
	}
	if t := m.Measured(); t != nil && (method == result.Fixed || method == result.Soak) {
		put("received", t.Received.Mpps)
	}
}
