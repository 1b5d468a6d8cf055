package eal_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/eal"
)

func TestInexpressible(t *testing.T) {
	long := "/" + strings.Repeat("x", 107) // 108 bytes
	memif := func(path string) eal.Device { return eal.Memif{Origin: origin("net1"), Path: path} }
	user := func(path string) eal.Device { return eal.VirtioUser{Origin: origin("net1"), Path: path} }
	vhost := func(path string) eal.Device { return eal.Vhost{Origin: origin("net1"), Path: path} }
	tests := []struct {
		name   string
		device eal.Device
		text   string // in the error
	}{
		{"comma", memif("/run/s,role=server"), "','"},
		{"comma, virtio_user", user("/run/s,server=1"), "','"},
		{"comma, vhost", vhost("/run/s,client=1"), "','"},
		{"equals sign", memif("/run/a=b"), "'='"},
		{"opening bracket", memif("/run/[a"), "'['"},
		{"closing bracket", memif("/run/a]"), "']'"},
		{"double quote", memif(`/run/"a`), "quote"},
		{"single quote", memif("/run/'a"), "quote"},
		{"newline", memif("/run/a\n--vdev=net_null0"), "U+000A"},
		{"NUL", memif("/run/a\x00b"), "U+0000"},
		{"delete", memif("/run/a\x7f"), "U+007F"},
		{"C1 control", memif("/run/a\u009b"), "U+009B"},
		{"not UTF-8", memif("/run/\xff"), "UTF-8"},
		{"parent element", memif("/run/../etc/s"), `".."`},
		{"parent element at the end", memif("/run/.."), `".."`},
		{"layer of a bus", memif("/bus=vdev/s.sock"), "'='"},
		{"layer of a class", memif("/run/class=eth"), "'='"},
		{"layer of a driver", user("/driver=x"), "'='"},
		{"108 bytes", user(long), "108 bytes"},
		{"108 bytes, abstract", memif("@" + long[1:]), "108 bytes"},
		{"empty", memif(""), "empty"},
		{"relative", memif("run/s"), "absolute"},
		{"abstract for virtio_user", user("@s"), "memif only"},
		{"abstract for vhost", vhost("@s"), "memif only"},
		{"abstract without a name", memif("@"), "no name"},
		{"negative memif id", eal.Memif{Origin: origin("net1"), Path: "/s", ID: -1}, "negative"},
		{"group MAC", eal.Memif{Origin: origin("net1"), Path: "/s", MAC: "01:00:5e:00:00:01"}, "group"},
		{"zero MAC", eal.Memif{Origin: origin("net1"), Path: "/s", MAC: "00:00:00:00:00:00"}, "zero"},
		{"eight bytes of MAC", eal.VirtioUser{Origin: origin("net1"), Path: "/s", MAC: "02:00:00:00:00:00:00:01"}, "six bytes"},
		{"MAC with an argument", eal.VirtioUser{Origin: origin("net1"), Path: "/s", MAC: "02:00:00:00:00:01,server=1"}, "six bytes"},
		{"129 queues", eal.VirtioUser{Origin: origin("net1"), Path: "/s", Queues: 129}, "1 to 128"},
		{"-1 queues", eal.Vhost{Origin: origin("net1"), Path: "/s", Queues: -1}, "1 to 128"},
		{"no PCI address", eal.PCI{Origin: origin("net1")}, "empty"},
		{"auxiliary device with an argument", eal.Auxiliary{Origin: origin("net1"), Name: "mlx5_core.sf.4,class=vdpa"}, "','"},
		{"auxiliary device on another bus", eal.Auxiliary{Origin: origin("net1"), Name: "pci:0000"}, "driver.type.id"},
		{"auxiliary device without a name", eal.Auxiliary{Origin: origin("net1")}, "empty"},
		{"auxiliary device with a long name", eal.Auxiliary{Origin: origin("net1"), Name: strings.Repeat("x", 64)}, "longer"},
		{"virtual device without a name", eal.VDev{Origin: origin("net1"), Arg: ",size=64"}, "no name"},
		{"virtual device with a long name", eal.VDev{Origin: origin("net1"), Arg: strings.Repeat("x", 64)}, "64 bytes"},
		{"virtual device with a newline", eal.VDev{Origin: origin("net1"), Arg: "net_null0\n"}, "control"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			argv, err := config(func(c *eal.Config) { c.Devices = []eal.Device{tt.device} }).Args()
			if err == nil {
				t.Fatalf("no error, but %q", argv)
			}
			if !errors.Is(err, eal.ErrInexpressible) {
				t.Errorf("error %q is not ErrInexpressible", err)
			}
			v, ok := errors.AsType[*eal.ValueError](err)
			if !ok || v.Interface != "net1" || v.Where != "annotation k[0]" {
				t.Errorf("error %#v does not name interface and place", err)
			}
			text := err.Error()
			if !strings.Contains(text, tt.text) || !strings.Contains(text, "annotation k[0]") {
				t.Errorf("error %q lacks %q or the place", text, tt.text)
			}
			if strings.ContainsAny(text, "\n\x00\x7f") || len(text) > 600 {
				t.Errorf("error %q repeats control characters, or too much", text)
			}
		})
	}
}

func TestInexpressibleInterfaceName(t *testing.T) {
	for _, name := range []string{"", "a,role=server", "a=b", "a b", "a/b", "a:b", "a\tb", "a\xff", strings.Repeat("x", 54)} {
		c := config(func(c *eal.Config) { c.Devices = []eal.Device{eal.Memif{Origin: origin(name), Path: "/s"}} })
		if argv, err := c.Args(); !errors.Is(err, eal.ErrInexpressible) {
			t.Errorf("name %q: got %q and error %v, want ErrInexpressible", name, argv, err)
		}
	}
}

func TestInexpressibleToken(t *testing.T) {
	for _, token := range []string{"x", "14d63f20-8445-11ea-8900-1f9ce7d5650d,a", "14d63f20+8445-11ea-8900-1f9ce7d5650d", "g4d63f20-8445-11ea-8900-1f9ce7d5650d"} {
		c := config(func(c *eal.Config) { c.VFIOToken, c.VFIOTokenOrigin = token, origin("net1") })
		if _, err := c.Args(); !errors.Is(err, eal.ErrInexpressible) || !strings.Contains(err.Error(), `"net1"`) {
			t.Errorf("token %q: got error %v, want ErrInexpressible of net1", token, err)
		}
	}
}

// The longest path and name that a socket's address and DPDK take.
func TestLongestValues(t *testing.T) {
	path, name := "/"+strings.Repeat("x", 106), strings.Repeat("i", 53)
	argv, err := config(func(c *eal.Config) { c.Devices = []eal.Device{eal.Memif{Origin: origin(name), Path: path}} }).Args()
	if err != nil {
		t.Fatal(err)
	}
	m, err := parse(getopt, argv)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.VDevs["net_memif_"+name]["socket"]; got != path {
		t.Errorf("socket %q, want %q", got, path)
	}
}
