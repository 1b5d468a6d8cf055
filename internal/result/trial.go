package result

import "time"

// Trial is one interval of sending, and its counts over all directions.
type Trial struct {
	Phase   string    `json:"phase"`   // what it was for: maximum, search, validation, measurement, load, step or burst
	Started time.Time `json:"started"` // RFC 3339
	Seconds float64   `json:"seconds"` // that packets were sent for
	Frame   string    `json:"frame"`   // name of the measurement's frame

	Requested Target  `json:"requested"` // rate that was asked for, over all directions
	Offered   uint64  `json:"offered"`   // packets that the schedule asked for; at the maximum rate those sent
	Sent      Traffic `json:"sent"`      // that the port took
	Received  Traffic `json:"received"`  // that came back, each counted once

	Lost       uint64  `json:"lost"`       // offered less received, in packets
	LossRatio  float64 `json:"lossRatio"`  // lost of offered
	TxRefused  uint64  `json:"txRefused"`  // offered packets that the Tx ring had no room for: part of lost
	Duplicates uint64  `json:"duplicates"` // packets that came once more
	Reordered  uint64  `json:"reordered"`  // packets that came after one of their flow that was sent later (RFC 4737)
	RxOther    uint64  `json:"rxOther"`    // received packets that were not of this trial

	RTT *RTT `json:"rtt,omitempty"` // of the packets that came back
	// Late counts the packets that the generator offered more than 100 us after
	// their time.
	Late      uint64  `json:"late"`
	MaxLateUs float64 `json:"maxLateUs"` // by how much the latest packet was late, in microseconds

	Valid  bool   `json:"valid"`            // the counts are the path's, not the generator's
	Reason string `json:"reason,omitempty"` // why they are not

	Directions []Direction `json:"directions,omitempty"` // of a trial both ways
	Windows    []Window    `json:"windows,omitempty"`    // with loss, of a trial that was cut into windows; the first 3600
	// WindowsOmitted counts the windows with loss after those.
	WindowsOmitted uint64 `json:"windowsOmitted,omitempty"`

	Machine    Machine     `json:"machine"`    // what happened meanwhile on the machine
	Interfaces []Interface `json:"interfaces"` // counters of the ports
}

// Direction is one direction's counts in a trial both ways.
type Direction struct {
	TX         string `json:"tx"`         // interface that sent
	RX         string `json:"rx"`         // interface that received
	Offered    uint64 `json:"offered"`    // packets that the schedule asked for
	Sent       uint64 `json:"sent"`       // packets that the port took
	Received   uint64 `json:"received"`   // packets that came back, each counted once
	Lost       uint64 `json:"lost"`       // offered less received
	TxRefused  uint64 `json:"txRefused"`  // packets that the Tx ring had no room for
	Duplicates uint64 `json:"duplicates"` // packets that came once more
	Reordered  uint64 `json:"reordered"`  // packets that came after a later one of their flow
}

// Window is a part of a trial in which packets were lost.
type Window struct {
	Started   time.Time `json:"started"`   // RFC 3339
	Seconds   float64   `json:"seconds"`   // its length
	Lost      uint64    `json:"lost"`      // packets found missing in it, though they may have been offered in the one before
	TxRefused uint64    `json:"txRefused"` // that the Tx ring had no room for: part of lost
	Offered   uint64    `json:"offered"`   // packets that the schedule asked for in it
	Machine   Machine   `json:"machine"`
}

// OfferedMpps is the rate that a trial offered; 0 if it cannot be told.
func (t Trial) OfferedMpps() float64 {
	if t.Requested.Mpps != nil {
		return *t.Requested.Mpps
	}
	if t.Seconds <= 0 {
		return 0
	}
	return float64(t.Offered) / t.Seconds / 1e6
}
