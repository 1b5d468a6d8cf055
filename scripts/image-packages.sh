#!/bin/sh
# image-packages.sh "DRIVER..." PROGRAM...: prints the Debian packages that the
# programs need at run time: those of the libraries that they are linked to, and
# DPDK's drivers of these names. Dependencies are left to apt-get.
set -eu
drivers=$1
shift

# driver prints the package of one, whose name ends with DPDK's ABI version.
driver() {
	dpkg-query -W -f '${Package}\n' "librte-$1*" | grep -xE "librte-$1-?[0-9]+" ||
		{ echo "image-packages: DPDK has no driver librte-$1" >&2; exit 1; }
}

{
	for name in $drivers; do
		driver "net-$name"
	done
	# EAL needs these for any device.
	driver mempool-ring
	driver bus-vdev
	# By their names alone: dpkg knows some by /lib, which is a link.
	ldd "$@" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | sort -u | xargs -n 1 readlink -f |
		sed 's/.*\//*\//' | xargs dpkg -S | cut -d: -f1
} | sort -u
