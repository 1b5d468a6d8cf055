#!/usr/bin/env bash
# fuzz.sh [TIME]: runs each fuzz target of the library, of its readers and of fabric, one
# after the other. A parser gets that time (default 2m), and a target that combines
# parsers five times as much. Failing inputs stay in the package's testdata/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-2m}
case $seconds in
  *m) seconds=$((${seconds%m} * 60)) ;;
  *s) seconds=${seconds%s} ;;
esac

for package in $(go list ./lib/... ./internal/kernel/... ./internal/fabric); do
  for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
    time=$seconds
    case $package in
      */lib/podnet | */lib/eal) time=$((seconds * 5)) ;;
    esac
    echo "== $package $target, ${time}s"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "${time}s" -fuzzminimizetime 1x "$package"
  done
done
