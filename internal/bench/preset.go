package bench

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// Preset is a set of search goals that goes by a name.
type Preset struct {
	Name string
	Help string // what the goals are, in a line
	// Usual is how long the trials take for one frame size on ordinary devices, by
	// the simulations of docs/reference/mlrsearch.md.
	Usual time.Duration
	NDRConfig
}

// DefaultPreset is the name of the preset that a search takes by default.
const DefaultPreset = "fdio"

// QuickPreset is the one for a first answer.
const QuickPreset = "quick"

// quickLimit is how long the trials of QuickPreset may take together.
const quickLimit = 15 * time.Second

// Presets are all of them, the default one first. rfc2544 and tst009 follow RFC 9971
// (section 4.6 and appendix C). reconfiguration has few and short trials at a fine
// width, and shows how a change of the configuration moved the rate.
func Presets() []Preset {
	goal := func(trial, sum time.Duration, exceed, width float64, limit time.Duration) NDRConfig {
		return NDRConfig{Trial: time.Second, Limit: limit, Goals: []result.GoalSettings{{
			Name: "NDR", ExceedRatio: exceed, DurationSumSeconds: sum.Seconds(), Width: width, TrialSeconds: trial.Seconds(),
		}}}
	}
	quick := DefaultGoals()
	for i := range quick {
		quick[i].DurationSumSeconds, quick[i].Width = 1.75, 0.01
	}
	return []Preset{
		{
			DefaultPreset, "NDR and PDR (0.5 %), trials of 1 s, 21 s in sum, of which half may lose packets",
			time.Minute,
			NDRConfig{DefaultGoals(), time.Second, 10 * time.Minute},
		},
		{"rfc2544", "no loss in a final trial of 60 s", 2 * time.Minute, goal(time.Minute, time.Minute, 0, 0.005, time.Hour)},
		{"tst009", "no loss in one of two final trials of 60 s", 3 * time.Minute, goal(time.Minute, 2*time.Minute, 0.5, 0.005, 2*time.Hour)},
		{"reconfiguration", "no loss in 11 trials of 1 s, to within 0.1 %", time.Minute, goal(0, 11*time.Second, 0, 0.001, 10*time.Minute)},
		{
			QuickPreset, "NDR and PDR to within 1 %, in trials of 250 ms, 15 s in all", 10 * time.Second,
			NDRConfig{quick, 250 * time.Millisecond, quickLimit},
		},
	}
}

// ParsePreset is the preset of a name.
func ParsePreset(name string) (Preset, error) {
	all := Presets()
	i := slices.IndexFunc(all, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		names := make([]string, len(all))
		for i, p := range all {
			names[i] = p.Name
		}
		return Preset{}, fmt.Errorf("goal preset %q: must be one of %s", name, strings.Join(names, ", "))
	}
	return all[i], nil
}
