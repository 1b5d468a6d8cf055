// Package outlier finds the outliers in a matrix of figures between nodes: a node that is
// slow as sender or as receiver, one slow link, a group of nodes of another kind. It is
// pure: the same matrix gives the same answer. It does not say why a node is slow. Start
// at Find.
package outlier

import (
	"math"
	"slices"
)

// Matrix has a figure for each ordered pair of nodes.
type Matrix struct {
	nodes int
	cells []float64 // by sender, then receiver; NaN: not measured
}

// NewMatrix makes a matrix in which nothing was measured.
func NewMatrix(nodes int) Matrix {
	m := Matrix{nodes, make([]float64, nodes*nodes)}
	for i := range m.cells {
		m.cells[i] = math.NaN()
	}
	return m
}

// Set writes down the figure of a pair. One that is not a number is not measured.
func (m Matrix) Set(from, to int, v float64) { m.cells[from*m.nodes+to] = v }

// At is the figure of a pair; NaN: it was not measured.
func (m Matrix) At(from, to int) float64 { return m.cells[from*m.nodes+to] }

// Cover sets the pairs that a finding is about: of a group those with one of its nodes.
func (m Matrix) Cover(f Finding) {
	for _, p := range f.Pairs {
		m.Set(p[0], p[1], 0)
	}
	for _, node := range f.Nodes {
		for other := range m.nodes {
			m.Set(node, other, 0)
			m.Set(other, node, 0)
		}
	}
}

// Except forgets the figures of the pairs that another matrix of the same nodes has.
func (m Matrix) Except(other Matrix) {
	other.each(func(from, to int, _ float64) { m.Set(from, to, math.NaN()) })
}

// each calls f for all that was measured, by sender.
func (m Matrix) each(f func(from, to int, v float64)) {
	for from := range m.nodes {
		for to := range m.nodes {
			if v := m.At(from, to); !math.IsNaN(v) {
				f(from, to, v)
			}
		}
	}
}

// side is a node in one of its roles.
type side struct {
	node     int
	receiver bool
}

// pairsOf are the pairs, sender and receiver, of a side that were measured.
func (m Matrix) pairsOf(s side) (list [][2]int) {
	for other := range m.nodes {
		pair := [2]int{s.node, other}
		if s.receiver {
			pair = [2]int{other, s.node}
		}
		if !math.IsNaN(m.At(pair[0], pair[1])) {
			list = append(list, pair)
		}
	}
	return list
}

// of are the figures of a side.
func (m Matrix) of(s side) (list []float64) {
	for _, p := range m.pairsOf(s) {
		list = append(list, m.At(p[0], p[1]))
	}
	return list
}

func (m Matrix) clone() Matrix { return Matrix{m.nodes, slices.Clone(m.cells)} }

func known(values []float64) (list []float64) {
	for _, v := range values {
		if !math.IsNaN(v) {
			list = append(list, v)
		}
	}
	return list
}

// Median is the middle of some figures, or the mean of the two in the middle; NaN: there
// are none. The figures are sorted.
func Median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// upperQuartile is the figure that three quarters of the figures do not exceed. Of two
// or three it is the largest. The figures are sorted.
func upperQuartile(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	return values[(3*n+3)/4-1]
}

// spread estimates the standard deviation of noise around 0 from the median of the
// figures above it, since bad figures are below. An estimate from few figures is often too
// small by chance, and is enlarged.
func spread(values []float64) float64 {
	var above []float64
	for _, v := range values {
		if v >= 0 {
			above = append(above, v)
		}
	}
	if len(above) == 0 {
		return 0
	}
	const (
		normal = 1.4826 // the ratio for normally distributed noise
		few    = 10     // chosen by TestFalseAlarms
	)
	return normal * Median(above) * (1 + few/float64(len(values)))
}
