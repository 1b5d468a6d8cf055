package check

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/podnet"
)

// known are lines of DPDK's log that users have reported, by what they mean.
var known = []struct {
	log  string
	code podnet.Code
}{
	{"EAL: 1024 hugepages of size 2097152 reserved, but no mounted hugetlbfs found for that size\nEAL: FATAL: Cannot get hugepage information.", podnet.CodeNoHugetlbfs},
	{"EAL: No available 2048 kB hugepages reported\nEAL: FATAL: Cannot get hugepage information.", podnet.CodeNoHugepages},
	{"EAL: Not enough memory available on socket 0! Requested: 8192MB, available: 2048MB", podnet.CodeNoHugepages},
	{"EAL: FATAL: Cannot init memory", podnet.CodeEALMemory},
	{"EAL: eal_memalloc_alloc_seg_bulk(): SIGBUS: Cannot mmap more hugepages of size 2MB\nEAL: FATAL: Cannot init memory", podnet.CodeHugepageLimit},
	{"EAL: alloc_seg(): mmap() failed: Cannot allocate memory", podnet.CodeHugepageLimit},
	{"EAL: Failed to get current mempolicy: Operation not permitted. Assuming MPOL_DEFAULT.\nset_mempolicy: Operation not permitted\nEAL: FATAL: Cannot init memory", podnet.CodeSeccomp},
	{"EAL: get_seg_fd(): open '/dev/hugepages/rtemap_0' failed: Permission denied\nEAL: FATAL: Cannot init memory", podnet.CodeUnreadable},
	{"EAL: Cannot create lock on '/var/run/dpdk/rte/config'. Is another primary process running?", podnet.CodePrefixInUse},
	{"EAL: Cannot create runtime directory", podnet.CodeNoRuntimeDir},
	{"EAL: Error creating '/var/run/dpdk': Read-only file system", podnet.CodeNoRuntimeDir},
	{"EAL: FATAL: Cannot set affinity", podnet.CodeCPUNotAllowed},
	{"PANIC in rte_eal_init():\nCannot set affinity", podnet.CodeCPUNotAllowed},
	{"EAL: pthread_setaffinity_np failed", podnet.CodeCPUNotAllowed},
	{"EAL: lcore 130 >= RTE_MAX_LCORE (128)", podnet.CodeTooManyLcores},
	{"EAL: lcore 7 unavailable", podnet.CodeCPUNotAllowed},
	{"EAL: core 7 unavailable", podnet.CodeCPUNotAllowed},
	{"EAL: Error - exiting with code: 1\n  Cause: No cores defined for forwarding\nCheck the core mask argument", podnet.CodeTooFewLcores},
	{"EAL: FATAL: Cannot use IOVA as 'PA' since physical addresses are not available", podnet.CodeNoPhysical},
	{"EAL: Cannot open /dev/vfio/151: Permission denied\nEAL: Failed to open VFIO group 151", podnet.CodeDeviceNodeClosed},
	{"EAL: Cannot open /dev/vfio/151: Device or resource busy\nEAL: Failed to open VFIO group 151", podnet.CodeBusyGroup},
	{"EAL: Cannot open VFIO container /dev/vfio/vfio, error 2 (No such file or directory)\nEAL: VFIO support could not be initialized", podnet.CodeDeviceNodeMissing},
	{"EAL: 0000:03:00.0 VFIO group is not viable! Not all devices in IOMMU group bound to VFIO or unbound", podnet.CodeGroupNotViable},
	{"EAL: 0000:03:00.0 cannot add VFIO group to container, error 22 (Invalid argument)", podnet.CodeNoIOMMU},
	{"EAL: Cannot set up DMA remapping, error 12 (Cannot allocate memory)\nEAL: 0000:03:00.0 DMA remapping failed, error 12 (Cannot allocate memory)", podnet.CodeNoMemoryLock},
	{"EAL: Getting a vfio_dev_fd for 0000:03:02.0 failed", podnet.CodeVFToken},
	{"EAL: Unable to reset device! Error: 11 (Resource temporarily unavailable)", podnet.CodePFNotReady},
	{"EAL: Cannot read command from PCI config space!", podnet.CodePFNotReady},
	{"testpmd: No probed ethernet devices", podnet.CodeNoPorts},
	{"EAL: Cannot open /sys/class/uio/uio0/device/config: Read-only file system\nEAL: Requested device 0000:00:06.0 cannot be used", podnet.CodeReadOnlySys},
	{"mlx5_common: No Verbs device matches PCI device 0000:3b:02.1, are kernel drivers loaded?\nmlx5_common: Verbs device not found: 0000:3b:02.1", podnet.CodeNoUverbs},
	{`mlx5_common: Failed to open IB device "mlx5_3"`, podnet.CodeDeviceNodeClosed},
	{"mlx5_net: probe of PCI device 0000:3b:02.1 aborted after encountering an error: Operation not permitted", podnet.CodeNoCapability},
	{"mlx5_net: probe of PCI device 0000:3b:02.1 aborted after encountering an error: No such file or directory", podnet.CodeDeviceFailed},
	{"mlx5_common: Cannot initialize MLX5 common due to missing run-time dependency on rdma-core libraries (libibverbs, libmlx5)", podnet.CodeNoLibrary},
	{"iavf_check_vf_reset_done(): VF is still resetting", podnet.CodePFNotReady},
	{"iavf_init_vf(): init_adminq failed", podnet.CodePFNotReady},
	{"i40evf_check_api_version(): PF/VF API version mismatch:(0.0)-(1.1)", podnet.CodePFNotReady},
	{"iavf_execute_vf_cmd(): No response for cmd 1", podnet.CodePFNotReady},
	{"eth_ixgbevf_dev_init(): VF Initialization Failure: -15", podnet.CodePFNotReady},
	{"iavf_add_del_eth_addr(): fail to execute command OP_ADD_ETHER_ADDRESS", podnet.CodeVFNotTrusted},
	{"virtio_user_dev_init(): vhost_user_setup(): connect error, No such file or directory", podnet.CodeSocketMissing},
	{"VHOST_CONFIG: failed to bind: Address already in use; remove it and try again", podnet.CodeSocketStale},
	{"update_memory_region(): Too many memory regions\nFailed to set memory table", podnet.CodeTooManyRegions},
	{"memif_check_socket_filename(): Invalid socket directory.", podnet.CodeSocketDirectory},
	{"memif_connect_client(): Failed to connect socket: /run/memif.sock.", podnet.CodeSocketMissing},
	{"memif_socket_create(): Unix socket address too long (max 108).", podnet.CodeInexpressible},
	{"rte_pmd_init_internals(): Could not open AF_PACKET socket", podnet.CodeNoCapability},
	{"tun_alloc(): Unable to set TUNSETIFF for dtap0: Operation not permitted", podnet.CodeNoCapability},
	{"EAL: WARNING: Main core has no memory on local socket!", podnet.CodeNUMARemote},
	{"EAL: Error, directory path /tmp/pmds is world-writable and insecure\nEAL: FATAL: Cannot init plugins", podnet.CodePluginDirectory},
	{`EAL: failed to parse device "net_nosuch0"`, podnet.CodeNoPMD},
	{"ARGPARSE: unknown argument --no-such", podnet.CodeBadOption},
	{"testpmd: mlockall() failed with error \"Cannot allocate memory\"", podnet.CodeNoMemoryLock},
}

