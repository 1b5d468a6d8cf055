#!/usr/bin/env bash
# boot.sh TEST-BINARY [ARG]...: runs a test binary as the only program of a QEMU guest, for
# `go test -exec`. The guest has SR-IOV NICs and shares this machine's root, read-only, so
# that programs that are built and installed here run there unchanged. It has an IOMMU
# unless the tests are in a directory named noiommu.
#
#	LAB_ROOT     root of the guest instead of /
#	PODNET_BIN   the application, for the guest at /mnt/lab/testpmd-wrapper
# shellcheck disable=SC2054 # the commas are QEMU's
set -euo pipefail

lab=$(cd "$(dirname "$0")" && pwd)
src=$(cd "$lab/../.." && pwd)
here=${PWD#"$src"}
image=$("$lab/image.sh")

dir=$(mktemp -d /tmp/podnet-lab-XXXXXX)
qemu=''
# shellcheck disable=SC2317 # the trap calls it
finish() {
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP
trap 'failed "the guest ran too long"' QUIT # from go test
# shellcheck disable=SC2317 # the trap calls it
failed() {
	echo "boot.sh: $1; its serial log:"
	cat "$dir/serial"
	exit 1
}

cp "$1" "$dir/test"
cp "${PODNET_BIN:?the application}" "$dir/testpmd-wrapper"
chmod 755 "$dir"
shift
cat >"$dir/run" <<END
#!/bin/bash
cd /mnt/src$here && exec /mnt/lab/test ${*@Q}
END
chmod +x "$dir/run"

# One thread for both CPUs: with a thread each, one may use memory that the other has just
# unmapped (seen with QEMU 10.0: iotlb_to_section's assertion, and a guest that hung), and
# two guests are not faster on two CPUs.
accel=tcg,thread=single
# /dev/kvm alone proves nothing: it exists even if the CPU does not support it.
if grep -qwE 'vmx|svm' /proc/cpuinfo && [ -w /dev/kvm ]; then
	accel=kvm
fi

args=(
	-accel "$accel" -cpu max -smp 2 -nodefaults -no-user-config -no-reboot -display none -monitor none
	-machine q35,kernel-irqchip=split
	# With more memory a part of it is above 4 GiB, and then the guest cannot reach the
	# VFs' registers (seen with QEMU 10.0).
	-m 2G
	-object memory-backend-ram,id=m0,size=1G -object memory-backend-ram,id=m1,size=1G
	-numa node,nodeid=0,cpus=0,memdev=m0 -numa node,nodeid=1,cpus=1,memdev=m1
	-kernel "$image/vmlinuz" -initrd "$image/initrd"
	-append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable no_timer_check intel_iommu=on hugepages=400"
	-serial "file:$dir/serial" -serial stdio
	-virtfs "local,path=${LAB_ROOT:-/},mount_tag=root,security_model=none,readonly=on,multidevs=remap"
	-virtfs "local,path=$image/modules,mount_tag=modules,security_model=none,readonly=on"
	-virtfs "local,path=$src,mount_tag=src,security_model=none,readonly=on,multidevs=remap"
	-virtfs "local,path=$dir,mount_tag=lab,security_model=none"
)
[ "$(basename "$PWD")" = noiommu ] || args+=(-device intel-iommu,intremap=on)
# Two NICs on one wire, each on a NUMA node of its own.
for n in 0 1; do
	args+=(
		-device "pxb-pcie,id=pxb$n,bus=pcie.0,bus_nr=$((16 * (n + 1))),numa_node=$n"
		-device "pcie-root-port,id=port$n,bus=pxb$n,chassis=$((n + 1)),slot=$((n + 1))"
		-netdev "hubport,id=wire$n,hubid=0"
		-device "igb,bus=port$n,netdev=wire$n,mac=52:54:00:00:00:0$n,romfile="
	)
done

setpriv --pdeathsig KILL qemu-system-x86_64 "${args[@]}" </dev/null &
qemu=$!
wait $qemu || true
qemu=''
[ -e "$dir/code" ] || failed "the guest ended without an exit code"
exit "$(cat "$dir/code")"
