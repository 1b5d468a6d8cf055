package cli

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/podnet/podnet/lib/check"
)

// printReport writes what the checks say in one of the forms of -o.
func printReport(w io.Writer, form string, report check.Report) error {
	switch form {
	case "json":
		return PrintJSON(w, report)
	case "junit":
		return printCheckJUnit(w, report)
	}
	return printCheckTable(w, report)
}

// printCheckTable writes a line per finding, with the remedy below it. Checks that do not
// apply are only counted.
func printCheckTable(w io.Writer, report check.Report) error {
	var b strings.Builder
	counts := map[check.Status]int{}
	for _, r := range report.Results {
		counts[r.Status]++
		name := r.Check
		if r.Interface != "" {
			name += " (" + cell(r.Interface) + ")"
		}
		switch r.Status {
		case check.Pass:
			fmt.Fprintf(&b, "pass  %s", name)
			if len(r.Evidence) > 0 {
				fmt.Fprintf(&b, ": %s", cell(strings.Join(r.Evidence, "; ")))
			}
			b.WriteByte('\n')
		case check.Warn, check.Fail:
			fmt.Fprintf(&b, "%s  %s: %s\n", r.Status, name, cell(r.Cause))
			for _, line := range []struct{ label, text string }{
				{"code", string(r.Code)}, {"where", r.Where}, {"found", strings.Join(r.Evidence, "; ")}, {"remedy", r.Remedy},
			} {
				if line.text != "" {
					fmt.Fprintf(&b, "      %s: %s\n", line.label, cell(line.text))
				}
			}
		}
	}
	fmt.Fprintf(&b, "%d failed, %d warned, %d passed, %d do not apply (see -o json)\n",
		counts[check.Fail], counts[check.Warn], counts[check.Pass], counts[check.Skip])
	_, err := io.WriteString(w, b.String())
	return err
}

// The JUnit form: a suite per run, a case per finding. A warning passes, with its text
// as the output of the case.
type (
	checkSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []checkCase `xml:"testcase"`
	}
	checkCase struct {
		Name      string       `xml:"name,attr"`
		ClassName string       `xml:"classname,attr"`
		Failure   *checkReason `xml:"failure"`
		Skipped   *checkReason `xml:"skipped"`
		Output    string       `xml:"system-out,omitempty"`
	}
	checkReason struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func printCheckJUnit(w io.Writer, report check.Report) error {
	suite := checkSuite{Name: "check for " + report.For, Tests: len(report.Results)}
	for _, r := range report.Results {
		c := checkCase{Name: r.Check, ClassName: "check." + string(r.Group)}
		if r.Interface != "" {
			c.Name += " " + cell(r.Interface)
		}
		switch r.Status {
		case check.Fail:
			suite.Failures++
			c.Failure = &checkReason{cell(r.Cause), r.Remedy}
		case check.Skip:
			suite.Skipped++
			c.Skipped = &checkReason{Message: cell(r.Cause)}
		case check.Warn:
			c.Output = "warning: " + cell(r.Cause) + "\n" + r.Remedy
		case check.Pass:
			if len(r.Evidence) > 0 {
				c.Output = cell(strings.Join(r.Evidence, "; "))
			}
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
