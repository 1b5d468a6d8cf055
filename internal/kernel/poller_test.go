package kernel

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPollers(t *testing.T) {
	root := tree(t, map[string]string{
		"/proc/self/comm":            "x\n",
		"/proc/7/comm":               "testpmd-wrapper\n",
		"/proc/7/task/7/comm":        "testpmd-wrapper\n",
		"/proc/7/task/7/status":      "State:\tR (running)\nCpus_allowed_list:\t1\n",
		"/proc/7/task/8/comm":        "rte-worker-1\n",
		"/proc/7/task/8/status":      "State:\tR (running)\nCpus_allowed_list:\t1\n",
		"/proc/7/task/9/comm":        "rte-worker-2\n", // waits for work
		"/proc/7/task/9/status":      "State:\tS (sleeping)\nCpus_allowed_list:\t2\n",
		"/proc/8/comm":               "dpdk-testpmd\n",
		"/proc/8/task/8/comm":        "dpdk-worker3\n",
		"/proc/8/task/8/status":      "State:\tR (running)\nCpus_allowed_list:\t3\n",
		"/proc/8/task/9/comm":        "dpdk-worker4\n", // may run on more than one
		"/proc/8/task/9/status":      "State:\tR (running)\nCpus_allowed_list:\t3-4\n",
		"/proc/9/comm":               "kworker/0:1\n",
		"/proc/9/task/9/comm":        "my-worker-1\n",
		"/proc/9/task/9/status":      "State:\tR (running)\nCpus_allowed_list:\t1\n",
		"/proc/10/task/10/comm":      "rte-worker-1\n", // this process
		"/proc/10/task/10/status":    "State:\tR (running)\nCpus_allowed_list:\t1\n",
		"/proc/11/task/11/comm":      "rte-worker-1\n", // its status cannot be read
		"/proc/sys/kernel/osrelease": "6\n",
	})
	want := []Poller{{PID: 7, Program: "testpmd-wrapper", CPU: 1}, {PID: 8, Program: "dpdk-testpmd", CPU: 3}}
	if diff := cmp.Diff(want, Pollers(root, 10)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
