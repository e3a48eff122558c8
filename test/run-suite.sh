#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# run-suite.sh - runs the programs of one suite and notes what passed
#
# usage: test/run-suite.sh unit PROGRAM...     cmocka programs
#        test/run-suite.sh fuzz PROGRAM...     fuzz_NAME replays test/fuzz/corpus/NAME/
#        test/run-suite.sh tables MAILSERVER   rows, templates and generated files agree
#
# Prints the output of what failed and one closing line; adds "SUITE PASSED FAILED SKIPPED" to
# build/results/counts.

set -u -o pipefail

cd "$(dirname "$0")/.." || exit 74
suite=${1:?usage: run-suite.sh unit|fuzz|tables PROGRAM...}
shift
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Adds a check with its verdict (0 = passed); shows the log of one that failed.
verdict() {
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "-- $1"
		cat "$log"
	fi
}

# cmocka writes TAP: "ok 1 - name", "not ok 2 - name", "ok 3 - name # SKIP".
run_unit() {
	local status=0 ok not_ok skip
	CMOCKA_MESSAGE_OUTPUT=TAP "$1" >"$log" 2>&1 || status=$?
	skip=$(grep -c '^ok .*# SKIP' "$log")
	ok=$(($(grep -c '^ok ' "$log") - skip))
	not_ok=$(grep -c '^not ok ' "$log")
	# A program that died early, or whose leaks were found at its end, says so by its status only.
	[ "$status" != 0 ] && [ "$not_ok" = 0 ] && not_ok=1
	passed=$((passed + ok)) failed=$((failed + not_ok)) skipped=$((skipped + skip))
	if [ "$not_ok" != 0 ]; then
		echo "-- $1 (status $status)"
		grep -v '^ok ' "$log"
	fi
}

run_fuzz() {
	local name=${1##*/fuzz_} file
	for file in "test/fuzz/corpus/$name"/*; do
		[ -f "$file" ] || continue
		"$1" "$file" >"$log" 2>&1
		verdict "$1 $file" $?
	done
}

run_tables() {
	"$1" config lint --templates target/services >"$log" 2>&1
	verdict "config lint" $?
	{ "$1" config dist | diff - env-mailserver.dist; } >"$log" 2>&1
	verdict "env-mailserver.dist is not what the rows say (make env-dist)" $?
	for page in setup mailserver; do
		"$1" man "$page" 2>&1 | diff "docs/man/$page.8" - >"$log" 2>&1
		verdict "docs/man/$page.8 is not what the rows say (make man)" $?
	done
	{ "$1" setup completion bash | bash -n; } >"$log" 2>&1
	verdict "setup completion bash" $?
}

for program; do
	"run_$suite" "$program"
done
echo "$suite: $passed passed, $failed failed, $skipped skipped"
mkdir -p build/results
echo "$suite $passed $failed $skipped" >>build/results/counts
[ "$failed" = 0 ]
