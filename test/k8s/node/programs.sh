#!/usr/bin/env bash
# programs.sh DIR: makes the programs of a node. It builds Kubernetes, Multus and the CNI
# plugins from source, at the versions of go.mod, and unpacks etcd, containerd and runc from
# Debian's packages without installing them. With a cold build cache this takes 7 to 20
# minutes on two CPUs.
set -euo pipefail
made=$(readlink -m "$1")
cd "$(dirname "$0")"
echo "node: making $made" >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf "$made" # files of an interrupted run
mkdir -p "$made/bin/cni" "$made/root"

(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download etcd-server containerd runc)
for package in "$work"/*.deb; do
	dpkg-deb -x "$package" "$made/root"
done

kubernetes=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
version="-X k8s.io/component-base/version.gitVersion=$kubernetes -X k8s.io/client-go/pkg/version.gitVersion=$kubernetes"
export CGO_ENABLED=0 GOFLAGS=-trimpath
go build -ldflags "-s -w $version" -o "$made/bin/hyperkube" ./hyperkube
plugins=github.com/containernetworking/plugins/plugins
go build -ldflags "-s -w" -o "$made/bin/cni/" gopkg.in/k8snetworkplumbingwg/multus-cni.v4/cmd/multus \
	$plugins/main/bridge $plugins/main/loopback $plugins/ipam/host-local
go build -ldflags "-s -w" -o "$made/bin/" ./deviceplugin ./dns
for name in kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl; do
	ln -sf hyperkube "$made/bin/$name"
done
networks=$(go list -m -f '{{.Dir}}' github.com/k8snetworkplumbingwg/network-attachment-definition-client)
cp "$networks/artifacts/networks-crd.yaml" "$made/"

go build -ldflags "-s -w" -o "$work/pause" ./pause
image=$(buildah from scratch)
buildah copy -q "$image" "$work/pause" /pause >/dev/null
buildah config --entrypoint '["/pause"]' "$image"
buildah commit -q "$image" "docker-archive:$made/pause.tar:localhost/pause:1" >/dev/null
buildah rm "$image" >/dev/null
touch "$made/done"
# The programs of older trees.
find "$(dirname "$made")" -mindepth 1 -maxdepth 1 -type d ! -path "$made" -mtime +30 -exec rm -rf {} +
