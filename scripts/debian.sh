#!/usr/bin/env bash
# debian.sh SUITE TARGET...: makes the Makefile's targets in a copy of this tree, in
# the root of another Debian release with its DPDK: 24.11 in trixie, 25.11 in forky.
# The results are in bin/SUITE. The script makes the root once and keeps it in the
# user's cache. All mounts and processes are in namespaces of their own, and end with
# this script. debian.sh --root SUITE only prints the root's directory.
set -euo pipefail
cd "$(dirname "$0")/.."

do=''
case ${1-} in
--root | --inside)
	do=$1
	shift
	;;
esac
suite=${1-}
options=()
more=
case $suite in
trixie) ;;
# The packages of Debian's testing are signed like any other. But on mirrors that are not
# updated every day, the signed list of packages may have expired.
forky)
	options+=(--aptopt='Acquire::Check-Valid-Until "false"')
	more=,grout
	;;
*)
	echo "usage: debian.sh [--root] trixie|forky [TARGET]..." >&2
	exit 64
	;;
esac
shift
cache=${XDG_CACHE_HOME:-$HOME/.cache}/podnet/$suite
root=$cache/root

[ "$(id -u)" = 0 ] || { echo "debian: mmdebstrap and pivot_root need root" >&2; exit 1; }

case $do in
--root)
	echo "$root"
	exit
	;;
'')
	# Fetch the modules here, so that no network is needed there.
	go mod download
	exec unshare --mount --propagation private --pid --fork --kill-child "$0" --inside "$suite" "$@"
	;;
esac

# mirror prints the mirror from which this machine gets Debian.
mirror() {
	# shellcheck disable=SC2016 # apt-get expands it
	apt-get indextargets --format '$(SITE)' \
		'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' | sed -n 1p
}

packages=$(scripts/deps.sh --list build test lab | sort -u | paste -sd,),make,ca-certificates$more
if [ "$(cat "$cache/packages" 2>/dev/null)" != "$packages" ]; then
	echo "debian: making $root from $(mirror)"
	rm -rf "$root" "$cache/packages"
	mkdir -p "$cache/go-build"
	mmdebstrap --quiet --mode=root --variant=minbase "${options[@]}" --include="$packages" "$suite" "$root" "$(mirror)"
	echo "$packages" >"$cache/packages"
fi

# Go, its modules and its build cache have the same paths as outside. This root has a
# build cache of its own, because Go does not notice that the headers differ.
goroot=$(go env GOROOT)
modules=$(go env GOMODCACHE)
bind() {
	mkdir -p "$root$2"
	mount --rbind ${3:+-o "$3"} "$1" "$root$2"
}
mount --bind "$root" "$root" # a mount, as pivot_root asks
bind /dev /dev
bind /sys /sys
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
bind "$goroot" "$goroot" ro
bind "$modules" "$modules" ro
bind "$cache/go-build" /var/cache/go-build

mkdir -p "$root/tmp/podnet" "bin/$suite"
bind "$PWD/bin/$suite" /tmp/podnet/bin
git ls-files -z --cached --others --exclude-standard |
	tar -c --null --ignore-failed-read -T - | tar -x -C "$root/tmp/podnet"

# Not chroot: the kernel gives processes in one no user namespaces.
cd "$root"
pivot_root . mnt
cd /
umount -l /mnt
exec /usr/bin/env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 \
	PATH="$goroot/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
	GOCACHE=/var/cache/go-build GOMODCACHE="$modules" GOPROXY=off \
	make -C /tmp/podnet "$@"
