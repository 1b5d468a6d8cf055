#!/usr/bin/env bash
# Compiles the project's C with every compiler that people use, and runs clang's static
# analyzer on it: internal/dpdk with cgo's flags, capi as part of a C99 program. Any
# warning is an error.
set -euo pipefail
cd "$(dirname "$0")/.."

# RHEL 9 and its UBI images have GCC 11; newer releases of Debian do not.
compilers=(gcc clang)
if command -v gcc-11 >/dev/null; then
	compilers+=(gcc-11)
elif grep -q 'VERSION_CODENAME=bookworm' /etc/os-release; then
	echo "lint-c: gcc-11 is missing: run scripts/deps.sh lint" >&2
	exit 1
fi
out=$(mktemp)
trap 'rm -f "$out"' EXIT

# lint WHAT FLAG... -- FILE...: the flags are the compilers'.
lint() {
	local what=$1 flags=() file
	shift
	while [ "$1" != -- ]; do
		flags+=("$1")
		shift
	done
	shift
	for cc in "${compilers[@]}"; do
		for file in "$@"; do
			"$cc" "${flags[@]}" -Wall -Wextra -Werror -c -o "$out" "$file"
		done
		"$cc" --version | sed -n "1s|^|lint-c: compiled $# files of $what with |p"
	done
	# The analyzer prints warnings and succeeds, so what it prints is the verdict.
	for file in "$@"; do
		clang --analyze --analyzer-output text -Xclang -analyzer-werror "${flags[@]}" "$file" -o /dev/null
	done
	echo "lint-c: analyzed them with clang"
}

# The flags of cgo (internal/dpdk/cgo.go). DPDK's headers count as system headers, so
# that their warnings are not reported.
read -ra dpdk <<<"$(pkg-config --cflags libdpdk | sed 's/-I/-isystem /g')"
lint internal/dpdk -std=gnu11 -O3 -Iinternal/dpdk "${dpdk[@]}" -- internal/dpdk/*.c test/internal/loops/c/*.c

# The flags of capi/Makefile, and further warnings.
read -ra jansson <<<"$(pkg-config --cflags jansson)"
lint capi -std=c99 -D_DEFAULT_SOURCE -D_POSIX_C_SOURCE=200809L -O2 -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-declarations -Wcast-qual -Wvla -Icapi "${jansson[@]}" -- capi/*.c capi/netutil/*.c
