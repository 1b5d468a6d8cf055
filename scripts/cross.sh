#!/usr/bin/env bash
# cross.sh ARCH COMMAND [ARG]...: runs a command, such as go build, with a C compiler
# for ARCH and the DPDK that Debian has for it. It unpacks Debian's packages once into a
# directory of the user's cache, and takes headers and libraries from there: libdpdk-dev
# of two architectures cannot be installed side by side. cross.sh --root ARCH only prints
# that directory.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

print=
if [ "${1-}" = --root ]; then
	print=1
	shift
fi
case ${1-} in
arm64) triplet=aarch64-linux-gnu ;;
*)
	echo "usage: cross.sh arm64 COMMAND [ARG]... | cross.sh --root arm64" >&2
	exit 64
	;;
esac
arch=$1
shift
# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/podnet/$arch
root=$cache/$suite
if [ -n "$print" ]; then
	echo "$root"
	exit
fi

if [ ! -e "$cache/$suite.done" ]; then
	# shellcheck disable=SC2016 # apt-get expands it
	mirror=$(apt-get indextargets --format '$(SITE)' \
		'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' | sed -n 1p)
	echo "cross: making $root from $mirror" >&2
	rm -rf "$root"
	mkdir -p "$cache"
	mmdebstrap --quiet --variant=extract --architectures="$arch" --include=libdpdk-dev,libc6-dev "$suite" "$root" "$mirror"
	touch "$cache/$suite.done"
fi

export GOARCH=$arch CGO_ENABLED=1 CC="$triplet-gcc --sysroot=$root"
export PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root/usr/lib/$triplet/pkgconfig:$root/usr/share/pkgconfig
exec "$here/with-dpdk.sh" "$@"
