#!/usr/bin/env bash
# dist.sh VERSION DIR: writes the tarballs of a version into DIR, with their checksums:
# the sources as they are in the work tree, less what git does not know; and what
# `make install` installs on this machine's architecture, to be unpacked in /. Two runs
# on the same sources give the same bytes. Variables are those of capi/Makefile.
set -euo pipefail
version=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
name=podnet-$version
date=$(git log -1 --format=%ct)
tree=$(GIT_AUTHOR_DATE="@$date" GIT_COMMITTER_DATE="@$date" git stash create)
git archive --prefix="$name/" "${tree:-HEAD}" | gzip -n >"$dir/$name.tar.gz"

make --no-print-directory -C capi install DESTDIR="$work/root" VERSION="$version" >&2
binary=$name-linux-$(uname -m)
# Without directories, of which the machine's own would take on the mode and the owner.
(cd "$work/root" && find . ! -type d -printf '%P\0' | LC_ALL=C sort -z |
	tar --null -T - --owner=0 --group=0 --numeric-owner --mode=go-w --mtime="@$date" -c) | gzip -n >"$dir/$binary.tar.gz"
cd "$dir"
sha256sum "$name.tar.gz" "$binary.tar.gz" | tee "$name.sha256"
