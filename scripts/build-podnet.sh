#!/bin/sh
# build-podnet.sh OUT [VERSION]: builds podnet, a static binary of at most 8 MB. Inlining
# is off: it makes the binary 8 % larger, and podnet spends its time reading files.
set -eu
out=$1
cd "$(dirname "$0")/.."
CGO_ENABLED=0 exec "${GO:-go}" build -trimpath -gcflags=all=-l \
	-ldflags "-s -w -X github.com/podnet/podnet/internal/cli.version=${2-}" -o "$out" ./cmd/podnet
