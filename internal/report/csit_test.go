package report

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

// csitSchema is what CSIT's model has a test case be.
func csitSchema(t *testing.T) func(line string) error {
	t.Helper()
	f, err := os.Open("testdata/csit/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("csit.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("csit.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(line string) error {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			return err
		}
		return schema.Validate(value)
	}
}

// maximum are repetitions as fast as it goes.
func maximum(mpps ...float64) result.Result {
	r := resulttest.Fixed()
	m := r.Measurements[0]
	r.Measurements = nil
	for i, v := range mpps {
		trial := resulttest.Trial("measurement", resulttest.Size(64), v, 0)
		trial.Requested = result.NewTarget(0, 64)
		m.Repeat, m.Trials = i+1, []result.Trial{trial}
		r.Measurements = append(r.Measurements, m)
	}
	return r
}

// Every result is test cases of CSIT's model.
func TestCSITModel(t *testing.T) {
	check := csitSchema(t)
	samples := resulttest.Samples()
	samples["maximum"] = maximum(1, 2)
	samples["empty"] = result.Result{Method: result.NDR, Measurements: []result.Measurement{{Reason: "nothing was measured"}}}
	kinds := map[string]bool{}
	for name, r := range samples {
		for line := range strings.Lines(form(t, "csit", r)) {
			if err := check(line); err != nil {
				t.Errorf("%s: %v\n%s", name, err, line)
			}
			var c csitCase
			if err := json.Unmarshal([]byte(line), &c); err != nil {
				t.Fatal(err)
			}
			kinds[c.Result.Type] = true
			// The schema must refuse something, or passing it would show nothing.
			for _, damaged := range []string{
				strings.Replace(line, `"version":"1.4.0",`, "", 1), strings.Replace(line, `"hosts":["`, `"host":["`, 1), strings.Replace(line, `"type":"`, `"type":"x`, 1),
			} {
				if check(damaged) == nil {
					t.Errorf("%s: passes damaged: %s", name, damaged)
				}
			}
		}
	}
	if diff := cmp.Diff(map[string]bool{"mrr": true, "ndrpdr": true, "unknown": true}, kinds); diff != "" {
		t.Errorf("kinds of results (-want +got):\n%s", diff)
	}
}

func TestCSITCases(t *testing.T) {
	read := func(r result.Result) (list []csitCase) {
		for line := range strings.Lines(form(t, "csit", r)) {
			var c csitCase
			if err := json.Unmarshal([]byte(line), &c); err != nil {
				t.Fatal(err)
			}
			list = append(list, c)
		}
		return list
	}
	list := read(maximum(1, 3))
	if len(list) != 1 || list[0].Result.ReceiveRate == nil || list[0].TestType != "mrr" || !list[0].Passed {
		t.Fatalf("%+v", list)
	}
	want := csitSeries{Values: []float64{1e6, 3e6}, Avg: 2e6, Stdev: 1e6, Unit: "pps"}
	if diff := cmp.Diff(want, list[0].Result.ReceiveRate.Rate); diff != "" {
		t.Errorf("repetitions at the maximum rate (-want +got):\n%s", diff)
	}
	r := resulttest.NDR()
	list = read(r)
	if len(list) != len(r.Measurements) {
		t.Fatalf("%d test cases of %d frame sizes", len(list), len(r.Measurements))
	}
	for i, m := range r.Measurements {
		c, ndr := list[i], m.Goals[0]
		switch {
		case ndr.Lower == nil: // below the lowest rate
			if c.Result.Type != "unknown" || c.TestType != "device" || c.Passed {
				t.Errorf("%s without an NDR: %+v", m.Frame.Name, c)
			}
			continue
		case c.Result.NDR == nil || c.Result.NDR.Lower.Rate.Value != ndr.Lower.Mpps*1e6 || c.Result.PDR.Upper.Rate.Value != m.Goals[1].Upper.Mpps*1e6:
			t.Errorf("%s: %+v", m.Frame.Name, c.Result)
		case ndr.Upper == nil && c.Result.NDR.Upper != c.Result.NDR.Lower:
			t.Errorf("%s above the highest rate: %+v", m.Frame.Name, c.Result.NDR)
		}
		if passed := ndr.Lower.Mpps >= *r.Settings.MinMpps; c.Passed != passed || (c.Message == "") != passed {
			t.Errorf("%s: passed %t (%q) with an NDR of %g Mpps", m.Frame.Name, c.Passed, c.Message, ndr.Lower.Mpps)
		}
		if !strings.Contains(strings.Join(c.Telemetry, "\n"), `podnet_goal_packets_per_second{frame="`+m.Frame.Name) {
			t.Errorf("%s: the telemetry has no rate: %q", m.Frame.Name, c.Telemetry)
		}
	}
}
