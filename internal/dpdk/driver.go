package dpdk

import "net"

// Driver is the part of DPDK that this package needs. The driver in cgo.go only
// translates: all decisions are on this side of it. dpdktest has one in memory, for
// tests. All methods are called on one thread, except for Open, FlushLog, Clock and
// Confine, and the methods of a Worker. Any of them may take as long as DPDK likes.
type Driver interface {
	// Open prepares the guard against DPDK ending the process; the guard then removes
	// the files in unlink. It passes each line of DPDK's log to log: the level, from
	// RTE_LOG_EMERG (1) to RTE_LOG_DEBUG (8), and the text.
	Open(unlink []string, log func(level byte, text string)) error
	// FlushLog returns when log has been given all that has been logged so far.
	FlushLog()
	Init(args []string) error
	Cleanup() error
	Lcores() []Lcore
	Clock() (tsc, nanoseconds uint64)
	// Confine keeps the Go runtime's threads to these CPUs.
	Confine(cpus []int) error

	FindPort(name string) (uint16, error)
	PortInfo(port uint16) (PortInfo, error)
	Configure(port uint16, queues, rxDesc, txDesc, mtu int, rx Handle) error
	StartPort(port uint16) error
	RestartPort(port uint16) error
	ClosePort(port uint16) error // close ports of net_memif last
	Link(port uint16) (up bool, err error)
	// LinkSpeed is in Mbit/s; 0: not known.
	LinkSpeed(port uint16) (uint64, error)
	Stats(port uint16) (Stats, error)

	// NewPool makes a pool whose mbufs hold room bytes of a frame each.
	NewPool(name string, mbufs, room, socket int) (Handle, error)
	Prepare(pool Handle, frame []byte) error
	Send(port uint16, pool Handle, frame []byte) error
	Receive(port uint16) []byte

	NewRing(name string, size, socket int) (Handle, error)
	FreeRing(ring Handle)

	NewWorker(streams []StreamConfig, socket int) (Worker, error)
	Launch(w Worker, lcore int) error
	Wait(lcore int)
	// Grace waits until every loop has ended the turn that it is in.
	Grace() error
}

// Handle is a driver's own handle of a pool or a ring of mbufs.
type Handle any

// Times says which times of a stream are meant, in the order of enum podnet_times.
type Times int

// The times of a stream.
const (
	RTT          Times = iota // Verify: from when a packet was sent
	ScheduledRTT              // Verify: from when it should have been sent
	Lateness                  // Generate at a set rate: how late it was offered
	Gaps                      // Generate at a set rate: how long after the one before it
)

// Worker is what one lcore has been given to do.
type Worker interface {
	StopTx()
	Stop()
	Pause(on bool)
	// Park keeps the streams of a port from it, or lets them use it again.
	Park(port uint16, on bool)
	Turns() uint64
	Read(stream int) RawCounters
	// Follow tells a stream that verifies which stream, of a worker that is freed no
	// sooner, sends to it. It is called before either is launched.
	Follow(stream int, sender Worker, from int) error
	Times(stream int, of Times, record func(cycles, packets uint64))
	// Bursts tells how often a Generate stream at a set rate sent n packets at once, by
	// n.
	Bursts(stream int) []uint64
	// Question takes the next frame that asked for a host; nil: there is none.
	Question(stream int) []byte
	// Answer lets a stream send a frame; false: it cannot now.
	Answer(stream int, frame []byte) bool
	TID() int
	Free()
}

// StreamConfig is a Stream as the loops take it.
type StreamConfig struct {
	Mode            Mode
	RxPort, RxQueue uint16
	TxPort, TxQueue uint16
	SrcMAC, DstMAC  net.HardwareAddr
	CountBytes      bool
	FrameLen        int
	Pool            Handle
	Ring            Handle
	PacketsPerCycle float64
	Limit           uint64

	StampOffset            int
	Flows                  int
	Signature              uint32
	StampShift             int    // a stamp's time is in 2^StampShift cycles
	Payloads               []int  // Verify: lengths from the stamp on
	VLAN                   int    // Verify
	Earliest               uint64 // Verify: TSC before which no stamp was made; 0 but in tests
	FirstFlow, FirstNumber uint32
	Heads                  [][]byte // how a frame of each size begins, with the stamp
	Lens                   []int
	Pattern                []int
	LateCycles             float64
	SlackCycles            uint64
	Vary                   Vary
	Wide                   bool // the trial has more than 65536 flows
	Answers                bool // Verify: keep questions
	Elsewhere              bool // Verify: the stamps are of another machine's clock

	Impair ImpairConfig
}

// ImpairConfig is an Impairment in cycles.
type ImpairConfig struct {
	Mode                     Mode
	Gap                      float64
	Delay, Idle              uint64
	Depth, ReorderBy         int
	Capacity                 int // a power of 2
	Seed                     uint64
	Loss, Duplicate, Reorder Fault
}

// Fault strikes every n-th frame, or by chance.
type Fault struct {
	Every uint64
	Ratio float64
}

// RawCounters are a stream's counters with times by the TSC.
type RawCounters struct {
	RxPackets, RxOther, TxPackets, TxRefused, Offered uint64
	RxTruncated, RxExtended, RxDamaged, RxRetagged    uint64
	RxTags                                            uint64 // how many << 32 | outer id << 16 | inner id
	RxBytes, TxBytes                                  uint64
	Begin, End                                        uint64
	Late, MaxLate, MaxBacklog, RefusedLate            uint64
	MaxGap                                            uint64
	Duplicates, Reordered, Missing                    uint64
	Dropped, Overflowed, Duplicated, Held             uint64
}
