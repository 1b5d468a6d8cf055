//go:build linux

package main

import "fmt"

// The ports of the measurements. Frames have 64 bytes on the wire; net_null's size is
// without the FCS.
const (
	null = "net_null0,size=64"
	ring = "net_ring0"
)

const perPacket = "ns per packet"

// rows are the rows of the table, except the library's (parity.go).
var rows = []row{
	{
		work: "generate: 254 flows, stamped, with checksums", against: "testpmd txonly, one flow, nothing stamped", unit: perPacket, least: 1.7,
		peer: testpmd("txonly", null), ours: loop("generate", null),
	},
	{
		work: "generate: 254 flows, stamped, with checksums", against: "plain C floor: constant mbufs, nothing written", unit: perPacket, least: 0.65,
		peer: loop("floor", null), ours: loop("generate", null),
	},
	{
		work: "receive: number, order, duplicates, latency", against: "plain C loop of testpmd's rxonly, which checks nothing", unit: perPacket, least: 0.6,
		peer: reported("drop", ring), ours: reported("receive", ring),
	},
	{
		work: "forward: io", against: "testpmd", unit: perPacket, least: 0.99, forwards: true,
		peer: testpmd("io", null), ours: wrapper(null, "--mode", "io"),
	},
	{
		work: "forward: mac", against: "testpmd", unit: perPacket, least: 0.99, forwards: true,
		peer: testpmd("mac", null), ours: wrapper(null, "--mode", "mac"),
	},
	{
		work: "forward: macswap", against: "testpmd", unit: perPacket, least: 0.99, forwards: true,
		peer: testpmd("macswap", null), ours: wrapper(null, "--mode", "macswap"),
	},
	onSocket("io", vhostUser), onSocket("macswap", vhostUser), onSocket("io", memif), onSocket("macswap", memif),
	{
		work: "generate on memif", against: "testpmd txonly", unit: perPacket, least: 1.3, helper: memif.sink(),
		peer: testpmdOn(memif, "txonly"), ours: loopOn(memif, "generate"),
	},
	{
		work: "generate on vhost-user", against: "testpmd txonly", unit: perPacket, least: 1.9, helper: vhostUser.sink(),
		peer: testpmdOn(vhostUser, "txonly"), ours: loopOn(vhostUser, "generate"),
	},
	queues(2), queues(4), queues(8),
	{
		work: "process start to first packet sent", against: "testpmd with as many mbufs", unit: "ms", least: 1 / 0.8,
		peer: firstPacketOfTestpmd, ours: firstPacketOfOurs,
	},
	{work: "bench fixed -d 1s, without warm-up", unit: "s", most: 1.6, ours: benchFixed},
}

// onSocket is a forwarding loop whose peer sends as fast as it can. Turns without packets
// do not count for either side, because testpmd does not count them itself.
func onSocket(mode string, s socket) row {
	return row{
		work: fmt.Sprintf("forward on %s: %s", s.name, mode), against: "testpmd", unit: perPacket, least: 1.05, helper: s.source(),
		peer: testpmdBusy(s, mode), ours: reportedOn(s, "busy-"+mode),
	}
}

// queues compares several queues, whose lcores take turns on the CPU, with one queue.
func queues(n int) row {
	return row{
		work: fmt.Sprintf("generate on %d queues", n), against: "one queue", unit: perPacket, least: 1 / 1.1,
		peer: loop("generate", null), ours: loop(fmt.Sprintf("generate:%d", n), null),
	}
}
