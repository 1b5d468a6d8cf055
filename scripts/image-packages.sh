#!/bin/sh
# image-packages.sh "DRIVER..." PROGRAM...: prints the Debian packages that the
# programs need at run time: those of the libraries that they are linked to, and
# DPDK's drivers of these names. One with a question mark behind it is left out where
# DPDK's release has no such driver. Dependencies are left to apt-get.
set -eu
drivers=$1
shift

# driver prints the package of one, whose name ends with DPDK's ABI version.
driver() {
	dpkg-query -W -f '${Package}\n' "librte-$1*" 2>/dev/null | grep -xE "librte-$1-?[0-9]+"
}

# must is driver for one that has to be there.
must() {
	driver "$1" || { echo "image-packages: DPDK has no driver librte-$1" >&2 && exit 1; }
}

packages=$(
	for name in $drivers; do
		case $name in
		*\?) driver "net-${name%\?}" || true ;;
		*) must "net-$name" ;;
		esac
	done
	# EAL needs these for any device.
	must mempool-ring
	must bus-vdev
	# By their names alone: dpkg knows some by /lib, which is a link.
	ldd "$@" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | sort -u | xargs -n 1 readlink -f |
		sed 's/.*\//*\//' | xargs dpkg -S | cut -d: -f1
)
printf '%s\n' "$packages" | sort -u
