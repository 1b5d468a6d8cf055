package measure

// benchGroups are the headings of bench's help, and the flags below each.
var benchGroups = []struct {
	heading string
	flags   []string
}{
	{"What to measure", []string{
		"rate", "max-rate", "line-rate", "load", "duration", "window", "trial", "validation", "rounds", "step", "longest", "bursts", "loss", "width",
		"quick", "rfc2544", "repeat", "warmup", "calibrate", "kernel-baseline",
	}},
	{"Goals of the search for a rate", []string{
		"goal", "goal-preset", "search-limit", "final-trial", "duration-sum", "exceed-ratio",
	}},
	{"Traffic", []string{
		"frame-size", "bidirectional", "flows", "vary", "src-ip", "dst-ip", "src-port", "dst-port", "dst-mac", "gateway-mac", "vlan", "rx-vlan",
	}},
	{"Interfaces", []string{"tx", "rx", "vhost-user", "memif", "iface", "interfaces", "hint", "devargs", "vdev"}},
	{"Thresholds", []string{"min-mpps", "max-loss", "max-p99"}},
	{"Output", []string{"output", "result-file", "termination-log", "metrics", "result-configmap", "peer-pod", "events"}},
	{"DPDK and CPUs", []string{"cpus", "queues", "memory", "file-prefix", "eal-arg", "peer-timeout", "no-check", "verbose"}},
	{"The pod", []string{"environ", "podinfo", "wait", "params-configmap"}},
}

// Examples in the help of each method.
const (
	fixedExamples = `  testpmd-wrapper bench --tx net1 --rx net2
  testpmd-wrapper bench --tx net1 --rx net2 --rate 1.5Mpps --frame-size imix
  testpmd-wrapper bench --vhost-user /run/a.sock --rate 50% --line-rate 10G
  testpmd-wrapper bench ndr --quick --tx net1 --rx net2`
	throughputExamples = `  testpmd-wrapper bench throughput --tx net1 --rx net2 --frame-size 64,1518
  testpmd-wrapper bench throughput --rfc2544 --tx net1 --rx net2`
	ndrExamples = `  testpmd-wrapper bench ndr --quick --tx net1 --rx net2
  testpmd-wrapper bench ndr --tx net1 --rx net2 --min-mpps 64:1.2,1518:0.5
  testpmd-wrapper bench ndr --tx net1 --rx net2 --goal NDR=0,PDR=0.1%`
	latencyExamples = `  testpmd-wrapper bench latency --tx net1 --rx net2 --frame-size 64
  testpmd-wrapper bench latency --tx net1 --rate 1Mpps --load 90% --max-p99 50us
  testpmd-wrapper bench latency --tx net1 --rx net2 --rate 1Mpps -o hdr`
	lossExamples = `  testpmd-wrapper bench loss --tx net1 --rx net2 --max-rate 2Mpps
  testpmd-wrapper bench loss --rfc2544 --tx net1 --rx net2 --line-rate 25G`
	burstExamples = `  testpmd-wrapper bench burst --tx net1 --rx net2 --bursts 10
  testpmd-wrapper bench burst --rfc2544 --tx net1 --rx net2 --line-rate 25G`
	soakExamples = `  testpmd-wrapper bench soak --tx net1 --rx net2 -d 12h --max-loss 1/1000000`
)
