#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# coverage.sh - line coverage of folders of target/src
#
# usage: test/coverage.sh OBJECT_DIR FOLDER...
#
# Runs the programs in OBJECT_DIR (unit/, fuzz/, mailserver) over the tests, the corpus and the golden cases, and prints
# one line a folder ("coverage: base  93.1% of 1234 lines"). Whether the tests pass is not its business: `make check` has
# said so. The figures of single files go to OBJECT_DIR/coverage.txt.

set -euo pipefail

cd "$(dirname "$0")/.."
objects=${1:?usage: coverage.sh OBJECT_DIR FOLDER...}
shift
files=$objects/coverage.txt
log=$objects/coverage.log
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

find "$objects" -name '*.gcda' -delete
: >"$log"
for source in test/unit/test_*.c; do
	program=$objects/unit/$(basename "$source" .c)
	[ ! -x "$program" ] || "$program" >>"$log" 2>&1 || :
done
for source in test/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	[ ! -x "$objects/fuzz/$name" ] || "$objects/fuzz/$name" "test/fuzz/corpus/${name#fuzz_}"/* >>"$log" 2>&1 || :
done
if [ -x "$objects/mailserver" ]; then
	for env in test/golden/*/env; do
		case=$(dirname "$env")
		"$objects/mailserver" render --env "$env" --config "$case/config" --out "$work/$(basename "$case")" \
			--templates target/services >>"$log" 2>&1 || :
	done
	"$objects/mailserver" config lint --templates target/services >>"$log" 2>&1 || :
	"$objects/mailserver" config dist >/dev/null 2>>"$log" || :
fi

: >"$files"
for folder; do
	for source in target/src/"$folder"/*.c; do
		[ -e "$objects/${source%.c}.gcno" ] || continue
		gcov -n -o "$objects/$(dirname "$source")" "$objects/${source%.c}.o" 2>/dev/null |
			awk -v folder="$folder" -v source="$source" '
				$0 == "File \047" source "\047" { seen = 1 }
				seen && /^Lines executed:/ {
					split($0, part, /[:% ]+/)
					print folder, source, part[3], part[5]
					exit
				}' >>"$files"
	done
	awk -v folder="$folder" '
		$1 == folder { hit += $3 * $4 / 100; lines += $4 }
		END { printf "coverage: %-10s %5.1f%% of %d lines\n", folder, lines ? hit * 100 / lines : 0, lines }
	' "$files"
done
