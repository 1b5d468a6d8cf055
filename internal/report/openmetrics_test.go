package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

// However many figures of a document collide, there is one error, which names the first.
func TestOpenMetricsCollisions(t *testing.T) {
	const many = 3000
	alike := resulttest.Fixed()
	alike.Measurements = nil
	for i := range many {
		m := resulttest.FixedAt(1, 0)
		m.Repeat = min(i+1, 2)
		alike.Measurements = append(alike.Measurements, m)
	}
	goals := resulttest.NDR()
	one := goals.Measurements[0]
	for range many {
		one.Goals = append(one.Goals, one.Goals[0])
	}
	goals.Measurements = []result.Measurement{one}
	for _, c := range []struct {
		name    string
		results []result.Result
		want    string
	}{
		{"measurements", []result.Result{resulttest.Fixed(), alike}, `result 2 of 2: 2998 of 3000 measurements have the frame size and the repetition of an earlier one, the first of these "64" and 2.`},
		{"goals", []result.Result{goals}, "(the first of "},
	} {
		var b bytes.Buffer
		err := Write(&b, "openmetrics", c.results...)
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 1000 || strings.Contains(err.Error(), "\n") || b.Len() > 0 {
			t.Errorf("%s: %.2000v, want %s; %d bytes were written", c.name, err, c.want, b.Len())
		}
	}
}
