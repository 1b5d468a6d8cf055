package result

// TrialCounter is a counter of trials as Prometheus sees it, in a result and
// while the run goes on.
type TrialCounter struct {
	Name, Help string
	Value      func(t Trial) uint64
}

// TrialCounters are all of them.
var TrialCounters = []TrialCounter{
	{"podnet_offered_packets_total", "Packets that the schedule asked for.", func(t Trial) uint64 { return t.Offered }},
	{"podnet_sent_packets_total", "Packets that the ports took.", func(t Trial) uint64 { return t.Sent.Packets }},
	{"podnet_received_packets_total", "Packets that came back, each counted once.", func(t Trial) uint64 { return t.Received.Packets }},
	{"podnet_lost_packets_total", "Offered packets that did not come back.", func(t Trial) uint64 { return t.Lost }},
	{"podnet_tx_refused_packets_total", "Offered packets that the Tx rings had no room for: part of those lost.", func(t Trial) uint64 { return t.TxRefused }},
	{"podnet_duplicate_packets_total", "Packets that came once more.", func(t Trial) uint64 { return t.Duplicates }},
	{"podnet_reordered_packets_total", "Packets that came after one of their flow that was sent later.", func(t Trial) uint64 { return t.Reordered }},
	{"podnet_late_packets_total", "Packets that the generator offered more than 100 us after their time.", func(t Trial) uint64 { return t.Late }},
}

// Names of further metrics that a result and a run that goes on have both.
const (
	MetricInfo   = "podnet_info"         // version, dpdk, method
	MetricTrials = "podnet_trials_total" // trials that have ended
)
