package report

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// csitVersion is the version of FD.io CSIT's model that csitCase follows: the schema of
// a test case's output, resources/model_schema/test_case.schema.yaml in its repository.
const csitVersion = "1.4.0"

// csitUnknown fills fields of the model that a run does not know.
const csitUnknown = "unknown"

// csitCase is a test case in CSIT's model. It is what was measured of one kind of
// frames. The model has no fields for most of a run's details, so they become telemetry.
type csitCase struct {
	Version       string     `json:"version"`
	TestID        string     `json:"test_id"`
	NameLong      string     `json:"test_name_long"`
	NameShort     string     `json:"test_name_short"`
	TestType      string     `json:"test_type"`
	Tags          []string   `json:"tags"`
	Documentation string     `json:"test_documentation"`
	StartTime     string     `json:"start_time"`
	EndTime       string     `json:"end_time"`
	Duration      float64    `json:"duration"` // in seconds
	DUTType       string     `json:"dut_type"`
	DUTVersion    string     `json:"dut_version"`
	TGType        string     `json:"tg_type"`
	TGVersion     string     `json:"tg_version"`
	Hosts         []string   `json:"hosts"`
	Passed        bool       `json:"passed"`
	Message       string     `json:"message"` // empty if it passed
	Result        csitResult `json:"result"`
	Telemetry     []string   `json:"telemetry"`
}

// csitResult is one of the model's kinds of result: mrr has ReceiveRate, ndrpdr NDR and
// PDR, and unknown nothing.
type csitResult struct {
	Type        string      `json:"type"`
	ReceiveRate *csitRates  `json:"receive_rate,omitempty"`
	NDR         *csitBounds `json:"ndr,omitempty"`
	PDR         *csitBounds `json:"pdr,omitempty"`
}

type csitBounds struct {
	Lower csitRate `json:"lower"`
	Upper csitRate `json:"upper"`
}

type csitRate struct {
	Rate      csitQuantity `json:"rate"`
	Bandwidth csitQuantity `json:"bandwidth"`
}

