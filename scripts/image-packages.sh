#!/bin/sh
# image-packages.sh "DRIVER..." PROGRAM...: prints the Debian packages that the programs
# need at run time: the packages of the libraries that they are linked to, and of the
# named DPDK drivers. A question mark behind a driver leaves it out if DPDK's release does
# not have it. apt-get finds the dependencies.
set -eu
drivers=$1
shift

# driver prints the package of a driver. The package's name ends with DPDK's ABI version.
driver() {
	dpkg-query -W -f '${Package}\n' "librte-$1*" 2>/dev/null | grep -xE "librte-$1-?[0-9]+"
}

# must does the same for a driver that has to exist.
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
	# dpkg knows some files by /lib, which is a link, so it is asked for their names alone.
	ldd "$@" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | sort -u | xargs -n 1 readlink -f |
		sed 's/.*\//*\//' | xargs dpkg -S | cut -d: -f1
)
printf '%s\n' "$packages" | sort -u
