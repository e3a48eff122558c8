#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# tally.sh - run test suites and add up what they counted
#
# usage: test/tally.sh start                    forget the last run
#        test/tally.sh run SUITE COMMAND...     run a suite, show its output, note its counts
#        test/tally.sh note SUITE P F S         note counts: passed, failed, skipped
#        test/tally.sh sum                      a line for each suite, then "N passed, N failed, N skipped"
#
# A command that knows how many tests it ran appends lines "NAME PASSED FAILED SKIPPED" to build/results/counts.
# One that does not counts as one test. One that fails without a failed test counts one more.
#
# Files: build/results/NAME.count ("passed failed skipped"), build/results/SUITE.log
#
# Exit status: run: that of COMMAND. sum: 0 only if something passed and nothing failed or was skipped.

set -euo pipefail

cd "$(dirname "$0")/.."

readonly RESULTS=build/results
readonly COUNTS=$RESULTS/counts

note() { printf '%d %d %d\n' "$2" "$3" "$4" >"$RESULTS/$1.count"; }

# Turns what the command wrote into notes; says whether there was a failed test among them.
note_counts() {
	local name p f s failed=1
	while read -r name p f s; do
		note "$name" "$p" "$f" "$s"
		[ "$f" -eq 0 ] || failed=0
	done <"$COUNTS"
	return "$failed"
}

run() {
	local suite=$1 status=0 start=$SECONDS
	shift
	mkdir -p "$RESULTS"
	rm -f "$COUNTS"
	echo "== $suite"
	"$@" 2>&1 | tee "$RESULTS/$suite.log" || status=$?
	if [ -s "$COUNTS" ]; then
		note_counts || [ "$status" -eq 0 ] || note "$suite" 0 1 0
	elif [ "$status" -eq 0 ]; then
		note "$suite" 1 0 0
	else
		note "$suite" 0 1 0
	fi
	if [ "$status" -eq 0 ]; then
		echo "== $suite: good ($((SECONDS - start)) s)"
	else
		echo "== $suite: failed with status $status ($((SECONDS - start)) s)"
	fi
	return "$status"
}

sum() {
	local file passed=0 failed=0 skipped=0 p f s
	for file in "$RESULTS"/*.count; do
		[ -e "$file" ] || continue
		read -r p f s <"$file"
		printf '%-28s %5d passed %3d failed %3d skipped\n' "$(basename "$file" .count)" "$p" "$f" "$s"
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	done
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$passed" -gt 0 ] && [ $((failed + skipped)) -eq 0 ]
}

case "${1:-}:$#" in
start:1)
	rm -rf "$RESULTS"
	mkdir -p "$RESULTS"
	;;
run:[3-9] | run:[1-9][0-9]*)
	shift
	run "$@"
	;;
note:5)
	shift
	mkdir -p "$RESULTS"
	note "$@"
	;;
sum:1) sum ;;
*)
	sed -n 's/^# \{0,1\}//; /^usage:/,/^$/p' "$0" >&2
	exit 64
	;;
esac
