#!/usr/bin/env bash
# with-hugepages.sh N COMMAND [ARG]...: reserves N free 2 MB pages, mounts a hugetlbfs and
# runs the command. When the command ends, also by Ctrl-C, it undoes both. If it cannot
# reserve the pages, it says so and runs the command without.
set -euo pipefail

[ $# -ge 2 ] || { echo "usage: with-hugepages.sh N COMMAND [ARG]..." >&2; exit 64; }
pages=$1
shift

pool=/sys/kernel/mm/hugepages/hugepages-2048kB
mountpoint=/dev/hugepages
added=0 mounted='' made=''

say() { echo "with-hugepages: $*" >&2; }

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# resize changes the number of reserved pages by $1. The lock keeps two of these
# scripts from losing each other's change.
resize() {
	(
		flock 9
		echo $(($(<$pool/nr_hugepages) + $1)) | as_root tee $pool/nr_hugepages >/dev/null 2>&1
	) 9<"$0"
}

restore() {
	# The opposite order of reserve.
	if [ -n "$mounted" ]; then
		if as_root umount $mountpoint && { [ -z "$made" ] || as_root rmdir $mountpoint; }; then
			say "unmounted $mountpoint"
		else
			say "$mountpoint stays, because somebody else uses it by now"
		fi
	fi
	if [ "$added" != 0 ]; then
		resize -$added && say "gave back $added pages"
	fi
	added=0 mounted='' made=''
}

# reserve fails if it cannot get the pages. It does not undo the steps before that.
reserve() {
	local free nr
	free=$(<$pool/free_hugepages)
	if [ "$free" -lt "$pages" ]; then
		nr=$(<$pool/nr_hugepages)
		resize $((pages - free)) || return
		added=$(($(<$pool/nr_hugepages) - nr))
		[ "$(<$pool/free_hugepages)" -ge "$pages" ] || return
		say "reserved $added pages of 2 MB, in $pool/nr_hugepages"
	fi
	if ! grep -q ' hugetlbfs ' /proc/mounts; then
		if [ ! -d $mountpoint ]; then
			as_root mkdir $mountpoint 2>/dev/null || return
			made=1
		fi
		as_root mount -t hugetlbfs -o mode=1777 hugetlbfs $mountpoint 2>/dev/null || return
		mounted=1
		say "mounted $mountpoint"
	fi
}

trap restore EXIT
if ! reserve; then
	say "$pages free pages of 2 MB are not to be had here: going on without"
	restore
fi

# Job control puts the command into a process group of its own, to which signals are
# passed on. Without job control bash would make the command ignore SIGINT.
set -m
"$@" &
child=$!
set +m
trap 'kill -INT -- -$child || :' INT
trap 'kill -TERM -- -$child || :' TERM HUP

# A trapped signal ends wait early, and the command may take its time to end.
status=0
wait $child || status=$?
while kill -0 $child 2>/dev/null; do
	status=0
	wait $child || status=$?
done
exit $status
