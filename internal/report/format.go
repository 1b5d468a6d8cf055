// Package report renders a result for people and programs: as a table, CSV, JUnit,
// Markdown, OpenMetrics, HTML with plots, HdrHistogram's log, FD.io CSIT's test cases, a
// ConfigMap or a termination message. It decides nothing: whether a result is valid, and
// why not, is in package result. To add a form, start at formats.
package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/podnet/podnet/internal/result"
)

// formats are the forms that results are written in, by name. Several results are
// written one after another.
var formats = []struct {
	name  string
	write func(io.Writer, []result.Result) error
}{
	{"table", each(writeTable)},
	{"json", each(func(w io.Writer, r result.Result) error { return r.Encode(w) })},
	{"csv", writeCSV},
	{"csv-trials", writeCSVTrials},
	{"junit", writeJUnit},
	{"markdown", each(writeMarkdown)},
	{"openmetrics", writeOpenMetrics},
	{"html", writeHTML},
	{"hdr", writeHDR},
	{"csit", writeCSIT},
	{"summary", each(func(w io.Writer, r result.Result) error {
		_, err := w.Write(Summary(r, SummaryBytes))
		return err
	})},
}

func each(write func(io.Writer, result.Result) error) func(io.Writer, []result.Result) error {
	return func(w io.Writer, results []result.Result) error {
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
func Write(w io.Writer, format string, results ...result.Result) error {
	for _, f := range formats {
		if f.name == format {
			return f.write(w, results)
		}
	}
	return fmt.Errorf("format %q: must be one of %s", format, strings.Join(Formats(), ", "))
}

// calibrationOf says how the generator was calibrated, and calibration gives the figures.
const calibrationOf = "with a ring in memory as the path"

func calibration(c *result.Calibration) string {
	text := fmt.Sprintf("%.4g Mpps at the maximum rate", c.Ceiling.Mpps)
	if p50, ok := c.TimestampError.At(50); ok {
		text += fmt.Sprintf(", a median round trip of %.3g us", p50)
		if c.TimedMpps > 0 {
			text += fmt.Sprintf(" at %.4g kpps", 1e3*c.TimedMpps)
		}
	}
	return text
}

// title names the run of a result.
func title(r result.Result) string { return r.Method + ", " + path(r.Settings, "->", "<->") }

// path names the interfaces, with an arrow for one way or for both.
func path(s result.Settings, one, both string) string {
	if s.Bidirectional {
		one = both
	}
	return fmt.Sprintf("%s %s %s", s.TX, one, s.RX)
}