func TestOfLog(t *testing.T) {
	for _, tt := range known {
		results := OfLog(tt.log)
		if len(results) == 0 || results[0].Code != tt.code {
			t.Errorf("%q: %+v, want %s", tt.log, results, tt.code)
			continue
		}
		for _, r := range results {
			if r.Cause == "" || r.Remedy == "" || len(r.Evidence) != 1 {
				t.Errorf("%q: %+v", tt.log, r)
			}
		}
	}
	if got := OfLog("EAL: Detected CPU lcores: 2\nEAL: Selected IOVA mode 'VA'\nEAL: VFIO support initialized\nTELEMETRY: No legacy callbacks, legacy socket not created\n"); len(got) != 0 {
		t.Errorf("of a good start: %+v", got)
	}
}

// Each line of the table is shown.
func TestOfLogIsComplete(t *testing.T) {
	for _, l := range logLines {
		shown := false
		for _, k := range known {
			for _, r := range OfLog(k.log) {
				shown = shown || r.Cause == l.cause
			}
		}
		if !shown && !l.vague {
			t.Errorf("no known log shows %s: %s", l.code, l.pattern)
		}
	}
}

// Logs that DPDK's releases really wrote, whose names begin with the code.
func TestOfRealLogs(t *testing.T) {
	files, err := filepath.Glob("testdata/logs/*/*.log")
	if err != nil || len(files) < 9 {
		t.Fatalf("%d logs, %v", len(files), err)
	}
	number := regexp.MustCompile(`\.\d+$`)
	for _, file := range files {
		log, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := number.ReplaceAllString(strings.TrimSuffix(filepath.Base(file), ".log"), "")
		if results := OfLog(string(log)); len(results) == 0 && want != "good" || len(results) > 0 && string(results[0].Code) != want {
			t.Errorf("%s: %+v", file, results)
		}
	}
}
