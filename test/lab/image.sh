#!/usr/bin/env bash
# Makes the kernel, the modules and the initramfs that the lab's guest boots, from Debian's
# packages and without installing them. The result stays in the user's cache: a second call
# only prints its directory.
set -euo pipefail
cd "$(dirname "$0")"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/podnet/lab
# The result depends on these files alone. A newer kernel in Debian does not make a cached
# one stale.
image=$cache/$(cat image.sh init | sha256sum | cut -c1-16)
mkdir -p "$cache"
exec {lock}>"$cache/lock"
flock "$lock" # guests boot side by side
if [ -e "$image/done" ]; then
	echo "$image"
	exit
fi

say() { echo "lab: $*" >&2; }

# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
# Bookworm's own QEMU has no igb, and newer kernels have more of the tested features.
case $release in
bookworm) suite=bookworm-backports ;;
*) suite=$release ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# unpack_deb unpacks packages into a directory.
unpack_deb() {
	local to=$1 package
	shift
	mkdir -p "$to" "$work/deb"
	for package in "$@"; do
		(cd "$work/deb" && apt-get -qq -o APT::Sandbox::User=root download "$package/$suite")
		dpkg-deb -x "$work/deb/${package}"_*.deb "$to"
	done
}

# modules_for lists the files of modules, each after those that it needs.
modules_for() {
	local module
	for module in "$@"; do
		modprobe --dirname "$kernel" --set-version "$version" --show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

kernel_package=$(apt-cache show "linux-image-amd64/$suite" | sed -n 's/^Depends: \(linux-image-[^ ]*\).*/\1/p' | sed 1q)
[ -n "$kernel_package" ] || { say "apt-get knows no kernel of $suite: run scripts/deps.sh lab"; exit 1; }
version=${kernel_package#linux-image-}
say "making $image of $kernel_package"

kernel=$work/kernel
unpack_deb "$kernel" "$kernel_package"
[ -e "$kernel/lib" ] || ln -s usr/lib "$kernel/lib"

# vdpa_sim_net, the only vDPA device without hardware that carries packets, and vringh,
# which it needs, are off in Debian's configuration.
say "building vdpa_sim_net"
series=$(cut -d. -f1,2 <<<"$version")
flavour=${version##*-}
abi=${version%-"$flavour"}
unpack_deb "$work/headers" "linux-headers-$version" "linux-headers-$abi-common" "linux-kbuild-$abi"
unpack_deb "$work/source" "linux-source-$series"
mkdir "$work/sim"
tar -xJf "$work/source/usr/src/linux-source-$series.tar.xz" -C "$work/sim" --strip-components=3 \
	--wildcards '*/drivers/vdpa/vdpa_sim/vdpa_sim*' '*/drivers/vhost/vringh.c'
find "$work/sim" -mindepth 2 -type f -exec mv -t "$work/sim" {} +
printf 'ccflags-y += -DCONFIG_VHOST_IOTLB_MODULE\nobj-m += vringh.o vdpa_sim.o vdpa_sim_net.o\n' >"$work/sim/Kbuild"
headers=$work/headers/usr/src/linux-headers-$version
# Debian's makefile of the headers has the path where they would be installed.
sed -i "s#include /usr/src#include $work/headers/usr/src#" "$headers/Makefile"
make -s -C "$headers" M="$work/sim" CONFIG_DEBUG_INFO_BTF_MODULES= modules >&2
extra=$kernel/lib/modules/$version/extra
mkdir -p "$extra"
for module in "$work"/sim/*.ko; do
	strip -g -o "$extra/$(basename "$module")" "$module"
done
depmod -b "$kernel" "$version"

# The initramfs mounts the root over 9p; the rest is loaded from there.
fs=$work/initramfs
mkdir -p "$fs"/{bin,modules,proc,sys,dev,ro,rw,new}
cp "$(command -v busybox)" "$fs/bin/busybox"
ln -s busybox "$fs/bin/sh"
install -m 755 init "$fs/init"
modules_for 9pnet_virtio 9p overlay | while read -r file; do
	name=$(basename "$file")
	case $file in
	*.xz) xz -dc "$file" >"$fs/modules/${name%.xz}" ;;
	*) cp "$file" "$fs/modules/" ;;
	esac
	echo "${name%.xz}" >>"$fs/modules/order"
done

rm -rf "$image"
mkdir -p "$image"
(cd "$fs" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$image/initrd"
cp "$kernel/boot/vmlinuz-$version" "$image/vmlinuz"
mv "$kernel/lib/modules" "$image/modules" 2>/dev/null || cp -a "$kernel/usr/lib/modules" "$image/modules"
touch "$image/done"
# The results of older trees.
find "$cache" -mindepth 1 -maxdepth 1 -type d ! -path "$image" -mtime +30 -exec rm -rf {} +
echo "$image"
