package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/podnet/podnet/internal/result"
)

// fabricFormats are the forms that fabric documents are written in, by name.
var fabricFormats = []struct {
	name  string
	write func(io.Writer, []result.Fabric) error
}{
	{"table", eachFabric(writeFabricTable)},
	{"json", eachFabric(func(w io.Writer, f result.Fabric) error { return f.Encode(w) })},
	{"csv", writeFabricCSV},
	{"junit", writeFabricJUnit},
	{"markdown", eachFabric(writeFabricMarkdown)},
	{"openmetrics", writeFabricOpenMetrics},
	{"html", writeFabricHTML},
	{"summary", eachFabric(func(w io.Writer, f result.Fabric) error {
		_, err := w.Write(FabricSummary(f, SummaryBytes))
		return err
	})},
}

func eachFabric(write func(io.Writer, result.Fabric) error) func(io.Writer, []result.Fabric) error {
	return func(w io.Writer, list []result.Fabric) error {
		for _, f := range list {
			if err := write(w, f); err != nil {
				return err
			}
		}
		return nil
	}
}

// FabricFormats are the names of the forms that WriteFabric knows; the first is for a
// person at a terminal.
func FabricFormats() []string {
	var names []string
	for _, f := range fabricFormats {
		names = append(names, f.name)
	}
	return names
}

// WriteFabric writes fabric documents in the form of that name. They are valid ones, such
// as result.ParseFabric gives.
func WriteFabric(w io.Writer, format string, list ...result.Fabric) error {
	for _, f := range fabricFormats {
		if f.name == format {
			return f.write(w, list)
		}
	}
	return fmt.Errorf("format %q of a fabric: must be one of %s", format, strings.Join(FabricFormats(), ", "))
}

// fabricTitle names the run of a fabric document.
func fabricTitle(f result.Fabric) string {
	rails := "1 rail"
	if n := f.Settings.RailCount; n != 1 {
		rails = fmt.Sprintf("%d rails (%s)", n, f.Settings.Rails)
	}
	load := f.Settings.Rate
	if f.Settings.NDR {
		load = "NDR up to " + load
	}
	return fmt.Sprintf("fabric %s, %d nodes, %s, %s at %s", f.Settings.Mode, len(f.Nodes), rails, f.Settings.Frame, load)
}

// fabricHead gives the lines before the figures: the verdict, missed thresholds and
// outliers, at most so many lines each.
func fabricHead(f result.Fabric, most int) []string {
	c := f.Count()
	lines := []string{
		fabricTitle(f) + ": " + f.Verdict(),
		fmt.Sprintf("%d of %d pairs were measured, %d are valid", c.Measured, c.Planned, c.Valid),
	}
	if f.Reason != "" {
		lines = append(lines, f.Reason)
	}
	lines = append(lines, bounded(f.Failed, most, "thresholds")...)
	var texts []string
	for _, o := range f.Outliers {
		texts = append(texts, o.Text)
	}
	if texts == nil && c.Measured > 0 {
		return append(lines, "no node, link or rail stands out")
	}
	return append(lines, bounded(texts, most, "outliers")...)
}

// bounded keeps the first lines, and says how many more there were.
func bounded(lines []string, most int, of string) []string {
	if len(lines) <= most {
		return lines
	}
	return append(slices.Clone(lines[:most]), fmt.Sprintf("and %d more %s", len(lines)-most, of))
}

// FabricSummary sums up a run in at most so many bytes of UTF-8, the most important lines
// first.
func FabricSummary(f result.Fabric, most int) []byte {
	lines := fabricHead(f, 20)
	v := newFabricView(f)
	for _, r := range v.rails {
		lines = append(lines, v.railLine(r))
	}
	for i := range lines {
		lines[i] = plain(lines[i])
	}
	return fitLines(lines, most)
}
