package measure

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/lib/eal"
)

func TestLive(t *testing.T) {
	list := func(rx uint64) []result.Interface {
		return []result.Interface{{Name: "net1", Counters: result.Counters{RxPackets: rx}}, {Name: "net2"}}
	}
	now := time.Unix(0, 0)
	show := func(terminal bool) string {
		var b bytes.Buffer
		l := newLive(cli.Streams{Err: &b, IsTerminal: terminal}, newStatus(deps{}, "io"))
		l.Carried(now, list(1_000_000))
		l.Carried(now.Add(2*time.Second), list(2_000_000))
		l.Carried(now.Add(3*time.Second), list(250_000)) // counting began again
		return b.String()
	}
	want := "net1 rx 1.000 Mpps tx 0.000 Mpps refused 0 | net2 rx 0.000 Mpps tx 0.000 Mpps refused 0\n"
	want += strings.Replace(want, "1.000", "0.500", 1) + strings.Replace(want, "1.000", "0.250", 1)
	if diff := cmp.Diff(want, show(false)); diff != "" {
		t.Errorf("to a file (-want +got):\n%s", diff)
	}
	if got := show(true); strings.Count(got, "\x1b[2A") != 2 || strings.Count(got, "\n") != 6 {
		t.Errorf("on a terminal: %q, want two lines redrawn twice", got)
	}
}

func TestDutDevices(t *testing.T) {
	o := dutOptions{VhostUser: []string{"/a", "client:/b"}, Memif: []string{"server:/c", "client:/d"}}
	got, err := o.devices()
	if err != nil {
		t.Fatal(err)
	}
	origin := func(iface, where string) eal.Origin { return eal.Origin{Interface: iface, Where: where} }
	want := []eal.Device{
		eal.Vhost{Origin: origin("0", "--vhost-user"), Path: "/a"},
		eal.Vhost{Origin: origin("1", "--vhost-user"), Path: "/b", Client: true},
		eal.Memif{Origin: origin("0", "--memif"), Path: "/c", Server: true},
		eal.Memif{Origin: origin("1", "--memif"), Path: "/d"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
}