type csitQuantity struct {
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

type csitRates struct {
	Rate      csitSeries `json:"rate"`
	Bandwidth csitSeries `json:"bandwidth"`
}

type csitSeries struct {
	Values []float64 `json:"values"`
	Avg    float64   `json:"avg"`
	Stdev  float64   `json:"stdev"` // of the population, as jumpavg has it
	Unit   string    `json:"unit"`
}

// The model's units, and its kinds of result and of test that we have.
const (
	csitPackets = "pps"
	csitBits    = "bps"

	csitMRR    = "mrr"
	csitNDRPDR = "ndrpdr"
	csitDevice = "device" // of tests whose result is unknown
)

// writeCSIT writes a test case per line.
func writeCSIT(w io.Writer, results []result.Result) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, r := range results {
		for _, list := range csitGroups(r) {
			c, err := newCSITCase(r, list)
			if err != nil {
				return err
			}
			if err := e.Encode(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// csitGroups are the measurements of each test case: repetitions at the maximum rate are
// trials of one.
func csitGroups(r result.Result) (groups [][]result.Measurement) {
	for _, m := range r.Measurements {
		last := len(groups) - 1
		if last >= 0 && maximumRate(r, m) && groups[last][0].Frame.Name == m.Frame.Name {
			groups[last] = append(groups[last], m)
			continue
		}
		groups = append(groups, []result.Measurement{m})
	}
	return groups
}

// maximumRate tells whether a measurement is a trial as fast as it goes.
func maximumRate(r result.Result, m result.Measurement) bool {
	t := m.Measured()
	return r.Method == result.Fixed && t != nil && t.Requested.Mpps == nil
}

func newCSITCase(r result.Result, list []result.Measurement) (csitCase, error) {
	r.Measurements, r.Repetitions = list, nil
	judged := r.Judged(len(list))
	first, name := list[0], strings.ToLower(list[0].Frame.Name)+"b"
	if first.Frame.Mix != nil {
		name = strings.ToLower(first.Frame.Name)
	}
	c := csitCase{
		Version: csitVersion, DUTType: csitUnknown, DUTVersion: csitUnknown, TGType: "podnet", TGVersion: known(r.Environment.Version),
		Hosts: []string{known(r.Environment.Host)}, Tags: []string{strings.ToUpper(name)}, Documentation: plain(title(r)),
		Passed: judged.Err() == nil, TestType: csitDevice,
	}
	if err := judged.Err(); err != nil {
		c.Message = plain(strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if c.Result = csitResultOf(r, list); c.Result.Type != csitUnknown {
		c.TestType = c.Result.Type
		c.Tags = append(c.Tags, strings.ToUpper(c.TestType))
	}
	c.NameShort = csitName(r.Method)
	c.NameLong = csitName(driver(r.Environment) + "-" + name + "-" + r.Method)
	c.TestID = csitName("podnet.bench." + name + "-" + r.Settings.TX + "-" + r.Settings.RX + "-" + r.Method)
	if first.Repeat > 1 {
		c.TestID = csitName(c.TestID + "-repeat" + strconv.Itoa(first.Repeat))
	}
	start, end := csitTimes(r, list)
	c.StartTime, c.EndTime, c.Duration = start.Format(time.RFC3339Nano), end.Format(time.RFC3339Nano), end.Sub(start).Seconds()
	var err error
	c.Telemetry, err = csitTelemetry(judged)
	return c, err
}

// csitResultOf is the measurement's result, if the model has a kind for it. The model has
// none for a search without both NDR and PDR, or for one without a lower bound.
func csitResultOf(r result.Result, list []result.Measurement) csitResult {
	if maximumRate(r, list[0]) {
		var pps, bps []float64
		for _, m := range list {
			t := m.Measured()
			pps, bps = append(pps, t.Received.Mpps*1e6), append(bps, t.Received.GbpsL1*1e9)
		}
		return csitResult{Type: csitMRR, ReceiveRate: &csitRates{Rate: newCSITSeries(pps, csitPackets), Bandwidth: newCSITSeries(bps, csitBits)}}
	}
	bounds := func(loss float64) *csitBounds {
		i := slices.IndexFunc(list[0].Goals, func(g result.Goal) bool { return g.LossRatio == loss && g.Lower != nil })
		if i < 0 || list[0].Latency != nil {
			return nil
		}
		g := list[0].Goals[i]
		upper := g.Upper
		if upper == nil { // the highest rate that was tried met the goal
			upper = g.Lower
		}
		return &csitBounds{Lower: newCSITRate(*g.Lower), Upper: newCSITRate(*upper)}
	}
	ndr, pdr := bounds(0), bounds(0.005)
	if ndr == nil || pdr == nil {
		return csitResult{Type: csitUnknown}
	}
	return csitResult{Type: csitNDRPDR, NDR: ndr, PDR: pdr}
}

func newCSITRate(r result.Rate) csitRate {
	return csitRate{csitQuantity{r.Mpps * 1e6, csitPackets}, csitQuantity{r.GbpsL1 * 1e9, csitBits}}
}

func newCSITSeries(values []float64, unit string) csitSeries {
	s := result.NewSpread(values)
	return csitSeries{Values: values, Avg: s.Mean, Stdev: s.SD * math.Sqrt(float64(s.Count-1)/float64(s.Count)), Unit: unit}
}

// csitTimes are when the trials began and ended; of a run without any, the run itself.
func csitTimes(r result.Result, list []result.Measurement) (start, end time.Time) {
	start = r.Started
	if end = start; r.Ended != nil {
		end = *r.Ended
	}
	some := false
	for _, m := range list {
		for _, t := range m.Trials {
			if !some {
				start, some = t.Started, true
			}
			end = t.Started.Add(time.Duration(t.Seconds * float64(time.Second)))
		}
	}
	if end.Before(start) {
		end = start
	}
	return start.UTC(), end.UTC()
}

// csitTelemetry are the figures as OpenMetrics, a metric per entry.
func csitTelemetry(r result.Result) (list []string, err error) {
	var b bytes.Buffer
	if err := writeOpenMetrics(&b, []result.Result{r}); err != nil {
		return nil, err
	}
	list = []string{}
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "#") {
			list = append(list, strings.TrimSuffix(line, "\n"))
		}
	}
	return list, nil
}

// csitName is a name in lower case and without blanks, as the model wants it.
func csitName(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return '_'
		}
		return r
	}, strings.ToLower(plain(s)))
}

// driver is the driver of the interface that sends. It stands where CSIT names a NIC.
func driver(e result.Environment) string {
	if len(e.Interfaces) == 0 {
		return csitUnknown
	}
	return known(e.Interfaces[0].Driver)
}

// known replaces an empty word, which the model does not allow.
func known(s string) string {
	if s = plain(s); s != "" {
		return s
	}
	return csitUnknown
}
