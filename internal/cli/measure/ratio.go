package measure

import (
	"fmt"
	"strconv"
	"strings"
)

// parseRatio reads a part of the whole: 0.001, 0.1% or 1/1000.
func parseRatio(s string) (float64, error) {
	number, scale := s, 1.0
	if n, ok := strings.CutSuffix(s, "%"); ok {
		number, scale = n, 100
	} else if n, of, ok := strings.Cut(s, "/"); ok {
		d, err := strconv.ParseFloat(of, 64)
		if err != nil {
			return 0, badRatio(s)
		}
		number, scale = n, d
	}
	v, err := strconv.ParseFloat(number, 64)
	if v /= scale; err != nil || !(v >= 0 && v <= 1) {
		return 0, badRatio(s)
	}
	return v, nil
}

func badRatio(s string) error {
	return fmt.Errorf("%q: must be from 0 to 1, such as 0.001, 0.1%% or 1/1000", s)
}
