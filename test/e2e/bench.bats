#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The benchmark: what it refuses, what it makes of fixed samples, and that a short run works and leaves nothing behind. No
# figure of it is asserted.

load lib/e2e

bench() { "$ROOT_DIR/test/bench/run.sh" "$@"; }

# The report in the container where it runs, with test/bench as it is.
report() { "$ENGINE" run --rm -i -v "$ROOT_DIR/test/bench:/bench:ro" "$TOOLS_IMAGE" python3 /bench/report.py "$@"; }

setup_file() {
	e2e_build_tools
	report json /bench/sample >"$BATS_FILE_TMPDIR/sample.json"
}

left_behind() {
	"$ENGINE" ps -aq --filter 'name=^/?mse2e-benchmark-'"${IMAGE##*:}"
	"$ENGINE" volume ls -q --filter "name=^mse2e-benchmark-${IMAGE##*:}"
	"$ENGINE" network ls -q --filter "name=^mse2e-benchmark-${IMAGE##*:}"
}

@test "names and numbers that it doesn't know are refused before anything is started" {
	run bench --only start,stops
	assert_status 64
	assert_output "there is no measurement 'stops'; there are: size start"
	run bench --subjects bare,fast
	assert_status 64
	assert_output "there is no subject 'fast'; there are: floor bare"
	run bench --fast
	assert_status 64
	assert_output 'there is no option --fast'
	run bench --rounds
	assert_status 64
	assert_output '--rounds needs a value'
	run bench --rounds none
	assert_status 64
	assert_output "--rounds is a number from 1 to 999999, not 'none'"
	run bench --sizes 10,0
	assert_status 64
	run bench no-such-image@typical
	assert_status 69
	assert_output 'there is no image no-such-image;'
	IMAGE=mailserver:no-such-tag run bench
	assert_status 69
	assert_output 'there is no image mailserver:no-such-tag;'
}

@test "--help names every measurement and every option" {
	run bench --help
	assert_status 0
	for word in "$ROOT_DIR"/test/bench/measure/*.sh; do assert_output "$(basename "$word" .sh)"; done
	for word in only subjects rounds quick sizes connections window load start-limit output add; do assert_output "--$word"; done
	refute_output 'set -euo'
}

@test "samples become JSON: medians, spread, limits, failures" {
	value() { "$ENGINE" run --rm -i "$TOOLS_IMAGE" python3 -c "import json, sys; print(json.load(sys.stdin)$1)" <"$BATS_FILE_TMPDIR/sample.json"; }
	assert_equal "$(value '["figures"]["start.both"]["floor"]')" \
		"{'samples': ['110', '100', '130'], 'median': 110.0, 'min': 100.0, 'max': 130.0}"
	assert_equal "$(value '["figures"]["start.both"]["other/mail<1>@typical"]["limit"]')" '>120000'
	assert_equal "$(value '["figures"]["smtp.4k-50-10.rate"]["floor"]')" \
		"{'samples': ['failed: 7 of 20 messages were put off'], 'failed': '7 of 20 messages were put off'}"
	assert_equal "$(value '["processes"]["bare"]["0"][1]["number"]')" 2
	run report json /bench/no-such-directory
	[ "$status" -ne 0 ]
}

@test "the same JSON as Markdown, byte for byte" {
	report markdown <"$BATS_FILE_TMPDIR/sample.json" | diff "$ROOT_DIR/test/bench/sample/expected.md" -
	run report markdown <<<'{}'
	[ "$status" -ne 0 ]
}

@test "the same JSON as a chart: well-formed, a bar for each value that is drawn, names escaped" {
	report chart <"$BATS_FILE_TMPDIR/sample.json" >"$BATS_FILE_TMPDIR/sample.svg"
	run "$ENGINE" run --rm -i "$TOOLS_IMAGE" python3 -c 'import sys, xml.etree.ElementTree as tree
svg = "{http://www.w3.org/2000/svg}"
root = tree.parse(sys.stdin).getroot()
bars = [box for box in root.iter(svg + "rect") if box.get("height") == "14"]
print(root.tag == svg + "svg", len(bars), sum(1 for box in bars if box.get("fill") == "none"))
print([text.text for text in root.iter(svg + "text") if text.text.startswith("other")][0])
print(all(0 <= float(box.get("x")) and float(box.get("x")) + float(box.get("width")) <= 1000 for box in bars))' <"$BATS_FILE_TMPDIR/sample.svg"
	assert_status 0
	assert_equal "${lines[0]}" 'True 16 2'
	assert_equal "${lines[1]}" 'other/mail<1>@typ…'
	assert_equal "${lines[2]}" True
}

@test "what an earlier run has measured is kept beside it" {
	mkdir "$BATS_TEST_TMPDIR/run"
	cp "$ROOT_DIR/test/bench/sample/machine" "$BATS_TEST_TMPDIR/run/"
	printf 'bare\tbare\tmailserver:local\tsha256:0\tno checks\tPostfix 3.10.13\n' >"$BATS_TEST_TMPDIR/run/subjects"
	printf 'bare\tstart.both\t300\n' >"$BATS_TEST_TMPDIR/run/samples"
	cp "$BATS_FILE_TMPDIR/sample.json" "$BATS_TEST_TMPDIR/run/kept.json"
	"$ENGINE" run --rm -i -v "$ROOT_DIR/test/bench:/bench:ro" -v "$BATS_TEST_TMPDIR/run:/run/bench" "$TOOLS_IMAGE" \
		sh -c 'python3 /bench/report.py json /run/bench /run/bench/kept.json | python3 /bench/report.py markdown' >"$BATS_TEST_TMPDIR/md"
	run cat "$BATS_TEST_TMPDIR/md"
	assert_output '| 110 (100–130) | 300 | > 120,000 | 2.73 | ≤ 3 |'
	assert_output '| all scanners |'
	assert_output 'are from 2026-11-27T21:00:00Z'
}

@test "a short run measures image and floor, writes its three files, and leaves nothing behind" {
	run bench --quick --only size,start,throughput --subjects floor,bare --rounds 1 --load 1 --output "$BATS_TEST_TMPDIR/out"
	assert_status 0
	assert_output '| Start and stop | floor | bare |'
	for figure in size.image start.both start.delivered stop.stop smtp.4k-1-10.rate smtp.submission.p99; do
		run "$ENGINE" run --rm -i "$TOOLS_IMAGE" python3 -c 'import json, sys
print(json.load(sys.stdin)["figures"][sys.argv[1]]["bare"]["median"] > 0)' "$figure" <"$BATS_TEST_TMPDIR/out/bench.json"
		assert_output True
	done
	grep -q '</svg>' "$BATS_TEST_TMPDIR/out/bench.svg"
	assert_equal "$(left_behind)" ''
}

@test "interrupted, it writes what it has and leaves nothing behind" {
	has_sample() { grep -q 'stop.stop' "$BATS_TEST_TMPDIR/log"; }
	"$ROOT_DIR/test/bench/run.sh" --only start --subjects bare --rounds 1000 --output "$BATS_TEST_TMPDIR/out" \
		>"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
	wait_until 60 has_sample
	kill -TERM $!
	status=0
	wait $! || status=$?
	assert_equal "$status" 130
	grep -q '"start.first.both"' "$BATS_TEST_TMPDIR/out/bench.json"
	assert_equal "$(left_behind)" ''
}
