package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// The JUnit form: one suite per run, one case per figure of a measurement. A figure that
// is not valid is an error. A missed threshold is a failure of the whole run.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Time       float64         `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Hostname   string          `xml:"hostname,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name      string       `xml:"name,attr"`
		ClassName string       `xml:"classname,attr"`
		Time      float64      `xml:"time,attr"`
		Failure   *junitReason `xml:"failure"`
		Error     *junitReason `xml:"error"`
		Output    string       `xml:"system-out,omitempty"`
	}
	junitReason struct {
		Message string `xml:"message,attr"`
	}
)

func writeJUnit(w io.Writer, results []result.Result) error {
	var doc junitSuites
	for _, r := range results {
		doc.Suites = append(doc.Suites, junitOf(r))
	}
	return writeSuites(w, doc)
}

func writeSuites(w io.Writer, doc junitSuites) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(doc); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitOf(r result.Result) junitSuite {
	s := junitSuite{
		Name: "testpmd-wrapper bench " + r.Method, Timestamp: r.Started.UTC().Format(time.RFC3339), Hostname: plain(r.Environment.Host),
		Properties: []junitProperty{
			{"tx", plain(r.Settings.TX)},
			{"rx", plain(r.Settings.RX)},
			{"dpdk", plain(r.Environment.DPDK)},
			{"version", plain(r.Environment.Version)},
		},
	}
	if r.Ended != nil {
		s.Time = r.Ended.Sub(r.Started).Seconds()
	}
	for _, m := range r.Measurements {
		seconds := 0.0
		for _, t := range m.Trials {
			seconds += t.Seconds
		}
		for i, f := range figures(m) {
			if i == 0 {
				f.Text = strings.Join(append([]string{f.Text}, r.CaveatsOf(m)...), "; ")
			}
			c := junitCase{
				Name: fmt.Sprintf("%s bytes, repetition %d: %s", plain(m.Frame.Name), m.Repeat, plain(f.Name)), ClassName: "bench." + plain(r.Method),
				Time: seconds, Output: plain(f.Text),
			}
			seconds = 0 // of the first alone, so that the sum is right
			if !m.Valid || !m.Complete {
				c.Error = &junitReason{plain(m.Reason)}
				s.Errors++
			}
			s.Cases = append(s.Cases, c)
		}
	}
	if r.Settings.Gated() {
		c := junitCase{Name: "thresholds", ClassName: "bench." + plain(r.Method)}
		for _, f := range r.Failed {
			if c.Failure == nil {
				c.Failure = &junitReason{plain(f)}
			} else {
				c.Failure.Message += "; " + plain(f)
			}
		}
		if c.Failure != nil {
			s.Failures++
		}
		s.Cases = append(s.Cases, c)
	}
	if (!r.Complete || !r.Valid) && s.Errors == 0 {
		s.Cases = append(s.Cases, junitCase{Name: "run", ClassName: "bench." + plain(r.Method), Error: &junitReason{plain(r.Reason)}})
		s.Errors++
	}
	s.Tests = len(s.Cases)
	return s
}
