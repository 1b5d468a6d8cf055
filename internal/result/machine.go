package result

// Machine is what happened on the machine during a time: what can make a poll
// loop late without the path being at fault.
type Machine struct {
	Threads []Thread `json:"threads"` // that polled
	// ThrottledPeriods is in how many CFS periods the container was throttled
	// (cpu.stat); absent if it cannot be read.
	ThrottledPeriods *uint64 `json:"throttledPeriods,omitempty"`
	// ThrottledMs is for how many milliseconds it was; absent if it cannot be read.
	ThrottledMs *float64 `json:"throttledMs,omitempty"`
	// StealMs is the time in milliseconds that the hypervisor gave others of the
	// polling CPUs (/proc/stat).
	StealMs  float64 `json:"stealMs"`
	RxMissed uint64  `json:"rxMissed"` // packets that the ports dropped without a free Rx descriptor
	RxNoMbuf uint64  `json:"rxNoMbuf"` // Rx failures without a free mbuf
}
