package eal_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/pciaddr"
)

func TestParseDevArgs(t *testing.T) {
	for text, want := range map[string][]eal.DevArg{
		"queue_size=512":                  {{Key: "queue_size", Value: "512"}},
		"a=1,zero-copy=yes":               {{Key: "a", Value: "1"}, {Key: "zero-copy", Value: "yes"}},
		"representor=pf0vf[0,2-3],b=1":    {{Key: "representor", Value: "pf0vf[0,2-3]"}, {Key: "b", Value: "1"}},
		"proto_xtr=[(1,2-3):tcp,10:vlan]": {{Key: "proto_xtr", Value: "[(1,2-3):tcp,10:vlan]"}},
	} {
		got, err := eal.ParseDevArgs(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
	for text, says := range map[string]string{
		"":                                  "key=value",
		"a":                                 "key=value",
		"a=1,":                              "key=value",
		"=1":                                "want a key",
		"a b=1":                             "want a key",
		"/bus=pci":                          "want a key",
		"a=1,a=2":                           "twice",
		"a=1=b":                             "'='",
		"a=":                                "empty",
		"a=\n--vdev=x":                      "U+000A",
		"a=1\n":                             "U+000A",
		"a=[1,2":                            "not closed",
		"a=[[1]":                            "list within a list",
		"a=[1]]":                            "']'",
		"a=]1,b=[":                          "']'",
		"a='1'":                             "quote",
		"a=0" + strings.Repeat(",b", 33):    "key=value",
		strings.Repeat("a=0,", 32) + "b=[]": "33 arguments",
	} {
		if args, err := eal.ParseDevArgs(text); !errors.Is(err, eal.ErrOption) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, %v, want an error with %q", text, args, err, says)
		}
	}
}

// TestDevArgs renders devices with arguments of the caller's own.
func TestDevArgs(t *testing.T) {
	const mac = "02:00:00:00:00:01"
	o := origin("net1")
	address := pciaddr.MustParse("3b:02.6")
	for _, tt := range []struct {
		name   string
		args   string
		device func([]eal.DevArg) eal.Device
		want   string // the last argument, or a part of the error
	}{
		{"PCI", "mprq_en=1", func(a []eal.DevArg) eal.Device { return eal.PCI{Address: address, Args: a} }, "0000:3b:02.6,mprq_en=1"},
		{"SF", "rxqs_min_mprq=1", func(a []eal.DevArg) eal.Device { return eal.Auxiliary{Name: "mlx5_core.sf.4", Args: a} }, "auxiliary:mlx5_core.sf.4,rxqs_min_mprq=1"},
		{
			"virtio_user", "queue_size=512,packed_vq=1",
			func(a []eal.DevArg) eal.Device { return eal.VirtioUser{Origin: o, Path: "/s", Queues: 2, Args: a} },
			"net_virtio_user_net1,path=/s,queues=2,queue_size=512,packed_vq=1",
		},
		{
			"packed queue of any size", "queue_size=500,packed_vq=1",
			func(a []eal.DevArg) eal.Device { return eal.VirtioUser{Origin: o, Path: "/s", Args: a} },
			"queue_size=500,packed_vq=1",
		},
		{
			"split queue of an odd size", "queue_size=500",
			func(a []eal.DevArg) eal.Device { return eal.VirtioUser{Origin: o, Path: "/s", Args: a} },
			"want a power of 2",
		},
		{
			"path", "path=/other",
			func(a []eal.DevArg) eal.Device { return eal.VirtioUser{Origin: o, Path: "/s", Args: a} },
			`interface "net1": bad option for EAL: podnet sets the device argument path from the pod's device, and it cannot be overridden`,
		},
		{"server", "server=1", func(a []eal.DevArg) eal.Device { return eal.VirtioUser{Origin: o, Path: "/s", Args: a} }, "want one of queue_size"},
		{"MAC of the pod", "mac=" + mac, func(a []eal.DevArg) eal.Device { return eal.VirtioUser{Origin: o, Path: "/s", MAC: mac, Args: a} }, "cannot be overridden"},
		{"MAC of none", "mac=" + mac, func(a []eal.DevArg) eal.Device { return eal.VirtioUser{Origin: o, Path: "/s", Args: a} }, "mac=" + mac},
		{"group MAC", "mac=01:00:00:00:00:01", func(a []eal.DevArg) eal.Device { return eal.VirtioUser{Origin: o, Path: "/s", Args: a} }, "group"},
		{"vhost", "tso=1", func(a []eal.DevArg) eal.Device { return eal.Vhost{Origin: o, Path: "/s", Args: a} }, "net_vhost_net1,iface=/s,tso=1"},
		{"no flag", "tso=yes", func(a []eal.DevArg) eal.Device { return eal.Vhost{Origin: o, Path: "/s", Args: a} }, "want 0 or 1"},
		{
			"memif", "zero-copy=yes,bsize=9216,secret=abc",
			func(a []eal.DevArg) eal.Device { return eal.Memif{Origin: o, Path: "/s", Args: a} },
			"net_memif_net1,role=client,id=0,socket=/s,socket-abstract=no,zero-copy=yes,bsize=9216,secret=abc",
		},
		{"zero copy of a server", "zero-copy=yes", func(a []eal.DevArg) eal.Device { return eal.Memif{Origin: o, Path: "/s", Server: true, Args: a} }, "only a memif client"},
		{"no zero copy of a server", "zero-copy=no", func(a []eal.DevArg) eal.Device { return eal.Memif{Origin: o, Path: "/s", Server: true, Args: a} }, "zero-copy=no"},
		{"long secret", "secret=" + strings.Repeat("x", 25), func(a []eal.DevArg) eal.Device { return eal.Memif{Origin: o, Path: "/s", Args: a} }, "25 bytes"},
		{"large buffer", "bsize=65536", func(a []eal.DevArg) eal.Device { return eal.Memif{Origin: o, Path: "/s", Args: a} }, "1 to 65535"},
		{"key of a later release", "owner-uid=7", func(a []eal.DevArg) eal.Device { return eal.Memif{Origin: o, Path: "/s", Args: a} }, "want one of bsize"},
		{"unknown key", "bogus=1", func(a []eal.DevArg) eal.Device { return eal.Memif{Origin: o, Path: "/s", Args: a} }, "want one of bsize"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args, err := eal.ParseDevArgs(tt.args)
			if err != nil {
				t.Fatal(err)
			}
			device := tt.device(args)
			argv, err := config(func(c *eal.Config) { c.Devices = []eal.Device{device} }).Args()
			alone, aloneErr := eal.RenderDevice(device, 0)
			if err != nil {
				if !errors.Is(err, eal.ErrOption) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want one with %q", err, tt.want)
				}
				if aloneErr == nil || aloneErr.Error() != err.Error() {
					t.Errorf("alone: %q, %v", alone, aloneErr)
				}
				return
			}
			last := strings.Join(argv[len(argv)-1:], "")
			if last == "--no-pci" {
				last = argv[len(argv)-2]
			}
			if !strings.HasSuffix(last, tt.want) {
				t.Errorf("arguments %q, want the end %q", argv, tt.want)
			}
			if aloneErr != nil || alone != strings.TrimPrefix(last, "--vdev=") {
				t.Errorf("alone: %q, %v", alone, aloneErr)
			}
		})
	}
	later, err := eal.RenderDevice(eal.Memif{Origin: o, Path: "/s", Args: []eal.DevArg{{Key: "owner-uid", Value: "7"}}}, eal.V23_11)
	if err != nil || !strings.HasSuffix(later, ",owner-uid=7") {
		t.Errorf("DPDK 23.11: %q, %v", later, err)
	}
}

func TestZeroCopyNeedsHugepages(t *testing.T) {
	c := config(func(c *eal.Config) {
		c.Memory = eal.Memory{NoHuge: true, NoHugeMiB: 256}
		c.Devices = []eal.Device{eal.Memif{Origin: origin("net1"), Path: "/s", Args: []eal.DevArg{{Key: "zero-copy", Value: "yes"}}}}
	})
	if argv, err := c.Args(); !errors.Is(err, eal.ErrOption) || !strings.Contains(err.Error(), "hugepages") {
		t.Errorf("%q, %v", argv, err)
	}
}
