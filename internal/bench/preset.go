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
	NDRConfig
}

// DefaultPreset is the name of the preset that a search takes by default.
const DefaultPreset = "fdio"

// Presets are all of them, the default one first. Those of other names are of RFC
// 9971 (section 4.6 and appendix C) and, with few and short trials at a fine width,
// for finding out what a change of the configuration did to the rate.
func Presets() []Preset {
	goal := func(trial, sum time.Duration, exceed, width float64) NDRConfig {
		return NDRConfig{Trial: time.Second, Goals: []result.GoalSettings{{
			Name: "NDR", ExceedRatio: exceed, DurationSumSeconds: sum.Seconds(), Width: width, TrialSeconds: trial.Seconds(),
		}}}
	}
	return []Preset{
		{DefaultPreset, "NDR and PDR (0.5 %), trials of 1 s, 21 s in sum, of which half may lose packets", NDRConfig{DefaultGoals(), time.Second}},
		{"rfc2544", "no loss in a final trial of 60 s", goal(time.Minute, time.Minute, 0, 0.005)},
		{"tst009", "no loss in one of two final trials of 60 s", goal(time.Minute, 2*time.Minute, 0.5, 0.005)},
		{"reconfiguration", "no loss in 11 trials of 1 s, to within 0.1 %", goal(0, 11*time.Second, 0, 0.001)},
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
