#!/usr/bin/env bash
# Compiles the C of internal/dpdk with every compiler that people build it with, and
# lets clang's static analyzer read it. Any warning is an error.
set -euo pipefail
cd "$(dirname "$0")/../internal/dpdk"

# GCC 11 is that of RHEL 9 and its UBI images; newer Debians have none.
compilers=(gcc clang)
if command -v gcc-11 >/dev/null; then
	compilers+=(gcc-11)
elif grep -q 'VERSION_CODENAME=bookworm' /etc/os-release; then
	echo "lint-c: gcc-11 is missing: run scripts/deps.sh lint" >&2
	exit 1
fi

# The flags that cgo takes (cgo.go). DPDK's headers are the system's, which are not
# for us to warn about.
read -ra dpdk <<<"$(pkg-config --cflags libdpdk | sed 's/-I/-isystem /g')"
flags=(-std=gnu11 -O3 -Wall -Wextra -Werror "${dpdk[@]}")

out=$(mktemp)
trap 'rm -f "$out"' EXIT
files=(*.c)
for cc in "${compilers[@]}"; do
	for file in "${files[@]}"; do
		"$cc" "${flags[@]}" -c -o "$out" "$file"
	done
	"$cc" --version | sed -n "1s|^|lint-c: compiled ${#files[@]} files with |p"
done

# The analyzer prints warnings and succeeds, so what it prints is the verdict.
for file in "${files[@]}"; do
	clang --analyze --analyzer-output text -Xclang -analyzer-werror "${flags[@]}" "$file" -o /dev/null
done
echo "lint-c: analyzed them with clang"
