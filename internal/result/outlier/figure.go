package outlier

import "math"

// Figure says what the figures of a matrix are, and so which of them are bad.
type Figure int

// The figures.
const (
	Rate      Figure = iota // a rate: bad if it is small
	RoundTrip               // a time: bad if it is long
	Loss                    // a loss ratio: bad if it is large
)

// floor is by how much a figure has to be worse than expected, as a score: a rate by a
// tenth, a time by half, a loss ratio by a thousandth.
func (f Figure) floor() float64 {
	switch f {
	case Rate:
		return -math.Log(0.9)
	case RoundTrip:
		return math.Log(1.5)
	}
	return 0.001
}

// gap is by how much a group has to be worse than the next better one, as a score.
func (f Figure) gap() float64 {
	if f == Loss {
		return 0.01
	}
	return f.floor()
}

// scores turns figures into scores: the larger, the better. A factor between rates or
// times is a difference of scores. Loss ratios can be 0, so their difference is. false:
// all rates or times are 0.
func (f Figure) scores(m Matrix) (Matrix, bool) {
	largest := 0.0
	m.each(func(_, _ int, v float64) { largest = max(largest, v) })
	if f != Loss && !(largest > 0) || math.IsInf(largest, 0) {
		return Matrix{}, false
	}
	s := NewMatrix(m.nodes)
	m.each(func(from, to int, v float64) { s.Set(from, to, f.score(v, largest)) })
	return s, true
}

func (f Figure) score(v, largest float64) float64 {
	const least = 1e-6 // of the largest: 0 has no logarithm
	switch f {
	case Rate:
		return math.Log(max(v, least*largest))
	case RoundTrip:
		return -math.Log(max(v, least*largest))
	}
	return -v
}

// figure turns a score back into a figure.
func (f Figure) figure(score float64) float64 {
	switch f {
	case Rate:
		return math.Exp(score)
	case RoundTrip:
		return math.Exp(-score)
	}
	return -score + 0 // no minus zero
}
