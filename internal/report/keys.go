package report

import (
	"fmt"
	"strings"

	"github.com/podnet/podnet/internal/result"
)

// Keys of a ConfigMap with a result. The keys below status. are the same as in Kiagnose's
// checkups (https://github.com/kiagnose/kiagnose, docs/checkup_api.md), so that programs
// that read those can read ours. The keys below spec. are the user's.
const (
	DocumentKey   = "result.json"                // the document, podnet.result/v1
	SucceededKey  = "status.succeeded"           // true or false
	FailureKey    = "status.failureReason"       // in one line; empty if it succeeded
	StartedKey    = "status.startTimestamp"      // RFC 3339
	CompletedKey  = "status.completionTimestamp" // RFC 3339; absent while the run goes on and after a kill
	ResultsPrefix = "status.result."             // of the keys below
)

// Keys below ResultsPrefix. Keys are added, never renamed:
//
//	method                        as in the document
//	node, peerNode                the nodes of the generator and of its peer, where they are known
//	complete, valid               true or false, as in the document
//	caveats                       what to know before the figures beside status.failureReason, in one line; absent: nothing
//	frame.F.valid                 true if the measurement came to its end and is valid
//	frame.F.mpps                  fixed, soak: received, in million packets per second
//	frame.F.lossRatio             fixed, soak: lost of offered
//	frame.F.rttP50Us, .rttP99Us   fixed, soak: round-trip time in microseconds, where it was measured
//	frame.F.goal.G.mpps           ndr, throughput, and latency with a search: the highest rate found; 0: none
//	frame.F.goal.G.status         regular, below-minimum or above-maximum, as in the document
//	frame.F.load.P.mpps, .lossRatio, .rttP50Us, .rttP99Us
//	                              latency: at P percent of the rate
//	frame.F.step.P.mpps, .lossRatio
//	                              loss: at P percent of the highest rate
//	frame.F.burstFrames           burst: mean length of the longest burst without loss
//	frame.F.kernel.mpps, .kernel.lossRatio
//	                              what the kernel's path carried, where it was measured
//	frame.F.kernel.gain           how many times the kernel's rate the fast path carried, where it is known
//	goal.G.mpps, goal.G.status    as frame.F.goal.G of the first repetition, if all measurements are of one kind of frames
//	omitted                       names the parts that were left out, most often because a ConfigMap has no room; absent: none
//
// F is the name of the frames, such as 64 or imix; .repeat.N follows it from the second
// repetition on. G is the name of a goal, such as NDR. Characters that a key may not have
// become a "-".
const (
	keyMethod   = "method"
	keyNode     = "node"
	keyPeerNode = "peerNode"
	keyComplete = "complete"
	keyValid    = "valid"
	keyCaveats  = "caveats"

	keyMpps       = "mpps"
	keyLoss       = "lossRatio"
	keyBurst      = "burstFrames"
	keyKernelMpps = "kernel.mpps"
	keyKernelLoss = "kernel.lossRatio"
	keyKernelGain = "kernel.gain"
	goalPrefix    = "goal."

	// OmittedKey says what was left out.
	OmittedKey = ResultsPrefix + "omitted"
)

// frameKey is the prefix of a measurement's figures.
func frameKey(m result.Measurement) string {
	key := "frame." + keyed(m.Frame.Name) + "."
	if m.Repeat > 1 {
		key += fmt.Sprintf("repeat.%d.", m.Repeat)
	}
	return key
}

// goalKeys are the keys of a goal's rate and status. The name may hold anything.
func goalKeys(name string) (mpps, status string) {
	return goalPrefix + name + ".mpps", goalPrefix + name + ".status"
}

// rttKey is the key of a percentile of the round-trip time, such as rttP50Us.
func rttKey(percent float64) string { return fmt.Sprintf("rttP%gUs", percent) }

// The figures at a part of a rate, such as load.90.mpps.
const (
	atLoad = "load"
	atStep = "step"
)

func partKey(of string, fraction float64, key string) string {
	return fmt.Sprintf("%s.%.4g.%s", of, 100*fraction, key)
}

// maxKey is how long a key of a ConfigMap may be.
const maxKey = 253

// keyed replaces the characters of text that the key of a ConfigMap may not have.
func keyed(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, s)
}
