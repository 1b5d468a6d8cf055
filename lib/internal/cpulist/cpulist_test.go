package cpulist

import "testing"

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

func FuzzParse(f *testing.F) {
	for _, s := range []string{"0-3,8,10-11", "3-1", "0-4294967295", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		set, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(set.String())
		if err != nil || !again.Equals(set) {
			t.Fatalf("Parse(%q) = %q, which parses to %q, %v", s, set, again, err)
		}
	})
}
