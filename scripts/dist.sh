#!/usr/bin/env bash
# dist.sh VERSION DIR [PART...]: writes a release of that version into DIR, with the
# checksums of all its files in SHA256SUMS. The parts, by default all of them:
#
#	sources    the files of the work tree that git tracks
#	programs   podnet for amd64 and arm64, static
#	capi       the files that `make install` installs on this machine's architecture,
#	           to unpack in /. It takes the variables of capi/Makefile
#	manifests  each overlay as one YAML file, with the images of this version
#	sbom       a CycloneDX document of Go's module graph
#	images     the container images as OCI archives; needs root
#
# Two runs on the same sources give the same bytes. Only the archives of images differ,
# because they contain times; the images' digests are the same.
set -euo pipefail
version=$1
# The version is part of file names and the tag of images.
case $version in
"" | [.-]* | *[!A-Za-z0-9_.-]*)
	echo "dist: version '$version': want letters, digits, dots, dashes and underscores" >&2
	exit 64
	;;
esac
mkdir -p "$2"
dir=$(cd "$2" && pwd)
shift 2
[ $# -gt 0 ] || set -- sources programs capi manifests sbom images
cd "$(dirname "$0")/.."
GO=${GO:-go}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
name=podnet-$version
date=$(git log -1 --format=%ct)

# tool NAME PACKAGE@VERSION: builds a third-party program for this run, and prints its
# path.
tool() {
	GOBIN=$work/bin "$GO" install "$2"
	echo "$work/bin/$1"
}

sources() {
	local tree
	tree=$(GIT_AUTHOR_DATE="@$date" GIT_COMMITTER_DATE="@$date" git stash create)
	git archive --prefix="$name/" "${tree:-HEAD}" | gzip -n >"$dir/$name.tar.gz"
}

programs() {
	local arch
	for arch in amd64 arm64; do
		GOARCH=$arch scripts/build-podnet.sh "$dir/$name-linux-$arch" "$version"
	done
}

capi() {
	make --no-print-directory -C capi install DESTDIR="$work/root" VERSION="$version" >&2
	# Without directories: unpacking would set their mode and owner on the machine's own.
	(cd "$work/root" && find . ! -type d -printf '%P\0' | LC_ALL=C sort -z |
		tar --null -T - --owner=0 --group=0 --numeric-owner --mode=go-w --mtime="@$date" -c) |
		gzip -n >"$dir/$name-linux-$(uname -m).tar.gz"
}

manifests() {
	local kustomize overlay
	kustomize=$(tool kustomize sigs.k8s.io/kustomize/kustomize/v5@v5.8.1)
	for overlay in manifests/overlays/*/; do
		"$kustomize" build "$overlay" |
			sed "s|localhost/testpmd-wrapper:latest|localhost/testpmd-wrapper:$version|" >"$dir/$name-$(basename "$overlay").yaml"
	done
}

# In a clone whose tag is the version.
sbom() {
	git clone -q --no-checkout . "$work/clone"
	git -C "$work/clone" checkout -q HEAD
	case $version in v[0-9]*.*.*) git -C "$work/clone" tag -f "$version" >&2 ;; esac
	"$(tool cyclonedx-gomod github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0)" mod -json -noserial -notimestamp \
		-output "$dir/$name.cdx.json" "$work/clone" >&2
}

images() {
	local image built
	for image in testpmd-wrapper podnet; do
		built=$(VERSION=$version test/image/build.sh bookworm $image)
		rm -f "$dir/$name-$image-image.tar" # buildah adds to one
		buildah push --quiet "$built" "oci-archive:$dir/$name-$image-image.tar:localhost/$image:$version" >&2
	done
}

for part; do
	case $part in
	sources | programs | capi | manifests | sbom | images) "$part" ;;
	*)
		echo "dist: no part $part" >&2
		exit 64
		;;
	esac
done
cd "$dir"
find . -type f ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum | tee SHA256SUMS
