package result

// Lcore is a logical core of EAL: its number and its CPU. This is the one definition for
// documents. internal/dpdk, which knows no documents, has its own type for an lcore as
// DPDK reports it, and lib/eal one for an lcore that arguments ask for.
type Lcore struct {
	ID  int `json:"lcore"` // number of the lcore
	CPU int `json:"cpu"`   // that it is pinned to
}

// LcoreInfo is an lcore of EAL.
type LcoreInfo struct {
	Lcore
	NUMANode int  `json:"numaNode"` // of the CPU
	Main     bool `json:"main"`     // runs EAL and Go
}

// Thread is a polling lcore's thread during a time, and its share of its CPU.
type Thread struct {
	Lcore
	CPUSeconds          float64 `json:"cpuSeconds"`          // CPU time that it had, in seconds
	RunPercent          float64 `json:"runPercent"`          // of the time that it ran
	InvoluntarySwitches uint64  `json:"involuntarySwitches"` // times that it was made to leave its CPU

	Polls []string `json:"polls,omitempty"` // of run and dut: the interfaces that it served, each with its queue, such as "net1 queue 0"
}
