package cpulist

import (
	"strings"
	"testing"

	"k8s.io/utils/cpuset"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"\n", ""},
		{"0", "0"},
		{"0-3,8,10-11\n", "0-3,8,10-11"},
		{" 130-133 ", "130-133"},
		{"5,4,3", "3-5"},
		{"8191", "8191"},
	} {
		got, err := Parse(tt.in)
		if err != nil || got.String() != tt.want {
			t.Errorf("Parse(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestParseRejects(t *testing.T) {
	for _, in := range []string{"3-1", "a", "1,,2", "1,", "-1", "1-", "0-4294967295", "8192", "0-1-2", "0x4", "1 2", "99999999999999999999"} {
		if got, err := Parse(in); err == nil {
			t.Errorf("Parse(%q) = %q, want an error", in, got)
		}
	}
}

// TestEmpty checks that an empty list is equal to the set of no CPUs, which the
// zero CPUSet is not.
func TestEmpty(t *testing.T) {
	if set, err := Parse(" \n"); err != nil || !set.Equals(cpuset.New()) {
		t.Errorf("%#v, %v", set, err)
	}
}

// TestErrors checks that an error tells which part of the list is wrong.
func TestErrors(t *testing.T) {
	for in, want := range map[string]string{
		"0-3,a":      `CPU list "0-3,a": "a" is no CPU number or range`,
		"1,,2":       `CPU list "1,,2": "" is no CPU number or range`,
		"0,3-1\n":    `CPU list "0,3-1": "3-1" is no CPU number or range`,
		"+1":         `CPU list "+1": "+1" is no CPU number or range`,
		"0-1-2":      `CPU list "0-1-2": "0-1-2" is no CPU number or range`,
		"0-99999999": `CPU list "0-99999999": CPU 99999999 is above 8191`,
	} {
		if _, err := Parse(in); err == nil || err.Error() != want {
			t.Errorf("Parse(%q): error %v, want %s", in, err, want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, text := range []string{"0", "0-127", "0-8191"} {
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				if _, err := Parse(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"0-3,8,10-11", "3-1", "0-4294967295", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		set, err := Parse(s)
		if err != nil {
			if strings.Contains(err.Error(), "strconv") {
				t.Fatalf("Parse(%q): %v", s, err)
			}
			return
		}
		again, err := Parse(set.String())
		if err != nil || !again.Equals(set) {
			t.Fatalf("Parse(%q) = %q, which parses to %q, %v", s, set, again, err)
		}
	})
}
