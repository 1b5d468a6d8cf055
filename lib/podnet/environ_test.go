package podnet_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/podnet"
)

func TestParseEnviron(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", []string{}},
		{"NUL-separated", "A=1\x00B=x=y\nC=2\x00", []string{"A=1", "B=x=y\nC=2"}},
		{"NUL-separated, one", "A=1\x00", []string{"A=1"}},
		{"NUL-separated, no '='", "A\x00B=1", []string{"A", "B=1"}},
		{"lines", "A=1\nB=x=y\r\n\n# note\nC=", []string{"A=1", "B=x=y", "C="}},
		{"blanks belong to the value", "A= 1 \n", []string{"A= 1 "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := podnet.ParseEnviron([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
		})
	}
	if got, err := podnet.ParseEnviron([]byte("A=1\nbroken")); err == nil || got != nil {
		t.Errorf("a line without '=': %v, %v, want an error", got, err)
	}
	if got, err := podnet.ParseEnviron(bytes.Repeat([]byte{0}, podnet.MaxEnviron+1)); err == nil || got != nil {
		t.Errorf("too large: %v, %v, want an error", got, err)
	}
}

func FuzzParseEnviron(f *testing.F) {
	f.Add([]byte("A=1\nB=2"))
	f.Add([]byte("A=1\x00B=\n\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		environ, err := podnet.ParseEnviron(data)
		if (err != nil) != (environ == nil) {
			t.Fatalf("ParseEnviron = %v, %v: an error and a result exclude one another", environ, err)
		}
	})
}
