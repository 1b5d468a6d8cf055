package result

// RunSchema is the name of Run's schema.
const RunSchema = "podnet.run/v1"

// Run is what forwarding or generating without a measurement counted.
type Run struct {
	Schema     string      `json:"schema"`
	Mode       string      `json:"mode"`
	Seconds    float64     `json:"seconds"`
	Interfaces []Interface `json:"interfaces"`
	Total      Counters    `json:"total"`
	Faults     *Faults     `json:"faults,omitempty"` // of dut, if it was given any
	Lcores     []Thread    `json:"lcores"`
	DPDK       string      `json:"dpdk"`
	Version    string      `json:"version"`
}

// Faults count what dut did to frames.
type Faults struct {
	Dropped    uint64 `json:"dropped"`    // by loss
	Overflowed uint64 `json:"overflowed"` // that came faster than they were forwarded, and found the queue full
	Duplicated uint64 `json:"duplicated"`
	Reordered  uint64 `json:"reordered"` // held back until others had passed
}

// Interface is one port's counters.
type Interface struct {
	Name string `json:"name"` // the pod's interface
	Port string `json:"port"` // DPDK's name for it
	MAC  string `json:"mac"`  // of the port
	Counters
}

// Counters count a port's packets. Bytes are on the wire, with the FCS.
type Counters struct {
	RxPackets uint64 `json:"rxPackets"` // received, of this measurement and others
	RxBytes   uint64 `json:"rxBytes"`   // received, on the wire with the FCS
	TxPackets uint64 `json:"txPackets"` // that the port took
	TxBytes   uint64 `json:"txBytes"`   // that the port took, on the wire with the FCS
	TxRefused uint64 `json:"txRefused"` // that the Tx ring had no room for, and that were dropped
	RxMissed  uint64 `json:"rxMissed"`  // that the device dropped without a free Rx descriptor
	RxErrors  uint64 `json:"rxErrors"`  // received with errors
	RxNoMbuf  uint64 `json:"rxNoMbuf"`  // Rx failures without a free mbuf
	TxErrors  uint64 `json:"txErrors"`  // that the device failed to send
}

// Add returns the sum of two ports' counters.
func (c Counters) Add(o Counters) Counters {
	c.RxPackets += o.RxPackets
	c.RxBytes += o.RxBytes
	c.TxPackets += o.TxPackets
	c.TxBytes += o.TxBytes
	c.TxRefused += o.TxRefused
	c.RxMissed += o.RxMissed
	c.RxErrors += o.RxErrors
	c.RxNoMbuf += o.RxNoMbuf
	c.TxErrors += o.TxErrors
	return c
}
