//go:build race

package fabric

const underRace = true
