#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# run.sh - run the end-to-end tests, several files at a time
#
# usage: test/e2e/run.sh [FILE.bats...]      without arguments: all of test/e2e/
#
# Each file starts and removes its own containers, so files can run beside each other; one that needs the
# machine for itself says so in a line "# run: alone" and runs after the others. The output of a file is
# kept in build/results/e2e-NAME.tap; of what fails it is shown here.
#
# Environment: ENGINE, COMPOSE  from test/engine.sh (asked for when unset); handed on to the tests
#              IMAGE            the image to test (default mailserver:local)
#              JOBS             files at a time (default 2)
#              FILE_DEADLINE_S  seconds for one file (default 600)
#
# Exit status: 0 all passed, 1 something failed or was skipped, 64 no such test, 69 no engine or no bats

set -euo pipefail

cd "$(dirname "$0")/../.."

export IMAGE=${IMAGE:-mailserver:local}
readonly JOBS=${JOBS:-2}
readonly FILE_DEADLINE_S=${FILE_DEADLINE_S:-600}
readonly RESULTS=build/results

find_engine() {
	local settings
	if [ -z "${ENGINE:-}" ] || [ -z "${COMPOSE+set}" ]; then
		settings=$(test/engine.sh env)
		eval "$settings"
	fi
	export ENGINE COMPOSE
}

needs_machine_alone() { grep -q '^# run: alone' "$1"; }

# Prints the failed and the skipped tests of a TAP file with what belongs to them.
print_trouble() {
	awk '/^(ok|not ok) / { show = /^not ok / || / # skip/ } /^1\.\./ { show = 0; next } show || !/^(ok|#)/' "$1"
}

# Runs one file and notes its counts. Prints nothing until it is done, so that files do not mix.
run_file() {
	local file=$1 name tap status=0 start=$SECONDS planned passed failed skipped
	name=$(basename "$file" .bats)
	tap=$RESULTS/e2e-$name.tap
	timeout --kill-after=10 "$FILE_DEADLINE_S" bats --tap "$file" >"$tap" 2>&1 </dev/null || status=$?
	[ "$status" -ne 124 ] || echo "not ok (deadline) $name was ended after $FILE_DEADLINE_S s" >>"$tap"
	planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p;' "$tap" | head -n 1)
	skipped=$(grep -cE '^ok .* # skip' "$tap" || :)
	passed=$(($(grep -c '^ok ' "$tap" || :) - skipped))
	failed=$(grep -c '^not ok ' "$tap" || :)
	# A file that could not be read, or that stopped in the middle, has fewer results than it planned.
	if [ "$failed" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$((passed + skipped))" -ne "${planned:--1}" ]; }; then
		failed=1
	fi
	test/tally.sh note "e2e-$name" "$passed" "$failed" "$skipped"
	{
		printf 'e2e %-24s %3d passed %2d failed %2d skipped  %4d s\n' \
			"$name" "$passed" "$failed" "$skipped" "$((SECONDS - start))"
		[ $((failed + skipped)) -eq 0 ] || print_trouble "$tap"
	} | cat
	[ $((failed + skipped)) -eq 0 ]
}

# Runs files, JOBS of them at a time: run_files JOBS FILE...
run_files() {
	local jobs=$1 running=0 rc=0 file
	shift
	for file in "$@"; do
		if [ "$running" -ge "$jobs" ]; then
			wait -n || rc=1
			running=$((running - 1))
		fi
		run_file "$file" &
		running=$((running + 1))
	done
	while [ "$running" -gt 0 ]; do
		wait -n || rc=1
		running=$((running - 1))
	done
	return "$rc"
}

if [ $# -eq 0 ]; then
	set -- test/e2e/*.bats
fi
for file in "$@"; do
	if [ ! -f "$file" ]; then
		echo "run.sh: no test $file" >&2
		exit 64
	fi
done
if ! command -v bats >/dev/null; then
	echo 'run.sh: bats is missing; on Debian: apt-get install bats' >&2
	exit 69
fi
find_engine
mkdir -p "$RESULTS"

together=()
alone=()
for file in "$@"; do
	if needs_machine_alone "$file"; then
		alone+=("$file")
	else
		together+=("$file")
	fi
done

rc=0
[ "${#together[@]}" -eq 0 ] || run_files "$JOBS" "${together[@]}" || rc=1
[ "${#alone[@]}" -eq 0 ] || run_files 1 "${alone[@]}" || rc=1
exit "$rc"
