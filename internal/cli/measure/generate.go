package measure

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/result"
)

// flowOptions are the flags of the generated packets, apart from sizes and rates.
type flowOptions struct {
	DstMAC           string // auto or an address
	VLAN             int
	RxVLAN           string // of bench; empty: VLAN
	SrcIP, DstIP     string
	SrcPort, DstPort uint16
	Flows            int
	Vary             []string // of bench; none: the source port
}

const autoMAC = "auto"

func (o *flowOptions) addFlags(cmd *cobra.Command, dstMAC, dstMACUsage string) {
	f := cmd.Flags()
	f.StringVar(&o.DstMAC, "dst-mac", dstMAC, dstMACUsage)
	f.IntVar(&o.VLAN, "vlan", 0, "802.1Q id of generated frames, 1 to 4094; 0: untagged")
	f.StringVar(&o.SrcIP, "src-ip", "198.18.0.1", "source address, IPv4 or IPv6")
	f.StringVar(&o.DstIP, "dst-ip", "198.18.0.2", "destination address, IPv4 or IPv6")
	f.Uint16Var(&o.SrcPort, "src-port", 49184, "UDP source port of the first flow")
	f.Uint16Var(&o.DstPort, "dst-port", 7, "UDP destination port")
}

// flow turns the flags into a flow, still without MAC addresses, and checks that
// it fits into frames of each of the mixes' sizes.
func (o *flowOptions) flow(mixes ...result.Mix) (f bench.Flow, err error) {
	f = bench.Flow{VLAN: o.VLAN, SrcPort: o.SrcPort, DstPort: o.DstPort, Flows: o.Flows}
	if o.Vary != nil {
		if f.Vary, err = bench.ParseFields(o.Vary); err != nil {
			return f, cli.UsageErrorf("--vary: %w", err)
		}
	}
	if o.RxVLAN != "" {
		id, err := strconv.Atoi(o.RxVLAN)
		if err != nil {
			return f, cli.UsageErrorf("--rx-vlan %q: must be 1 to 4094, or 0 for packets without a tag", o.RxVLAN)
		}
		f.RxVLAN = &id
	}
	if f.SrcIP, err = netip.ParseAddr(o.SrcIP); err != nil {
		return f, cli.UsageErrorf("--src-ip: %w", err)
	}
	if f.DstIP, err = netip.ParseAddr(o.DstIP); err != nil {
		return f, cli.UsageErrorf("--dst-ip: %w", err)
	}
	if o.DstMAC != autoMAC && o.DstMAC != "" {
		if f.DstMAC, err = parseStation(o.DstMAC); err != nil {
			return f, cli.UsageErrorf("--dst-mac %q: want auto or an address such as 02:00:00:00:00:01", o.DstMAC)
		}
	}
	for _, m := range mixes {
		for _, s := range m {
			if err := f.Check(s.Bytes); err != nil {
				return f, cli.UsageError(err)
			}
		}
	}
	return f, nil
}

// parseStation reads the MAC address of one station.
func parseStation(s string) (net.HardwareAddr, error) {
	mac, err := net.ParseMAC(s)
	if err == nil && len(mac) != 6 {
		err = errors.New("it must have six octets")
	}
	return mac, err
}

var frameSizeUsage = fmt.Sprintf("bytes of a frame on the wire, with the FCS, %d to %d (64, 128, 256, 512, 1024, 1280, 1518, or any between; above 1518 both ends need a larger MTU)", bench.MinFrame, bench.MaxFrame)

const rateUsage = "max, packets per second (1000000, 250kpps, 1.5Mpps) or bits per second at L1 (10Gbps)"

// partUsage follows rateUsage where a rate can be a part of the line rate.
const partUsage = ", or a part of the line rate (50%)"
