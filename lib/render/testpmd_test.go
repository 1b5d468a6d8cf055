package render_test

import (
	"testing"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/render"
)

// TestTestpmdOnAFXDP: with mbufs for the fill ring alone nothing moves.
func TestTestpmdOnAFXDP(t *testing.T) {
	c := appConfig(1, 4)
	c.Devices = []eal.Device{eal.AFXDP{Origin: eal.Origin{Interface: "net1"}, Netdev: "ens3"}}
	c.Memory = eal.Memory{NodeMiB: []int{256}}
	args, err := render.Args(c, render.Testpmd, render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const rings, more = 2048 + 4*512, 3 * 4096
	if got := appFlags(t, args, "")["--total-num-mbufs"]; got != "16384" || rings+more != 16384 {
		t.Errorf("%s mbufs, want %d", got, rings+more)
	}
	c.Memory = eal.Memory{NodeMiB: []int{32}}
	if args, err := render.Args(c, render.Testpmd, render.Options{}); err == nil {
		t.Errorf("in 32 MiB: got %q, want an error", args)
	}
}
