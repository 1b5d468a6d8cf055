package check

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/podnet"
)

// logLine is a line of DPDK's log, and what it means.
type logLine struct {
	code    podnet.Code
	status  Status // empty: Fail
	pattern *regexp.Regexp
	cause   string
	remedy  string
	// vague lines only repeat that something failed: they count where no other does.
	vague bool
	// noMemory lines say that EAL found no memory at its start. Only then others, which
	// EAL also writes where all is well, are the reason (ifNoMemory).
	noMemory, ifNoMemory bool
}

// OfLog finds the failures in DPDK's log, each kind once, in the order of the lines. Lines
// that only repeat a failure count if nothing else explains it.
func OfLog(log string) []Result {
	var exact, vague []Result
	type kind struct {
		code  podnet.Code
		vague bool
	}
	seen := map[kind]bool{}
	noMemory := slices.ContainsFunc(logLines, func(l logLine) bool { return l.noMemory && l.pattern.MatchString(log) })
	for line := range strings.Lines(log) {
		for _, l := range logLines {
			if !l.pattern.MatchString(line) {
				continue
			}
			if l.ifNoMemory && !noMemory {
				break
			}
			if k := (kind{l.code, l.vague}); !seen[k] {
				seen[k] = true
				r := Result{
					Check: "log", Group: DPDK, Status: cmp.Or(l.status, Fail), Code: l.code, Cause: l.cause, Remedy: l.remedy,
					Evidence: []string{strings.TrimSpace(line)}, Transient: l.code.Transient(),
				}
				if l.vague {
					vague = append(vague, r)
				} else {
					exact = append(exact, r)
				}
			}
			break // the first that matches is the most exact
		}
	}
	if slices.ContainsFunc(exact, func(r Result) bool { return r.Status == Fail }) {
		return exact
	}
	vague = slices.DeleteFunc(vague, func(r Result) bool {
		return seen[kind{r.Code, false}]
	})
	results := slices.Concat(exact, vague)
	for _, code := range []podnet.Code{podnet.CodeEndedByDPDK, podnet.CodeEALMemory} {
		if len(results) > 1 { // which say less than any other
			results = slices.DeleteFunc(results, func(r Result) bool { return r.Code == code })
		}
	}
	return results
}

func line(code podnet.Code, pattern, cause, remedy string) logLine {
	return logLine{code: code, pattern: regexp.MustCompile(pattern), cause: cause, remedy: remedy}
}

func warning(l logLine) logLine { l.status = Warn; return l }

func vague(l logLine) logLine { l.vague = true; return l }

func noMemory(l logLine) logLine { l.noMemory = true; return vague(l) }

func ifNoMemory(l logLine) logLine { l.ifNoMemory = true; return l }

