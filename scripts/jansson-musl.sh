#!/bin/sh
# jansson-musl.sh: builds a static jansson for musl from Debian's source package, once,
# and prints the directory with its include and lib. The source has the version of the
# installed libjansson-dev.
set -eu
version=$(dpkg-query -W -f '${source:Version}' libjansson-dev)
out=${XDG_CACHE_HOME:-$HOME/.cache}/podnet/jansson-musl-$version
if [ ! -e "$out/lib/libjansson.a" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	cd "$work"
	# A list of sources of our own: the machine's may have no source packages.
	# shellcheck disable=SC2016 # apt-get expands it
	apt-get indextargets --format 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI) $(CODENAME) $(COMPONENT)' \
		'Created-By: Packages' 'Label: Debian' 'Component: main' | sort -u >sources.list
	mkdir -p lists/partial cache/archives/partial
	apt() { apt-get -qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root "$@" >&2; }
	apt update
	apt source "jansson=$version"
	cd jansson-*/src
	# These values replace a run of configure.
	sed -e 's/@json_inline@/inline/' -e 's/@json_[a-z_]*@/1/' jansson_config.h.in >jansson_config.h
	: >jansson_private_config.h # the flags below have it
	for file in *.c; do
		musl-gcc -O2 -fPIC -w -I. -DHAVE_STDINT_H -DHAVE_INTTYPES_H -DHAVE_SYS_TYPES_H -DHAVE_SYS_TIME_H -DHAVE_UNISTD_H -DHAVE_FCNTL_H \
			-DHAVE_LOCALE_H -DHAVE_LOCALECONV -DHAVE_STRTOLL -DHAVE_GETTIMEOFDAY -DHAVE_GETPID -DHAVE_OPEN -DHAVE_CLOSE -DHAVE_READ \
			-DUSE_URANDOM -DHAVE_ATOMIC_BUILTINS -DINITIAL_HASHTABLE_ORDER=3 -c "$file"
	done
	mkdir -p "$work/out/lib" "$work/out/include"
	ar rcs "$work/out/lib/libjansson.a" ./*.o
	cp jansson.h jansson_config.h "$work/out/include"
	mkdir -p "${out%/*}"
	rm -rf "$out"
	mv "$work/out" "$out"
fi
echo "$out"
