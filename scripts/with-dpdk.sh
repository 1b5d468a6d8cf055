#!/usr/bin/env bash
# Runs a command, such as go build, with what DPDK's headers ask of cgo.
set -euo pipefail

# pkg-config gives -mrtm on Debian 13's amd64 and -moutline-atomics on arm64, which
# cgo does not allow by itself.
export CGO_CFLAGS_ALLOW=${CGO_CFLAGS_ALLOW:--mrtm|-moutline-atomics}

# Go's build cache knows the flags of a C compilation and not the headers: after
# a change of DPDK's version it would hand out objects of the old one. So the
# version is among the flags; nothing reads the macro.
version=$(pkg-config --modversion libdpdk) || {
	echo "with-dpdk: pkg-config does not find libdpdk: run make deps" >&2
	exit 1
}
CGO_CFLAGS=${CGO_CFLAGS-$(go env CGO_CFLAGS)}
case $CGO_CFLAGS in
*-DPODNET_DPDK=*) ;;
*) export CGO_CFLAGS="$CGO_CFLAGS -DPODNET_DPDK=$version" ;;
esac

exec "$@"
