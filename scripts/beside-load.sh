#!/usr/bin/env bash
# beside-load.sh COMMAND [ARG]...: runs the command while a busy process runs on each
# CPU, and ends these processes with it.
set -euo pipefail

[ $# -ge 1 ] || { echo "usage: beside-load.sh COMMAND [ARG]..." >&2; exit 64; }

loads=()
trap 'kill "${loads[@]}" 2>/dev/null || :' EXIT
for cpu in $(taskset -cp $$ | sed 's/.*: //; s/,/ /g'); do
	for ((i = ${cpu%-*}; i <= ${cpu#*-}; i++)); do
		taskset -c "$i" sh -c 'while :; do :; done' &
		loads+=($!)
	done
done

# A signal ends wait early; the command gets the signal, too.
"$@" &
child=$!
trap 'kill -INT $child || :' INT
trap 'kill -TERM $child || :' TERM HUP
status=0
wait $child || status=$?
while kill -0 $child 2>/dev/null; do
	status=0
	wait $child || status=$?
done
exit $status
