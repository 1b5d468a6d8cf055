package result

import "strings"

// LimitCode names a kind of Limit. The list is closed; codes are never renamed.
type LimitCode string

// The reasons why a trial says nothing about the path. Each concerns the generator or the
// machine: none depends on how many packets the path lost.
const (
	Stopped           LimitCode = "stopped"             // a signal or a limit ended it before its time
	Failed            LimitCode = "failed"              // the path failed before its end
	PeerAbsent        LimitCode = "peer-absent"         // a peer or a link was not there all the time
	Throttled         LimitCode = "throttled"           // the container had used up its CPU quota
	CPUShare          LimitCode = "cpu-share"           // a polling thread did not have its CPU to itself
	NothingSent       LimitCode = "nothing-sent"        // no packet could be offered
	NotOffered        LimitCode = "not-offered"         // fewer packets were offered than were asked for
	TooSlow           LimitCode = "too-slow"            // it took longer than was asked for
	Behind            LimitCode = "behind"              // more packets were due at once than a Tx ring takes
	RefusedCatchingUp LimitCode = "refused-catching-up" // a Tx ring was too small for a burst that caught up
	OwnDrops          LimitCode = "own-drops"           // the own ports dropped packets that had come back
	PollGap           LimitCode = "poll-gap"            // more packets came between two polls than an Rx ring takes
)

// Limit is why a trial says more of the generator or of the machine than of the path.
type Limit struct {
	Code LimitCode `json:"code"` // of its kind: stopped, failed, peer-absent, throttled, cpu-share, nothing-sent, not-offered, too-slow, behind, refused-catching-up, own-drops or poll-gap
	Text string    `json:"text"` // in words, with the lcore, the interface or the peer
}

// reason puts limits into one line, the first of them first.
func reason(limits []Limit) string {
	texts := make([]string, len(limits))
	for i, l := range limits {
		texts[i] = l.Text
	}
	return strings.Join(texts, "; ")
}

// kind is the kind of the first limit, or the reason in a document without limits.
func (t Trial) kind() string {
	if len(t.Limits) > 0 {
		return string(t.Limits[0].Code)
	}
	return t.Reason
}

// Limited makes the trial valid or not by its limits.
func (t *Trial) Limited(limits []Limit) {
	t.Limits, t.Reason, t.Valid = limits, reason(limits), len(limits) == 0
}
