package bench

// bracket looks for the highest value that passes. It goes up from a value that passed,
// or down from a value that failed, in relative strides that double; then it halves the
// interval.
type bracket struct {
	lower, upper float64 // the highest that passed, the lowest that failed; 0: none
	stride       float64 // first stride, relative to the value it starts from
}

// next is the value to try.
func (b *bracket) next() float64 {
	stride := b.stride
	switch {
	case b.lower == 0:
		b.stride = min(2*stride, 0.5)
		return b.upper * (1 - stride)
	case b.upper == 0:
		b.stride *= 2
		return b.lower * (1 + stride)
	}
	return (b.lower + b.upper) / 2
}

// tried narrows the bracket after a value has passed or failed.
func (b *bracket) tried(value float64, passed bool) {
	if passed {
		b.lower = value
	} else {
		b.upper = value
	}
}

// near tells whether both ends are known and at most the relative width apart.
func (b *bracket) near(width float64) bool {
	return b.lower > 0 && b.upper > 0 && b.upper-b.lower <= width*b.upper
}
