#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Renders every golden case and compares the whole tree, byte for byte.
#
#	test/golden/run.sh [--update] BINARY
#
# A case is test/golden/<case>/ with `env` (NAME=value lines), optional `config/` (the administrator's
# directory) and `expected/` (the tree), or, for a configuration that must be refused, `findings` (what is printed).
# --update writes what is rendered now; review the diff like code.
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
update=0
[ "${1:-}" = --update ] && { update=1; shift; }
binary=${1:?usage: run.sh [--update] BINARY}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

render() { # case-dir out-dir -> status; findings in out-dir.txt
	local config=$1/config
	[ -d "$config" ] || config=$work/none
	env -i PATH="$PATH" ${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} "$binary" render --env "$1/env" \
		--config "$config" --out "$2" --templates "$top/target/services" 2>"$2.txt"
}

report() { # ok|not-ok name
	if [ "$1" = ok ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "golden: $2: differs (make golden-update shows what would change)"
	fi
}

check_case() {
	local dir=$1 name out status verdict=ok
	name=$(basename "$dir")
	out=$work/$name
	render "$dir" "$out"
	status=$?
	if [ "$update" = 1 ]; then
		rm -rf "$dir/expected" "$dir/findings"
		[ -d "$out" ] && cp -r "$out" "$dir/expected"
		[ -s "$out.txt" ] && cp "$out.txt" "$dir/findings"
		return
	fi
	if [ -d "$dir/expected" ]; then
		[ "$status" = 0 ] || verdict=not-ok
		diff -r "$dir/expected" "$out" || verdict=not-ok
		render "$dir" "$out.again" && diff -r "$out" "$out.again" || verdict=not-ok
	else
		[ "$status" = 78 ] || { echo "status $status instead of 78"; verdict=not-ok; }
	fi
	if [ -f "$dir/findings" ]; then
		diff "$dir/findings" "$out.txt" || verdict=not-ok
	elif [ -s "$out.txt" ]; then
		cat "$out.txt"
		verdict=not-ok
	fi
	report "$verdict" "$name"
}

for dir in "$here"/*/; do
	[ -e "$dir/env" ] && check_case "${dir%/}"
done
[ "$update" = 1 ] && { git -C "$top" --no-pager diff --stat -- test/golden; exit 0; }
echo "golden: $passed passed, $failed failed"
mkdir -p "$top/build/results"
echo "golden $passed $failed 0" >>"$top/build/results/counts"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
