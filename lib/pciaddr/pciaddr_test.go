package pciaddr_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/pciaddr"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"0000:3b:02.6", "0000:3b:02.6"},
		{"3b:02.6", "0000:3b:02.6"},
		{"0000:3B:1F.7", "0000:3b:1f.7"},
		{"ffff:00:01.0", "ffff:00:01.0"},
		{"10000:e1:00.0", "10000:e1:00.0"},
		{"00010000:e1:00.0", "10000:e1:00.0"},
		{"ffffffff:ff:1f.7", "ffffffff:ff:1f.7"},
		{"0000:00:00.0", "0000:00:00.0"},
	} {
		got, err := pciaddr.Parse(tt.in)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.in, err)
			continue
		}
		if got.String() != tt.want {
			t.Errorf("Parse(%q) = %s, want %s", tt.in, got, tt.want)
		}
		if got.IsZero() {
			t.Errorf("Parse(%q) is the zero value", tt.in)
		}
	}
}

func TestParseRejects(t *testing.T) {
	for _, in := range []string{
		"", " ", "eth0", "mlx5_core.sf.4", "0000:3b:02", "0000:3b.6", "02.6",
		" 0000:3b:02.6", "0000:3b:02.6 ", "0000:3b:02.6\n",
		"0000:3b:20.0",      // device over 1f
		"0000:3b:02.8",      // function over 7
		"0000:3b:02.10",     // function of two digits
		"0000:02:01:6",      // the device-info specification's own misprint
		"000:3b:02.6",       // domain of three digits
		"100000000:3b:02.6", // domain over 32 bits
		"0000:3b:2.6", "0000:3bb:02.6", ":3b:02.6", "0000:3b:02.", "0000:+b:02.6", "0000:3b:0_.6",
		"0000:0000:3b:02.6", `{"0000:3b:02.6":{`,
	} {
		got, err := pciaddr.Parse(in)
		if !errors.Is(err, pciaddr.ErrSyntax) {
			t.Errorf("Parse(%q) = %v, %v, want ErrSyntax", in, got, err)
		}
		if !got.IsZero() {
			t.Errorf("Parse(%q) gives %v beside its error", in, got)
		}
	}
}

func TestZero(t *testing.T) {
	var zero pciaddr.Address
	if !zero.IsZero() || zero.String() != "" {
		t.Errorf("the zero value is %q, IsZero %v", zero.String(), zero.IsZero())
	}
	first, err := pciaddr.Parse("0000:00:00.0")
	if err != nil {
		t.Fatal(err)
	}
	if first == zero {
		t.Error("0000:00:00.0 equals the zero value")
	}
}

func TestJSON(t *testing.T) {
	type doc struct {
		A pciaddr.Address            `json:"a,omitzero"`
		B pciaddr.Address            `json:"b,omitzero"`
		M map[pciaddr.Address]string `json:"m"`
	}
	const (
		in   = `{"a":"3B:02.6","m":{"10000:E1:00.0":"nvme"}}`
		text = `{"a":"0000:3b:02.6","m":{"10000:e1:00.0":"nvme"}}`
	)
	var got doc
	if err := json.Unmarshal([]byte(in), &got); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, string(out)); diff != "" {
		t.Errorf("round trip through JSON (-want +got):\n%s", diff)
	}
	if err := json.Unmarshal([]byte(`{"a":""}`), &got); err != nil || !got.A.IsZero() {
		t.Errorf("empty text gives %v, %v, want the zero value", got.A, err)
	}
	if err := json.Unmarshal([]byte(`{"a":"net1"}`), &got); !errors.Is(err, pciaddr.ErrSyntax) {
		t.Errorf("error is %v, want ErrSyntax", err)
	}
}

func TestCompare(t *testing.T) {
	want := []string{"", "0000:00:00.0", "0000:3b:02.6", "0000:3b:02.7", "0000:3b:03.0", "0000:af:00.0", "10000:00:00.0"}
	var addrs []pciaddr.Address
	for _, s := range want {
		var a pciaddr.Address
		if err := a.UnmarshalText([]byte(s)); err != nil {
			t.Fatal(err)
		}
		addrs = append(addrs, a)
	}
	slices.Reverse(addrs)
	slices.SortFunc(addrs, pciaddr.Compare)
	var got []string
	for _, a := range addrs {
		got = append(got, a.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"0000:3b:02.6", "3B:1f.7", "10000:e1:00.0", "0000:00:00.0", "mlx5_core.sf.4", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := pciaddr.Parse(s)
		if (err == nil) == a.IsZero() {
			t.Fatalf("Parse(%q) = %#v, %v: an error and an address exclude one another", s, a, err)
		}
		if err != nil {
			return
		}
		again, err := pciaddr.Parse(a.String())
		if err != nil || again != a {
			t.Fatalf("Parse(%q) = %v, which parses to %v, %v", s, a, again, err)
		}
	})
}
