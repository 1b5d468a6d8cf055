package result

// Names of metrics. Those in both a finished result and a running one mean the same
// in both.
const (
	MetricInfo   = "podnet_info"         // version, dpdk, method
	MetricTrials = "podnet_trials_total" // trials that have ended
)

// Names of the metrics of a finished result.
const (
	MetricComplete     = "podnet_run_complete"
	MetricValid        = "podnet_measurement_valid"
	MetricGoal         = "podnet_goal_packets_per_second"
	MetricConditional  = "podnet_goal_conditional_packets_per_second"
	MetricGoalLoss     = "podnet_goal_loss_ratio"
	MetricLossy        = "podnet_goal_lossy_ratio"
	MetricDiscarded    = "podnet_discarded_trials_ratio"
	MetricRTT          = "podnet_rtt_seconds"
	MetricScheduledRTT = "podnet_scheduled_rtt_seconds"
	MetricBurst        = "podnet_burst_frames"
	MetricReceived     = "podnet_received_packets_per_second"
	MetricLoss         = "podnet_loss_ratio"
	MetricKernel       = "podnet_kernel_packets_per_second"
	MetricKernelGain   = "podnet_kernel_gain_ratio"
)

// Names of the metrics of a fabric run, finished or not: of rails and nodes, never of pairs.
const (
	MetricFabricInfo     = "podnet_fabric_info"
	MetricFabricComplete = "podnet_fabric_complete"
	MetricFabricValid    = "podnet_fabric_valid"
	MetricFabricPairs    = "podnet_fabric_pairs"
	MetricFabricOutliers = "podnet_fabric_outliers"
	MetricFabricMedian   = "podnet_fabric_median_packets_per_second"
	MetricFabricRate     = "podnet_fabric_node_packets_per_second"
	MetricFabricLeast    = "podnet_fabric_node_least_packets_per_second"
	MetricFabricFraction = "podnet_fabric_node_of_median_ratio"
	MetricFabricLoss     = "podnet_fabric_node_loss_ratio"
	MetricFabricRTT      = "podnet_fabric_node_rtt_seconds"
	MetricFabricMeasured = "podnet_fabric_node_measured_pairs"
	MetricFabricInvalid  = "podnet_fabric_node_invalid_pairs"
	MetricFabricMissing  = "podnet_fabric_node_missing_pairs"
)

// Names of the metrics of a running command.
const (
	MetricPhase       = "podnet_phase"
	MetricRequested   = "podnet_requested_packets_per_second"
	MetricSearchLower = "podnet_search_lower_packets_per_second"
	MetricSearchUpper = "podnet_search_upper_packets_per_second"
	MetricLcoreTurns  = "podnet_lcore_turns_total"
)

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

// PortCounter is a counter of a port as Prometheus sees it.
type PortCounter struct {
	Name, Help string
	Value      func(c Counters) uint64
}

// PortCounters are all of them.
var PortCounters = []PortCounter{
	{"podnet_port_rx_packets_total", "Packets that the port received.", func(c Counters) uint64 { return c.RxPackets }},
	{"podnet_port_rx_bytes_total", "Bytes that the port received, on the wire.", func(c Counters) uint64 { return c.RxBytes }},
	{"podnet_port_rx_missed_packets_total", "Packets that the device dropped without a free Rx descriptor.", func(c Counters) uint64 { return c.RxMissed }},
	{"podnet_port_rx_errors_total", "Packets received with errors.", func(c Counters) uint64 { return c.RxErrors }},
	{"podnet_port_rx_no_mbuf_total", "Rx failures without a free mbuf.", func(c Counters) uint64 { return c.RxNoMbuf }},
	{"podnet_port_tx_packets_total", "Packets that the port took.", func(c Counters) uint64 { return c.TxPackets }},
	{"podnet_port_tx_bytes_total", "Bytes that the port took, on the wire.", func(c Counters) uint64 { return c.TxBytes }},
	{"podnet_port_tx_refused_packets_total", "Packets that the Tx rings of the port had no room for.", func(c Counters) uint64 { return c.TxRefused }},
	{"podnet_port_tx_errors_total", "Packets that the device failed to send.", func(c Counters) uint64 { return c.TxErrors }},
}
