package cli

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestExitCode(t *testing.T) {
	base := errors.New("base")
	tests := []struct {
		err  error
		want int
	}{
		{nil, 0},
		{base, 1},
		{NotReady(base), 3},
		{BelowThreshold(base), 4},
		{NotValid(base), 5},
		{UsageError(base), 64},
		{UsageErrorf("x %w", base), 64},
		{fmt.Errorf("wrapped: %w", NotReady(base)), 3},
		{errors.Join(nil, NotReady(base)), 3},
		{UsageError(NotReady(base)), 64}, // the outermost mark counts
		{NotReady(nil), 0},
	}
	for _, tt := range tests {
		if got := ExitCode(tt.err); got != tt.want {
			t.Errorf("exitCode(%v) = %d, want %d", tt.err, got, tt.want)
		}
		if tt.err != nil && !errors.Is(tt.err, base) {
			t.Errorf("%v does not wrap its cause", tt.err)
		}
		if tt.want != CodeFailed && !strings.Contains(exitCodesHelp, fmt.Sprintf("%4d  ", tt.want)) {
			t.Errorf("help exit-codes lacks %d", tt.want)
		}
	}
}
