package layers

// room is a directory, and the list of the module's packages that its packages may import.
type room struct {
	dir string
	// imports are directories. Packages below them may be imported, too.
	imports []string
	// apart says that packages of the room do not import each other.
	apart bool
	what  string
}

// rooms are all directories with packages, except tests, from the top down: a room imports
// only rooms below it in the list. A room inside another has its own rule.
var rooms = []room{
	{"cmd", []string{"internal/cli/measure", "internal/cli"}, true, "`main.go` alone: one call, and the exit code"},
	{"examples/go", []string{"lib/podnet", "lib/eal"}, false, "what a program in Go does with podnet; `examples/c` has the same in C"},
	{"internal/cli/measure", []string{
		"internal/cli", "internal/traffic", "internal/dataplane", "internal/bench", "internal/fabric", "internal/report", "internal/metrics",
		"internal/kube", "internal/baseline", "internal/dpdk", "internal/result", "internal/rundir", "internal/kernel",
		"lib/check", "lib/podnet", "lib/eal", "lib/pciaddr",
	}, false, "the commands that need DPDK or results, for `cmd/testpmd-wrapper` alone: run, bench, dut, report, compare"},
	{
		"internal/cli",
		[]string{"internal/outfile", "internal/rundir", "internal/privilege", "lib/appnetutil/hugepages", "lib/check", "lib/render", "lib/podnet", "lib/eal", "lib/pciaddr"},
		false,
		"commands, one file each: flags, options, and what a terminal shows; links neither DPDK nor what measures",
	},
	{"internal/cli/clitest", []string{"lib/podnet/podnettest", "internal/schematest"}, false, "runs the scripts of the commands' tests"},
	{
		"internal/traffic",
		[]string{
			"internal/dataplane", "internal/dpdk", "internal/bench", "internal/fabric", "internal/machine", "internal/result", "internal/kernel",
			"lib/podnet", "lib/eal", "lib/pciaddr",
		},
		false, "carries the trials over a dataplane: streams, meter, calibration, learning the peer's address; the DUT with faults",
	},
	{
		"internal/dataplane",
		[]string{"internal/dpdk", "internal/rundir", "internal/kernel", "lib/podnet", "lib/eal", "lib/pciaddr"},
		false,
		"a pod's ports on EAL: start, sockets and peers, restart, close",
	},
	{
		"internal/dpdk",
		[]string{"internal/kernel", "internal/privilege"},
		false,
		"the only cgo: packet loops in C, set up and sampled from Go; `dpdktest` is DPDK in memory alone, on a clock that tests turn",
	},
	{"internal/bench", []string{"internal/result"}, false, "methods of measurement: which trials, and what follows from them"},
	{
		"internal/fabric",
		[]string{"internal/result", "internal/outfile"},
		false,
		"the fast path between all nodes: schedule, protocol, coordinator and agents; knows the fast path by an interface",
	},
	{
		"internal/report",
		[]string{"internal/result"},
		false,
		"a result as a table, CSV, JUnit, Markdown, OpenMetrics, HTML or ConfigMap; no decisions",
	},
	{"internal/metrics", []string{"internal/result"}, false, "`/metrics`, `/healthz` and `/readyz` while a run goes on"},
	{"internal/machine", []string{"internal/result", "internal/kernel"}, false, "what happened on the machine during a trial"},
	{"internal/kube", []string{"internal/kernel"}, false, "writes results to Kubernetes' API: a ConfigMap, events"},
	{"internal/baseline", nil, false, "UDP through the kernel, for the fast path to be compared with"},
	{"internal/result", []string{"internal/outfile"}, false, "the result document: types, schema, files, verdict; no rendering"},
	{"internal/outfile", nil, false, "writes files that the user named, each as a whole"},
	{"internal/rundir", []string{"internal/kernel"}, false, "DPDK's runtime directories: who owns one, and removes those that nobody does"},
	{"internal/privilege", nil, false, "raises the capabilities that DPDK's drivers need"},
	{"lib/appnetutil", []string{
		"lib/appnetutil/hugepages", "lib/podnet", "lib/internal/source/downward", "lib/internal/fact", "lib/pciaddr", "internal/kernel",
	}, false, "app-netutil's functions and types, on top of `lib/podnet`"},
	{"lib/appnetutil/hugepages", []string{
		"lib/podnet", "lib/internal/source/downward", "lib/internal/fact", "internal/kernel",
	}, false, "the hugepages of each container, as app-netutil tells them, without Kubernetes' packages"},
	{
		"lib/check",
		[]string{"lib/render", "lib/podnet", "lib/eal", "lib/pciaddr", "internal/kernel"},
		false,
		"compares a pod with the machine before DPDK starts: one file a check",
	},
	{
		"lib/render",
		[]string{"lib/podnet", "lib/eal", "lib/pciaddr"},
		false,
		"renders arguments and files of applications: testpmd, l2fwd, l3fwd, pktgen; VPP, TRex, grout, BESS; a user's own template",
	},
	{"lib/podnet/podnettest", []string{"lib/podnet"}, false, "makes a pod out of a text file, for our tests and our users'"},
	{"lib/podnet", []string{
		"lib/internal/source", "lib/internal/fact", "lib/internal/cpulist", "lib/eal", "lib/pciaddr", "internal/kernel",
	}, false, "Discover, Wait, Watch: what a pod was given, with the evidence for it; the resolver"},
	{"lib/eal", []string{"lib/pciaddr"}, false, "renders EAL arguments, for each DPDK release"},
	{
		"lib/internal/source",
		[]string{"lib/internal/fact", "lib/internal/cpulist", "lib/pciaddr", "internal/kernel"},
		true,
		"one package for each place that is read: states facts, decides nothing",
	},
	{"lib/internal/fact", []string{"lib/pciaddr"}, false, "the facts, each with the place that it was read from"},
	{"lib/internal/cpulist", nil, false, "the kernel's lists of CPUs"},
	{"internal/racetest", nil, false, "says whether a test runs under the race detector"},
	{"internal/schematest", []string{"lib/pciaddr"}, false, "makes the JSON Schemas in docs/reference from types and their comments, for tests"},
	{"lib/pciaddr", nil, false, "the PCI address"},
	{"internal/kernel", nil, false, "reads /proc and control groups, below a root and with limits; asks who holds a socket"},
}

// testHelpers are the packages that every test may import.
var testHelpers = []string{"lib/podnet/podnettest", "internal/schematest", "internal/racetest", "internal/cli/clitest"}

// banned are modules that only the rooms below it may depend on, at any depth.
var banned = map[string][]string{
	"k8s.io/client-go":            nil,
	"k8s.io/api":                  nil,
	"k8s.io/apimachinery":         {"lib/appnetutil"},
	"github.com/gopacket":         {"internal/bench", "internal/traffic", "internal/cli", "cmd"},
	"github.com/prometheus":       {"internal/metrics", "internal/report", "internal/machine", "internal/kernel", "internal/cli", "cmd"},
	"github.com/spf13/cobra":      {"internal/cli", "cmd"},
	"github.com/gogo/protobuf":    {"lib/appnetutil"},
	"github.com/json-iterator/go": {"lib/appnetutil"},
}
