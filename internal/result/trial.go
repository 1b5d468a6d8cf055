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
	RxOther    uint64  `json:"rxOther"`    // received packets that were not of this trial, or not as they were sent
	Changed            // packets of this trial that came otherwise than they were sent: part of rxOther

	RTT *RTT `json:"rtt,omitempty"` // of the packets that came back, from when each was sent
	// ScheduledRTT is from when each packet should have been sent: with it a generator
	// that was held up does not make the path look faster. Absent at the maximum rate.
	ScheduledRTT *RTT `json:"scheduledRTT,omitempty"`
	Lateness     *RTT `json:"lateness,omitempty"` // how late the packets were offered, to a sixteenth; absent at the maximum rate
	// Gaps is how far apart the packets were offered, to a sixteenth; absent at the maximum
	// rate.
	Gaps *RTT `json:"gaps,omitempty"`
	// Bursts is how often so many packets were offered at once; absent at the maximum rate.
	Bursts []BurstLength `json:"bursts,omitempty"`
	// Late counts the packets that the generator offered more than 100 us after
	// their time.
	Late      uint64  `json:"late"`
	MaxLateUs float64 `json:"maxLateUs"` // by how much the latest packet was late, in microseconds

	Valid  bool    `json:"valid"`            // the counts are the path's, not the generator's
	Reason string  `json:"reason,omitempty"` // why they are not
	Limits []Limit `json:"limits,omitempty"` // the reason, one by one

	TxQueues []TxQueue `json:"txQueues,omitempty"` // that sent
	RxQueues []RxQueue `json:"rxQueues,omitempty"` // that received

	Directions []Direction `json:"directions,omitempty"` // of a trial both ways
	Windows    []Window    `json:"windows,omitempty"`    // with loss, of a trial that was cut into windows; the first 3600
	// WindowsOmitted counts the windows with loss after those.
	WindowsOmitted uint64 `json:"windowsOmitted,omitempty"`

	Machine    Machine     `json:"machine"`    // what happened meanwhile on the machine
	Interfaces []Interface `json:"interfaces"` // counters of the ports
}

// Changed counts packets of a trial that came otherwise than they were sent.
type Changed struct {
	RxTruncated uint64 `json:"rxTruncated"`      // shorter
	RxExtended  uint64 `json:"rxExtended"`       // longer
	RxDamaged   uint64 `json:"rxDamaged"`        // with a stamp that does not check, or whose time is not of the trial
	RxRetagged  uint64 `json:"rxRetagged"`       // in another VLAN, or with more or fewer tags
	RxTags      []int  `json:"rxTags,omitempty"` // VLAN ids of the last one retagged, the outer one first
}

// BurstLength is how often the generator offered so many packets at once.
type BurstLength struct {
	Packets int    `json:"packets"` // at once
	Count   uint64 `json:"count"`   // how often
}

// TxQueue is how well a queue kept to its schedule.
type TxQueue struct {
	Interface string `json:"interface"` // that it is of
	Queue     int    `json:"queue"`     // from 0
	Lcore     int    `json:"lcore"`     // that sent on it
	Ring      int    `json:"ring"`      // packets that its ring has room for
	Backlog   uint64 `json:"backlog"`   // most packets that were due at once
	// RefusedCatchingUp counts the packets of bursts that caught up with the schedule
	// for which the ring had no room, though it had some before: part of txRefused.
	RefusedCatchingUp uint64 `json:"refusedCatchingUp"`
}

// RxQueue is how well a queue was polled.
type RxQueue struct {
	Interface string  `json:"interface"` // that it is of
	Queue     int     `json:"queue"`     // from 0
	Lcore     int     `json:"lcore"`     // that polled it
	Ring      int     `json:"ring"`      // packets that its ring has room for
	GapUs     float64 `json:"gapUs"`     // longest time between two polls, in microseconds
	Gap       uint64  `json:"gap"`       // packets that were sent to it in that time, at the rate that was asked for; 0 at the maximum rate
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

// Backlog is the most packets that were due at once on any queue.
func (t Trial) Backlog() (most uint64) {
	for _, q := range t.TxQueues {
		most = max(most, q.Backlog)
	}
	return most
}

// OfferedMpps is the rate that a trial offered; 0 if it is not known.
func (t Trial) OfferedMpps() float64 {
	if t.Requested.Mpps != nil {
		return *t.Requested.Mpps
	}
	if t.Seconds <= 0 {
		return 0
	}
	return float64(t.Offered) / t.Seconds / 1e6
}
