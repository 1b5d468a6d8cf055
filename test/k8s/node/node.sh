#!/usr/bin/env bash
# node.sh: a Kubernetes node of real programs on this machine, in namespaces and
# control groups of its own, for tests. It needs root.
#
#	node.sh build            build its programs, once, and print their directory
#	node.sh up DIR           start it, with its files in DIR; it is Ready on return
#	node.sh in DIR CMD...    run a command in it, such as kubectl
#	node.sh load DIR TAR...  give images to its containerd
#	node.sh down DIR         end it; only DIR stays
set -euo pipefail

self=$(readlink -f "$0")
src=$(dirname "$self")
say() { echo "node: $*" >&2; }

cache=${XDG_CACHE_HOME:-$HOME/.cache}/podnet/k8s
# The programs depend on these files alone. This script is not among them: after a change
# of it the programs need not be built again, which takes twenty minutes.
made=$cache/$(cd "$src" && cat go.mod go.sum programs.sh ./*/*.go tools.go | sha256sum | cut -c1-16)
bin=$made/bin
root=$made/root # etcd, containerd and runc, unpacked

name=podnet-node
address=10.90.0.10

build() {
	mkdir -p "$cache"
	exec {lock}>"$cache/lock"
	flock "$lock"
	[ -e "$made/done" ] || "$src/programs.sh" "$made"
	echo "$made"
}

up() {
	local dir=$1
	build >/dev/null
	mkdir -p "$dir"/log
	dir=$(readlink -f "$dir")
	setsid unshare --mount --propagation private "$self" _cgroups "$dir" >"$dir/log/node.log" 2>&1 </dev/null &
	echo $! >"$dir/pid"
	for _ in $(seq 600); do
		[ ! -e "$dir/ready" ] || return 0
		kill -0 "$(<"$dir/pid")" 2>/dev/null || break
		sleep 0.2
	done
	say "the node did not come up:"
	tail -n 20 "$dir"/log/*.log | cut -c1-400 >&2
	return 1
}

# _cgroups makes a child of this process's control group in each hierarchy, and continues
# in it. Before that it makes the mount points that the node needs.
_cgroups() {
	local dir=$1 group controller
	for path in /var/lib/kubelet /var/lib/cni /etc/cni; do
		[ -d $path ] || { mkdir -p $path; echo $path >>"$dir/mountpoints"; }
	done
	if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
		group=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
		mkdir -p "${group%/}/$name/init"
		for controller in $(<"${group%/}/cgroup.controllers"); do
			echo "+$controller" >"${group%/}/cgroup.subtree_control" || true
		done
		echo $$ >"${group%/}/$name/cgroup.procs"
		echo "${group%/}/$name" >"$dir/cgroups"
	else
		mkdir -p "$dir/hugetlb"
		# Without systemd nobody mounts this hierarchy of version 1.
		mountpoint -q /sys/fs/cgroup/hugetlb || mount -t cgroup -o hugetlb cgroup "$dir/hugetlb"
		for controller in "${controllers[@]}"; do
			group=/sys/fs/cgroup/${controller#name=}
			mountpoint -q "$group" || group=$dir/hugetlb
			group=$group$(awk -F: -v c="$controller" '$2 == c { sub("/$", "", $3); print $3 }' /proc/self/cgroup)/$name
			mkdir -p "$group"
			if [ "$controller" = cpuset ]; then
				for file in cpuset.cpus cpuset.mems; do
					cat "$group/../$file" >"$group/$file"
				done
			fi
			echo $$ >"$group/cgroup.procs"
			echo "$group" >>"$dir/cgroups"
		done
	fi
	exec unshare --cgroup "$self" _namespaces "$dir"
}
controllers=(cpu cpuacct cpuset memory devices freezer blkio pids hugetlb name=systemd)

# _namespaces continues in new namespaces of all other kinds. In version 2 a group that
# delegates controllers must not contain a process itself.
_namespaces() {
	local dir=$1 group
	group=$(sed -n 1p "$dir/cgroups")
	if [ -d "$group/init" ]; then
		echo $$ >"$group/init/cgroup.procs"
		for controller in $(<"$group/cgroup.controllers"); do
			echo "+$controller" >"$group/cgroup.subtree_control"
		done
	fi
	exec unshare --mount --propagation private --net --uts --ipc --pid --fork --kill-child --mount-proc "$self" _node "$dir"
}

# _node is the node's first process.
_node() {
	dir=$1
	ulimit -l 8192 # as systemd gives containerd, and so each container
	export PATH=$bin:$root/usr/bin:$root/usr/sbin:$root/sbin:$PATH KUBECONFIG=$dir/kubeconfig
	hostname $name
	mount --make-rshared /
	mount -t sysfs sysfs /sys
	mount_cgroups
	mount -t tmpfs -o mode=755 tmpfs /run
	for path in /var/lib/kubelet /var/lib/cni /var/log /etc/cni; do
		mkdir -p "$dir/fs$path"
		mount --bind "$dir/fs$path" $path
	done
	# Kubelet would set these for the whole machine, so it gets copies.
	for path in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
		mkdir -p "$dir/fs/sysctl/$(dirname $path)"
		cat /proc/sys/$path >"$dir/fs/sysctl/$path"
		mount --bind "$dir/fs/sysctl/$path" /proc/sys/$path
	done
	ip link set lo up
	# There is no kube-proxy. The two services whose addresses pods know listen on these
	# addresses themselves.
	ip address add 10.96.0.1/32 dev lo
	ip address add 10.96.0.10/32 dev lo
	ip link add node0 type veth peer name node0p
	ip address add $address/24 dev node0
	ip link set node0 up
	ip link set node0p up
	ip route add default via 10.90.0.1
	echo 1 >/proc/sys/net/ipv4/ip_forward
	configure

	run etcd --data-dir "$dir/etcd" --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
		--listen-peer-urls http://127.0.0.1:2380 --unsafe-no-fsync
	run containerd -c "$dir/containerd.toml"
	run kube-apiserver --etcd-servers=http://127.0.0.1:2379 --secure-port=443 --bind-address=0.0.0.0 --advertise-address=$address \
		--cert-dir="$dir/apiserver" --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$dir/sa.pub" \
		--service-account-signing-key-file="$dir/sa.key" --service-cluster-ip-range=10.96.0.0/24 --authorization-mode=RBAC \
		--token-auth-file="$dir/tokens.csv" --allow-privileged=true --kubelet-preferred-address-types=InternalIP
	until kubectl get --raw /readyz >/dev/null 2>&1; do sleep 0.2; done
	run kube-controller-manager --kubeconfig="$dir/kubeconfig" --service-account-private-key-file="$dir/sa.key" \
		--root-ca-file="$dir/apiserver/apiserver.crt" --leader-elect=false --cert-dir="$dir/manager"
	run kube-scheduler --kubeconfig="$dir/kubeconfig" --leader-elect=false --cert-dir="$dir/scheduler"
	until images version >/dev/null 2>&1; do sleep 0.2; done
	images -n k8s.io images import "$made/pause.tar"
	run kubelet --config="$dir/kubelet.yaml" --kubeconfig="$dir/kubeconfig" --hostname-override=$name --node-ip=$address --cert-dir="$dir/kubelet"
	kubectl apply -f "$made/networks-crd.yaml"
	until kubectl get node $name 2>/dev/null | grep -qw Ready && kubectl get serviceaccount default >/dev/null 2>&1; do sleep 0.2; done
	run deviceplugin
	run dns 10.96.0.10:53
	touch "$dir/ready"
	trap 'exit 0' TERM INT
	while :; do sleep 3600 & wait $!; done
}

run() { "$@" >"$dir/log/$1.log" 2>&1 & }
images() { ctr -a /run/containerd/containerd.sock "$@"; }

mount_cgroups() {
	if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		return
	fi
	! mountpoint -q "$dir/hugetlb" || umount "$dir/hugetlb"
	mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
	for controller in "${controllers[@]}"; do
		mkdir "/sys/fs/cgroup/${controller#name=}"
		case $controller in name=*) options=none,$controller ;; *) options=$controller ;; esac
		mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/${controller#name=}"
	done
}

configure() {
	openssl genrsa -out "$dir/sa.key" 2048 2>/dev/null
	openssl rsa -in "$dir/sa.key" -pubout -out "$dir/sa.pub" 2>/dev/null
	echo 'admin,admin,1,system:masters' >"$dir/tokens.csv"
	echo "nameserver 10.90.0.1" >"$dir/resolv.conf"
	cat >"$dir/kubeconfig" <<-END
		apiVersion: v1
		kind: Config
		clusters: [{name: node, cluster: {server: "https://$address", insecure-skip-tls-verify: true}}]
		users: [{name: admin, user: {token: admin}}]
		contexts: [{name: node, context: {cluster: node, user: admin}}]
		current-context: node
	END
	cat >"$dir/kubelet.yaml" <<-END
		apiVersion: kubelet.config.k8s.io/v1beta1
		kind: KubeletConfiguration
		authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
		authorization: {mode: AlwaysAllow}
		cgroupDriver: cgroupfs
		failCgroupV1: false
		failSwapOn: false
		containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
		clusterDNS: [10.96.0.10]
		clusterDomain: cluster.local
		resolvConf: $dir/resolv.conf
		cpuManagerPolicy: static
		kubeReserved: {cpu: 100m}
		topologyManagerPolicy: single-numa-node
		syncFrequency: 1s
		evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%}
		imageGCHighThresholdPercent: 100
	END
	# For containerd 1.6 and later.
	cat >"$dir/containerd.toml" <<-END
		version = 2
		root = "$dir/containerd"
		state = "/run/containerd"
		[plugins."io.containerd.grpc.v1.cri"]
		sandbox_image = "localhost/pause:1"
		disable_apparmor = true
		disable_hugetlb_controller = false
		restrict_oom_score_adj = true
		[plugins."io.containerd.grpc.v1.cri".containerd]
		snapshotter = "overlayfs"
		default_runtime_name = "runc"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
		runtime_type = "io.containerd.runc.v2"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
		BinaryName = "$root/usr/sbin/runc"
		[plugins."io.containerd.grpc.v1.cri".cni]
		bin_dir = "$bin/cni"
		conf_dir = "/etc/cni/net.d"
	END
	mkdir -p /etc/cni/net.d
	cat >/etc/cni/net.d/00-multus.conf <<-END
		{
		  "cniVersion": "1.0.0", "name": "multus-cni-network", "type": "multus", "kubeconfig": "$dir/kubeconfig",
		  "binDir": "$bin/cni", "logLevel": "verbose", "logFile": "$dir/log/multus.log",
		  "delegates": [{
		    "cniVersion": "1.0.0", "name": "default-net", "plugins": [{
		      "type": "bridge", "bridge": "cni0", "isGateway": true,
		      "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}
		    }]
		  }]
		}
	END
}

within() {
	local dir first
	dir=$(readlink -f "$1")
	shift
	first=$(pgrep -P "$(<"$dir/pid")" | sed -n 1p)
	export KUBECONFIG=$dir/kubeconfig PATH=$bin:$root/usr/bin:$root/usr/sbin:$PATH
	exec nsenter --wd="$PWD" -t "$first" -m -n -u -i -p -C "$@"
}

load() {
	local dir=$1 tar
	shift
	for tar in "$@"; do
		"$self" in "$dir" ctr -a /run/containerd/containerd.sock -n k8s.io images import "$tar"
	done
}

down() {
	local dir=$1 pid inside group hugetlb
	[ -e "$dir/pid" ] || return 0 # it never began
	pid=$(<"$dir/pid")
	inside=$(pgrep -P "$pid" | sed -n 1p || true)
	kill -KILL "${inside:-$pid}" 2>/dev/null || true
	for _ in $(seq 50); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	while read -r group; do
		case $group in
		"$(readlink -f "$dir")"/hugetlb/*)
			# Its mount ended with the node's namespace. The kernel releases an empty
			# hierarchy of version 1 when it is mounted and unmounted once more.
			hugetlb=$(mktemp -d)
			mount -t cgroup -o hugetlb cgroup "$hugetlb"
			remove_groups "$hugetlb/${group#*/hugetlb/}"
			umount "$hugetlb"
			sleep 0.5
			mount -t cgroup -o hugetlb cgroup "$hugetlb"
			umount "$hugetlb"
			rmdir "$hugetlb"
			;;
		*) remove_groups "$group" ;;
		esac
	done < <(cat "$dir/cgroups" 2>/dev/null)
	[ ! -e "$dir/mountpoints" ] || xargs rmdir --ignore-fail-on-non-empty <"$dir/mountpoints"
	rm "$dir/pid" # another process may soon have that id
}

# remove_groups removes a control group with its children. Their last processes may still
# be ending.
remove_groups() {
	for _ in $(seq 50); do
		find "$1" -depth -type d -exec rmdir {} \; 2>/dev/null || true
		[ -d "$1" ] || return 0
		sleep 0.1
	done
	say "$1 is still there"
}

case ${1-} in
in)
	shift
	within "$@"
	;;
build | up | load | down | _cgroups | _namespaces | _node) "$@" ;;
*)
	sed -n '2,9s/^# \?//p' "$self"
	exit 64
	;;
esac
