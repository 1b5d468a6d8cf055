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

	newWorker(streams []streamConfig, socket int) (worker, error)
	launch(w worker, lcore int) error
	wait(lcore int)
}

// pool is a driver's handle of a pool of mbufs.
type pool any

// worker is what one lcore has been given to do.
type worker interface {
	stopTx()
	stop()
	pause(on bool)
	turns() uint64
	read(stream int) rawCounters
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
	signature       uint64
	signatureOffset int
	frameLen        int
	pool            pool
	packetsPerCycle float64
	limit           uint64
}

// rawCounters are a stream's counters with times by the TSC.
type rawCounters struct {
	rxPackets, rxOther, txPackets, txRefused, offered uint64
	rxBytes, txBytes                                  uint64
	begin, end                                        uint64
}
