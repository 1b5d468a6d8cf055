//go:build !race

package result_test

const underRace = false
