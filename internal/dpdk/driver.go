package dpdk

import "net"

// driver is what this package needs of DPDK. Apart from the fake that its tests
// use there is one implementation, in cgo.go, which only translates; whatever
// decides anything is on this side of it.
type driver interface {
	// open prepares the log and the guard against DPDK ending the process.
	open(logWrite int, unlink []string) error
	init(args []string) error
	cleanup() error
	lcores() []Lcore
	clock() (tsc, nanoseconds uint64)

	findPort(name string) (uint16, error)
	portInfo(port uint16) (PortInfo, error)
	configure(port uint16, queues, rxDesc, txDesc, mtu int, rx pool) error
	start(port uint16) error
	restart(port uint16) error
	closePort(port uint16) error
	link(port uint16) (up bool, err error)
	stats(port uint16) (Stats, error)

	newPool(name string, mbufs, socket int) (pool, error)
	prepare(p pool, frame []byte) error
	send(port uint16, p pool, frame []byte) error
	receive(port uint16) []byte

	newRing(name string, size, socket int) (ring, error)
	freeRing(r ring)

	newWorker(streams []streamConfig, socket int) (worker, error)
	launch(w worker, lcore int) error
	wait(lcore int)
}

// pool is a driver's handle of a pool of mbufs.
type pool any

// ring is a driver's handle of a ring of mbufs.
type ring any

// worker is what one lcore has been given to do.
type worker interface {
	stopTx()
	stop()
	pause(on bool)
	turns() uint64
	read(stream int) rawCounters
	times(stream int, record func(cycles, packets uint64))
	tid() int
	free()
}

// streamConfig is a Stream as the loops take it.
type streamConfig struct {
	mode            Mode
	rxPort, rxQueue uint16
	txPort, txQueue uint16
	srcMAC, dstMAC  net.HardwareAddr
	countBytes      bool
	frameLen        int
	pool            pool
	ring            ring
	packetsPerCycle float64
	limit           uint64

	stampOffset            int
	flows                  int
	signature              uint32
	firstFlow, firstNumber uint32
	heads                  [][]byte // how a frame of each size begins, with the stamp
	lens                   []int
	pattern                []int
	lateCycles             float64

	impair impairConfig
}

// impairConfig is an Impairment in cycles.
type impairConfig struct {
	mode                     Mode
	gap                      float64
	delay, idle              uint64
	depth, reorderBy         int
	capacity                 int // a power of 2
	seed                     uint64
	loss, duplicate, reorder fault
}

// fault strikes every n-th frame, or by chance.
type fault struct {
	every uint64
	ratio float64
}

// rawCounters are a stream's counters with times by the TSC.
type rawCounters struct {
	rxPackets, rxOther, txPackets, txRefused, offered uint64
	rxBytes, txBytes                                  uint64
	begin, end                                        uint64
	late, maxLate                                     uint64
	duplicates, reordered, missing                    uint64
	dropped, overflowed, duplicated, held             uint64
}