// logLines are matched from the first on. DPDK 22.11 to 25.11 have these texts.
var logLines = []logLine{
	// memory
	line(podnet.CodeNoHugepages, `Not enough memory available( on socket \d+)?!`,
		"DPDK asks for more hugepages on a NUMA node than are free there", "reserve more on that node, or lower the container's hugepages"),
	ifNoMemory(line(podnet.CodeSeccomp, `(mempolicy|mbind).*: Operation not permitted`,
		"the container's system call filter forbids NUMA policies, without which EAL takes no hugepage", "add SYS_NICE to securityContext.capabilities.add, or use a Localhost seccompProfile that allows get_mempolicy, set_mempolicy and mbind")),
	ifNoMemory(line(podnet.CodeHugepageLimit, `SIGBUS: Cannot mmap more hugepages|alloc_seg\(\): mmap\(\) failed: Cannot allocate memory`,
		"the container's hugetlb limit is below what DPDK takes", "raise hugepages-2Mi or hugepages-1Gi in resources.limits, or ask EAL for less (--socket-mem)")),
	line(podnet.CodeUnreadable, `get_seg_fd\(\): open '.*' failed: Permission denied|create_hugepage.*Permission denied|open\(\) failed.*hugepages.*Permission denied`,
		"the process may not make files in hugetlbfs", "set securityContext.fsGroup of the pod, run as root, or take memory without a mount (--in-memory)"),
	line(podnet.CodeTooManyRegions, `update_memory_region\(\): Too many memory regions|Failed to set memory table`,
		"DPDK's memory is in more files than a vhost-user peer takes (8)", "give EAL --single-file-segments, as podnet does, or pages of 1 GiB"),
	line(podnet.CodeNoPhysical, `Cannot use IOVA as 'PA' since physical addresses are not available`,
		"physical addresses are asked for, and the kernel hides them", "use vfio with an IOMMU and --iova-mode=va, or add SYS_ADMIN"),
	warning(line(podnet.CodeNUMARemote, `WARNING: Main (core|lcore) has no memory on local socket|is not on the same (socket|NUMA)`,
		"the main lcore has no memory on its own NUMA node", "set topologyManagerPolicy: single-numa-node in the kubelet's configuration")),
	warning(line(podnet.CodeNoMemoryLock, `mlockall\(\) failed with error`,
		"testpmd may not lock its memory, which does no harm", "give testpmd --no-mlockall, or add IPC_LOCK")),

	// CPUs
	line(podnet.CodeTooManyLcores, `lcore \d+ >= RTE_MAX_LCORE`,
		"the CPU's number is above what DPDK was built for", "map lcores to CPUs, as podnet does: --lcores 0@130,1@131"),
	line(podnet.CodeCPUNotAllowed, `(lcore|core) \d+ (is )?unavailable|[Cc]annot set affinity|pthread_setaffinity_np failed|lcore.*not (available|detected)`,
		"an lcore is to run on a CPU that is not the container's, or not the machine's", "use CPUs of the container's set (Cpus_allowed_list in /proc/self/status), as podnet does"),
	line(podnet.CodeTooFewLcores, `No cores defined for forwarding|no enough lcores|Not enough cores`,
		"one lcore alone controls, and none is left to forward", "give the container another CPU, or EAL --lcores (0-1)@N"),

	// runtime directory, options
	line(podnet.CodePrefixInUse, `Cannot create lock on '.*'\. Is another primary process running\?`,
		"another DPDK process has the file prefix", "give each process a --file-prefix of its own"),
	line(podnet.CodeNoRuntimeDir, `Cannot create runtime directory|Error creating '.*'|Error creating .*runtime dir|Could not create directory.*dpdk|rte_telemetry_init.*(failed|error)|Error with socket binding.*telemetry|Failed to create DPDK runtime|DPDK's runtime directory: `,
		"EAL cannot make its runtime directory", "mount an emptyDir, and name its path in the container's variable RUNTIME_DIRECTORY"),
	line(podnet.CodePluginDirectory, `is world-writable and insecure`,
		"everybody may write to the directory of DPDK's drivers", "take the permission away (chmod o-w) where the image is built"),
	line(podnet.CodeBadOption, `ARGPARSE: .*arg|unrecognized option|Invalid EAL command|EAL: .*option.* (invalid|requires)|EAL: Invalid .*option`,
		"EAL, or the program, does not know an option; EAL's differ between releases", "let podnet render EAL's arguments for the program's release (--dpdk-version), and see --eal-arg and what stands behind --"),

	// vfio and PCI
	line(podnet.CodeDeviceNodeClosed, `Cannot open (VFIO container )?/dev/vfio/\S*[:,].*(Permission denied|Operation not permitted)|Failed to open VFIO file .*Permission|error 13 \(Permission denied\)`,
		"the process may not open the device's node", "set device_ownership_from_security_context = true in the node's containerd or CRI-O configuration, or run as root; under SELinux setsebool container_use_devices=1"),
	line(podnet.CodeBusyGroup, `Cannot open /dev/vfio/\S+: Device or resource busy|[Vv][Ff][Ii][Oo] group \d+.*busy`,
		"another process holds the IOMMU group", "end it; a group has one user at a time"),
	line(podnet.CodeDeviceNodeMissing, `Cannot open VFIO container /dev/vfio/vfio, error 2|VFIO support could not be initialized|Cannot open /dev/vfio/\S+: No such file`,
		"vfio's nodes are not in the container", "request the device's resource from its device plugin in resources.limits"),
	line(podnet.CodeGroupNotViable, `VFIO group is not viable`,
		"another function of the IOMMU group is on a kernel driver", "bind all functions of the group to vfio-pci on the node, or use a slot whose port has ACS"),
	line(podnet.CodeNoIOMMU, `cannot add VFIO group to container, error 22|[Nn]o IOMMU.*not (enabled|supported)|could not .*IOMMU type|failed to select IOMMU type`,
		"no IOMMU is in front of the device, or it does not take the group", "turn the IOMMU on (VT-d or AMD-Vi in the firmware, intel_iommu=on iommu=pt for the kernel)"),
	line(podnet.CodeNoMemoryLock, `[Cc]annot set up DMA remapping, error 12|DMA remapping failed, error 12|RLIMIT_MEMLOCK exceeded`,
		"the kernel may not lock the memory that the IOMMU maps", "add IPC_LOCK to securityContext.capabilities.add; with ordinary pages take 240 MiB at most"),
	line(podnet.CodeVFToken, `Getting a vfio_dev_fd for \S+ failed|vf token`,
		"vfio does not give the device away: its PF is on vfio-pci and asks for a token, or another process has it", "give the PF's token: --eal-arg=--vfio-vf-token=UUID"),
	line(podnet.CodePFNotReady, `Unable to reset device! Error|Cannot read command from PCI config space`,
		"the device was reset while it was started", "start again once the PF has settled"),
	line(podnet.CodeReadOnlySys, `Cannot open /sys/.*: Read-only file system|/sys/class/uio/.*Read-only`,
		"a uio driver needs to write to /sys, which is read-only", "bind the device to vfio-pci on the node"),

	// mlx5
	line(podnet.CodeNoUverbs, `No Verbs device matches PCI device|Verbs device not found|no Verbs device`,
		"the device's RDMA device is not in the container", "set isRdma: true in the SriovNetworkNodePolicy (rdma in the plugin's selectors), and load mlx5_ib on the node"),
	line(podnet.CodeDeviceNodeClosed, `Failed to open IB device`,
		"the process may not open the device's uverbs node", "run as a user that may open it, and see that the device plugin gives it to the container"),
	line(podnet.CodeNoCapability, `mlx5.*(probe of PCI device|aborted).*Operation not permitted|mlx5.*Operation not permitted`,
		"NVIDIA's driver needs CAP_NET_RAW", "add NET_RAW to securityContext.capabilities.add"),
	line(podnet.CodeDeviceFailed, `aborted after encountering an error: No such file or directory`,
		"the device's netdev is not in the pod", "let the SR-IOV CNI move it (its network in k8s.v1.cni.cncf.io/networks); on InfiniBand set the VF's GUID"),
	line(podnet.CodeInfiniBand, `port is not configured in Ethernet mode`,
		"the device is an InfiniBand port, which no DPDK driver takes", "leave it to RDMA programs (--interfaces without it), or set the port to Ethernet on the node (mlxconfig LINK_TYPE_P1=2)"),
	line(podnet.CodeNoLibrary, `missing run-time dependency on rdma-core`,
		"the image lacks rdma-core's libraries", "install libibverbs1 and ibverbs-providers (rdma-core on RHEL) in the image"),

	// the PF's side
	line(podnet.CodePFNotReady, `VF is still resetting|init_adminq failed|check_api version failed|PF/VF API version mismatch|No response for cmd|Init(ialization of)? admin ?q.*fail|Failure to init(ialize)? (the )?adminq`,
		"the PF's driver does not answer the VF", "wait and start again; bring the PF up, or update its driver on the node"),
	line(podnet.CodePFNotReady, `VF Initialization Failure: -?\d+`,
		"the PF is down", "bring it up on the node (ip link set PF up)"),
	line(podnet.CodeVFNotTrusted, `(fail(ed)?|[Uu]nable) to add MAC address|OP_ADD_ETHER_ADDRESS|VF is not trusted`,
		"the PF lets the VF have no other address", "set trust: \"on\" and spoofChk: \"off\" in the SriovNetwork, or keep the VF's address"),

	// sockets; podnet's own commands write such lines too
	line(podnet.CodeSocketMissing, `connect error, (No such file or directory|Connection refused)|Failed to connect socket|its peer has not begun to listen|no peer connected in time`,
		"nobody listens on the socket", "start the peer first, and see that both mount the same volume; one side has to be the server"),
	line(podnet.CodeSocketInUse, `another process (listens on|makes) it already`,
		"another process has the socket's name", "end it, or give each pod a socket of its own"),
	line(podnet.CodeSocketStale, `failed to bind.*Address already in use|Address already in use; remove it|a dead process left it behind`,
		"a socket of that name is there already", "remove the file if no process listens on it"),
	line(podnet.CodeSocketDirectory, `memif_check_socket_filename\(\): Invalid socket directory|Invalid (socket )?directory|the directory \S+ cannot be written|a file that is (no|not a) socket has its name`,
		"the socket's directory is not there, or may not be read and written", "mount a writable volume there"),
	line(podnet.CodeInexpressible, `[Uu]nix socket address too long|socket.*too long|[Pp]ath.*too long`,
		"the socket's path is longer than 107 bytes", "give it a shorter one"),
	line(podnet.CodeNoCapability, `[Cc]ould not open AF_PACKET socket|(TUNSETIFF|SIOCSIFHWADDR).*not permitted`,
		"the process lacks NET_RAW or NET_ADMIN", "add NET_RAW and NET_ADMIN (AF_PACKET) or NET_ADMIN (TAP) to securityContext.capabilities.add"),

	line(podnet.CodeNoPMD, `([Uu]nable|failed) to parse device`,
		"DPDK has no driver of that name", "install the driver's package, or build DPDK with -Denable_drivers=net/NAME"),

	// what only says that something failed
	// The next two also come with --in-memory, and of a page size that nobody uses.
	ifNoMemory(vague(line(podnet.CodeNoHugetlbfs, `hugepages of size \d+ reserved, but no mounted hugetlbfs found`,
		"hugepages are reserved, and hugetlbfs is not mounted", "mount a volume of the kind emptyDir with medium HugePages-2Mi, or take memory without a mount (--in-memory, as podnet does)"))),
	ifNoMemory(vague(line(podnet.CodeNoHugepages, `No (available|free) \d+ kB hugepages reported|No free hugepages reported`,
		"the node has no free hugepages", "reserve some on the node (vm.nr_hugepages), and request hugepages-2Mi in the container's resources.limits"))),
	noMemory(line(podnet.CodeEALMemory, `Cannot init memory\b|Cannot get hugepage information`,
		"EAL could not take its memory, and does not say why at this log level", "start with --log-level=lib.eal:debug for the reason; see check's group hugepages")),
	vague(line(podnet.CodeEALMemory, `[Cc]annot allocate memory|Creation of mbuf pool .* failed|rte_service_init\(\) failed`,
		"DPDK's memory is too small for the program", "give the container more hugepages, or the program fewer buffers (testpmd --total-num-mbufs)")),
	vague(line(podnet.CodeNoPMD, `Cannot init plugins`,
		"EAL could not load its drivers", "see the permissions of its directory of drivers, and of those above it")),
	vague(line(podnet.CodeNoPorts, `No probed ethernet devices|made no port|No Ethernet ports|no port of the name`,
		"EAL made no port: the device is not there, or on a kernel driver", "see the driver link in /sys/bus/pci/devices; check's group devices says what is wrong")),
	vague(line(podnet.CodeBadOption, `EAL: invalid .*param|EAL: invalid core ?list`,
		"EAL does not take the value of an option", "let podnet render EAL's arguments for the program's release (--dpdk-version)")),
	vague(line(podnet.CodeDeviceFailed, `Requested device \S+ cannot be used|Failed to open VFIO group|failed to initialize \S+ device|Driver cannot attach the device|Bus \(\S+\) probe failed`,
		"the driver could not start the device", "see the lines before this one, and check's group devices")),
	vague(line(podnet.CodeEndedByDPDK, `PANIC in |EAL: Error - exiting|EAL: FATAL`,
		"DPDK ended the process", "see the lines before this one")),
}
