#!/usr/bin/env bash
# trixie.sh TARGET...: makes the Makefile's targets of a copy of this tree in a
# Debian 13 chroot, against its DPDK 24.11; what is built is in bin/trixie. The
# chroot is made once and kept in the user's cache. All mounts and processes are
# in namespaces of their own, and end with this script. With --root it prints the
# chroot's directory and does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

suite=trixie
cache=${XDG_CACHE_HOME:-$HOME/.cache}/podnet/$suite
root=$cache/root

[ "$(id -u)" = 0 ] || { echo "trixie: mmdebstrap and chroot need root" >&2; exit 1; }

case ${1-} in
--root)
	echo "$root"
	exit
	;;
--inside) shift ;;
*)
	# Fetch the modules here, so that the chroot needs no network.
	go mod download
	exec unshare --mount --propagation private --pid --fork --kill-child "$0" --inside "$@"
	;;
esac

# mirror: where this machine gets Debian from.
mirror() {
	# shellcheck disable=SC2016 # apt-get expands it
	apt-get indextargets --format '$(SITE)' \
		'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' | sed -n 1p
}

packages=$(scripts/deps.sh --list build test lab | sort -u | paste -sd,),make,ca-certificates
if [ "$(cat "$cache/packages" 2>/dev/null)" != "$packages" ]; then
	echo "trixie: making $root from $(mirror)"
	rm -rf "$root" "$cache/packages"
	mkdir -p "$cache/go-build"
	mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" $suite "$root" "$(mirror)"
	echo "$packages" >"$cache/packages"
fi

# Go, its modules and its build cache stand at the same paths as outside. The
# cache is one for this chroot: Go does not see that it has other headers.
goroot=$(go env GOROOT)
modules=$(go env GOMODCACHE)
bind() {
	mkdir -p "$root$2"
	mount --rbind ${3:+-o "$3"} "$1" "$root$2"
}
bind /dev /dev
bind /sys /sys
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
bind "$goroot" "$goroot" ro
bind "$modules" "$modules" ro
bind "$cache/go-build" /var/cache/go-build

mkdir -p "$root/tmp/podnet" bin/trixie
bind "$PWD/bin/trixie" /tmp/podnet/bin
git ls-files -z --cached --others --exclude-standard |
	tar -c --null --ignore-failed-read -T - | tar -x -C "$root/tmp/podnet"

exec chroot "$root" /usr/bin/env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 \
	PATH="$goroot/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
	GOCACHE=/var/cache/go-build GOMODCACHE="$modules" GOPROXY=off \
	make -C /tmp/podnet "$@"
