package measure

import (
	"fmt"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/result"
)

// change is a row of the table of compare --history.
type change struct {
	Frame   string    `json:"frame"`   // such as 64 or imix
	Rate    string    `json:"rate"`    // the figure that changed, such as NDR
	Unit    string    `json:"unit"`    // of the medians
	Started time.Time `json:"started"` // first run after the change
	bench.Change
}

// historyRun finds the changes in a series of runs.
func historyRun(d deps, dir string, allowDifferent bool, output string) error {
	runs, err := readSide(dir)
	if err != nil {
		return err
	}
	if len(runs.keys) == 0 {
		return cli.NotValid(fmt.Errorf("%s has no valid measurement", dir))
	}
	if err := sameSettings(allowDifferent, runs.results); err != nil {
		return err
	}
	if runs.oneRun {
		return cli.NotValid(fmt.Errorf("%s has one result: a series needs a file per run", dir))
	}
	changes := []change{}
	for _, key := range runs.keys {
		for _, c := range bench.Changes(runs.values[key], compareSeed) {
			if key.time {
				c.Before, c.After = inverse(c.Before), inverse(c.After)
			}
			changes = append(changes, change{key.frame, key.rate, key.unit(), runs.started[key][c.At], c})
		}
	}
	if output == "json" {
		return cli.PrintJSON(d.Out, changes)
	}
	if len(changes) == 0 {
		_, err := fmt.Fprintf(d.Out, "no change in %d runs\n", len(runs.results))
		return err
	}
	var table [][]string
	for _, c := range changes {
		before, after := inUnit(c.Unit, c.Before, c.After)
		table = append(table, []string{
			c.Frame, c.Rate, c.Started.UTC().Format(time.RFC3339), before, after, percentChange(c.Before, c.After), fmt.Sprintf("%.3f", c.P),
		})
	}
	return cli.PrintTable(d.Out, []string{"FRAME", "RATE", "SINCE", "BEFORE", "AFTER", "CHANGE", "P"}, table)
}

// percentChange is a change relative to the figure before it, with its sign.
func percentChange(before, after float64) string {
	percent := result.Decimals(100*(after/before-1), 2) + " %"
	if after >= before && !strings.HasPrefix(percent, "+") { // infinity has one
		percent = "+" + percent
	}
	return percent
}
