#!/usr/bin/env bash
# Installs the Debian packages that a part of the project needs and that this machine
# lacks. If nothing is missing, it is quick and needs no privilege. With --list it only
# prints their names.
set -euo pipefail

usage() {
	echo "usage: deps.sh [--list] build|capi|test|test-capi|instructions|lab|image|k8s|lint|debian|cross ..." >&2
	exit 64
}

# Each line has a package and a command that succeeds if the package's purpose is already
# served, by this package or otherwise.
needs() {
	case $1 in
	build) cat <<-'END' ;;
		gcc           command -v gcc
		libc6-dev     test -e /usr/include/stdio.h
		pkg-config    command -v pkg-config
		libdpdk-dev   pkg-config --exists libdpdk
	END
	capi) cat <<-'END' ;;
		gcc            command -v gcc
		libc6-dev      test -e /usr/include/stdio.h
		make           command -v make
		pkg-config     command -v pkg-config
		libjansson-dev pkg-config --exists jansson
	END
	test-capi) cat <<-'END' ;;
		g++           command -v g++
		clang         command -v clang++
		valgrind      command -v valgrind
		musl-tools    command -v musl-gcc
		abigail-tools command -v abidiff
		dpkg-dev      command -v dpkg-source
		libdpdk-dev   pkg-config --exists libdpdk
		dpdk-dev      command -v dpdk-testpmd
		util-linux    command -v setpriv
	END
	instructions) cat <<-'END' ;;
		valgrind command -v valgrind
		dpdk-dev command -v dpdk-testpmd
	END
	test) cat <<-'END' ;;
		dpdk-dev      command -v dpdk-testpmd
		iproute2      command -v ip
		procps        command -v pgrep
		util-linux    command -v taskset
		chromium      command -v chromium
		openvswitch-switch      command -v ovs-vsctl
		openvswitch-switch-dpdk test -x /usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk
	END
	lab) cat <<-'END' ;;
		qemu-system-x86   qemu-system-x86_64 -device igb,help
		busybox-static    busybox cpio --help
		kmod              command -v depmod
		xz-utils          command -v xz
		make              command -v make
		dpdk-dev          command -v dpdk-testpmd
		iproute2          command -v vdpa
		ibverbs-providers test -d /etc/libibverbs.d
		ibverbs-utils     command -v ibv_devices
	END
	image) cat <<-'END' ;;
		buildah    command -v buildah
		libcap2-bin command -v getcap
		mmdebstrap command -v mmdebstrap
	END
	k8s) cat <<-'END' ;;
		iproute2   command -v ip
		openssl    command -v openssl
		procps     command -v pgrep
		util-linux command -v nsenter
	END
	lint) cat <<-'END' ;;
		shellcheck command -v shellcheck
		clang      command -v clang
		gcc-11     command -v gcc-11 || ! apt-cache show gcc-11
	END
	debian) echo 'mmdebstrap command -v mmdebstrap' ;;
	cross) cat <<-'END' ;;
		gcc-aarch64-linux-gnu command -v aarch64-linux-gnu-gcc
		libc6-dev-arm64-cross test -e /usr/aarch64-linux-gnu/include/stdio.h
		qemu-user-static      command -v qemu-aarch64-static
		mmdebstrap            command -v mmdebstrap
	END
	*) usage ;;
	esac
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get \
		-y --no-install-recommends -o Dpkg::Use-Pty=0 "$@"
}

# to_install prints the packages that apt-get would install for the given ones.
to_install() {
	apt-get -s --no-install-recommends install "$@" | awk '$1 == "Inst" { print $2 }'
}

# no_services keeps packages from starting services while this script runs: the tests
# start an Open vSwitch of their own. An existing policy of the machine stays as it is.
policy=/usr/sbin/policy-rc.d
no_services() {
	[ ! -e $policy ] || return 0
	echo "deps: $policy keeps services from starting, until the packages are installed"
	trap 'as_root rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin $policy
}

# backports adds Debian's backports to the package sources of Debian 12, for two packages
# and no others: QEMU, since Debian 12's has no emulated NIC with VFs, and the kernel,
# which is only unpacked.
backports() {
	# shellcheck source=/dev/null
	[ "$(. /etc/os-release && echo "$VERSION_CODENAME")" = bookworm ] || return 0
	local list=/etc/apt/sources.list.d/podnet-backports.list uri
	[ ! -e $list ] || return 0
	# shellcheck disable=SC2016 # apt-get expands it
	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | sort -u | sed -n 1p)
	echo "deps: adding $list, for QEMU and its firmware alone"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri bookworm-backports main" |
		as_root tee $list >/dev/null
	printf 'Package: src:qemu src:seabios\nPin: release n=bookworm-backports\nPin-Priority: 900\n' |
		as_root tee /etc/apt/preferences.d/podnet-backports >/dev/null
	apt -qq update
}

list_only=''
if [ "${1-}" = --list ]; then
	list_only=1
	shift
fi
[ $# -gt 0 ] || usage
case "$list_only $* " in " "*" lab "*) backports ;; esac
missing=()
for group in "$@"; do
	list=$(needs "$group")
	while read -r package check; do
		if [ -n "$list_only" ]; then
			echo "$package"
			continue
		fi
		sh -c "$check" >/dev/null 2>&1 || missing+=("$package")
	done <<<"$list"
done
[ ${#missing[@]} -gt 0 ] || exit 0

fail() {
	echo "deps: missing: ${missing[*]}: $1" >&2
	exit 1
}
command -v apt-get >/dev/null || fail "this is not Debian: install what these packages hold, by hand"
[ "$(id -u)" = 0 ] || command -v sudo >/dev/null || fail "run as root, or install sudo: apt-get needs it"

echo "deps: missing: ${missing[*]}"
if ! packages=$(to_install "${missing[@]}" 2>/dev/null); then
	echo "deps: apt-get update, because the package lists do not have them all"
	apt -qq update
	packages=$(to_install "${missing[@]}") || fail "apt-get does not find them"
fi
echo "deps: apt-get --no-install-recommends -o Dpkg::Use-Pty=0 install, with their dependencies:"
fmt -w 110 <<<"$packages" | sed 's/^/  /'

no_services
apt -qq install "${missing[@]}"
case " ${missing[*]} " in *" openvswitch-switch "*)
	echo "deps: update-rc.d openvswitch-switch disable, so that it does not start with the machine either"
	as_root update-rc.d openvswitch-switch disable
	;;
esac
