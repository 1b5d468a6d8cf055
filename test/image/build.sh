#!/usr/bin/env bash
# build.sh [SUITE [TARGET [OPTION...]]]: builds the Dockerfile's image of this tree as
# localhost/testpmd-wrapper:SUITE or, for the target podnet, localhost/podnet:SUITE, and
# prints that name. It needs no registry: mmdebstrap makes the base, once, and Go and its
# modules come from this machine. All files have the time of the last commit, so that the
# same sources give the same digest. The options are buildah bud's, and the variable VERSION
# is the version that the image reports. It needs root.
set -euo pipefail
cd "$(dirname "$0")/../.."
suite=${1:-bookworm}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/podnet/image
base=localhost/podnet-base:$suite
go=localhost/podnet-go:$(go env GOVERSION)
target=${2:-testpmd-wrapper}
image=localhost/$target:$suite
date=$(git log -1 --format=%ct)

have() { buildah inspect --type image "$1" >/dev/null 2>&1; }

if ! have "$base"; then
	# shellcheck disable=SC2016 # apt-get expands it
	mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' | sed -n 1p)
	echo "image: making $base" >&2
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mmdebstrap --quiet --variant=minbase "$suite" "$work/base.tar" "$mirror"
	container=$(buildah from scratch)
	buildah add -q "$container" "$work/base.tar" / >/dev/null
	buildah commit -q --rm "$container" "$base" >/dev/null
fi
if ! have "$go"; then
	container=$(buildah from scratch)
	buildah copy -q "$container" "$(go env GOROOT)" /usr/local/go >/dev/null
	buildah commit -q --rm "$container" "$go" >/dev/null
fi
go mod download
mkdir -p "$cache/$suite/go-build"
buildah bud --quiet --layers --isolation chroot --tag "$image" --target "$target" --timestamp "$date" \
	--build-arg BASE="$base" --build-arg GO_IMAGE="$go" --build-arg GOPROXY=off \
	--build-arg VERSION="${VERSION:-$(git describe --tags --always --dirty)}" \
	--build-arg REVISION="$(git rev-parse HEAD)" --build-arg CREATED="$(date -u -d "@$date" +%FT%TZ)" \
	--volume "$(go env GOMODCACHE):/root/go/pkg/mod" --volume "$cache/$suite/go-build:/root/.cache/go-build" \
	"${@:3}" . >&2
echo "$image"
