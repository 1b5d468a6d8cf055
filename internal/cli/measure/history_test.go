package measure

import "testing"

// A goal that even the lowest rate did not meet counts as 0 in a series.
func TestPercentChange(t *testing.T) {
	for _, c := range []struct {
		before, after float64
		want          string
	}{
		{100, 102, "+2.00 %"}, {100, 50, "-50.00 %"}, {1e-200, 1e200, "+Inf %"}, {0, 5, "+Inf %"}, {5, 0, "-100.00 %"}, {1, 1e15, "+1e+17 %"},
	} {
		if got := percentChange(c.before, c.after); got != c.want {
			t.Errorf("from %g to %g: %q, want %q", c.before, c.after, got, c.want)
		}
	}
}
