package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// formats are the forms that results are written in, by name. Those of several
// results stand one after another.
var formats = []struct {
	name  string
	write func(io.Writer, []Result) error
}{
	{"table", each(writeTable)},
	{"json", each(writeJSON)},
	{"csv", writeCSV},
	{"junit", writeJUnit},
	{"markdown", each(writeMarkdown)},
	{"openmetrics", writeOpenMetrics},
	{"html", writeHTML},
	{"summary", each(func(w io.Writer, r Result) error {
		_, err := w.Write(Summary(r, SummaryBytes))
		return err
	})},
}

func each(write func(io.Writer, Result) error) func(io.Writer, []Result) error {
	return func(w io.Writer, results []Result) error {
		for _, r := range results {
			if err := write(w, r); err != nil {
				return err
			}
		}
		return nil
	}
}

// Formats are the names of the forms that Write knows; the first is for a person
// at a terminal.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// Write writes results in the form of that name.
func Write(w io.Writer, format string, results ...Result) error {
	for _, f := range formats {
		if f.name == format {
			return f.write(w, results)
		}
	}
	return fmt.Errorf("format %q: must be one of %s", format, strings.Join(Formats(), ", "))
}

func writeJSON(w io.Writer, r Result) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// verdict says in a few words what became of a run or a measurement.
func verdict(complete, valid bool, failed []string) string {
	switch {
	case !complete:
		return "incomplete"
	case !valid:
		return "not valid"
	case len(failed) > 0:
		return "below its thresholds"
	}
	return "valid"
}

// title names what a result is of.
func title(r Result) string { return r.Method + ", " + path(r.Settings, "->", "<->") }

// path names the interfaces, with an arrow for one way or for both.
func path(s Settings, one, both string) string {
	if s.Bidirectional {
		one = both
	}
	return fmt.Sprintf("%s %s %s", s.TX, one, s.RX)
}

// at tells the time that a percentile has; false if it was not measured.
func (r *RTT) at(percent float64) (us float64, ok bool) {
	if r == nil {
		return 0, false
	}
	for _, p := range r.Percentiles {
		if p.Percent == percent {
			return p.Us, true
		}
	}
	return 0, false
}
