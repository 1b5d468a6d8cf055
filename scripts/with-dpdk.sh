#!/usr/bin/env bash
# with-dpdk.sh COMMAND [ARG]...: runs a command, such as go build, with the environment in
# which cgo compiles against DPDK's headers.
set -euo pipefail

# pkg-config gives -mrtm on Debian 13's amd64 and -moutline-atomics on arm64, which
# cgo does not allow by itself.
export CGO_CFLAGS_ALLOW=${CGO_CFLAGS_ALLOW:--mrtm|-moutline-atomics}

# Go's build cache depends on the flags of a C compilation, but not on the headers: after
# a change of DPDK's version it would give objects of the old one. So the version is among
# the flags; no code reads the macro.
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
