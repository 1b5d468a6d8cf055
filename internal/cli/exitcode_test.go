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
		{notReady(base), 3},
		{belowThreshold(base), 4},
		{notValid(base), 5},
		{usageError(base), 64},
		{usageErrorf("x %w", base), 64},
		{fmt.Errorf("wrapped: %w", notReady(base)), 3},
		{errors.Join(nil, notReady(base)), 3},
		{usageError(notReady(base)), 64}, // the outermost mark counts
		{notReady(nil), 0},
	}
	for _, tt := range tests {
		if got := exitCode(tt.err); got != tt.want {
			t.Errorf("exitCode(%v) = %d, want %d", tt.err, got, tt.want)
		}
		if tt.err != nil && !errors.Is(tt.err, base) {
			t.Errorf("%v does not wrap its cause", tt.err)
		}
		if tt.want != codeFailed && !strings.Contains(exitCodesHelp, fmt.Sprintf("%4d  ", tt.want)) {
			t.Errorf("help exit-codes lacks %d", tt.want)
		}
	}
}
