#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# run.sh - measures mail server images beside each other
#
# usage: test/bench/run.sh [OPTION…] [IMAGE[@PROFILE]…]
#
# Measures this image in its profiles, what plain Postfix and Dovecot of the same image need by themselves (the floor),
# and every other IMAGE named that keeps the same contract: config directory /tmp/docker-mailserver, volumes, ports, and
# `setup` in the path. They take turns (A B A B), so that all meet the same neighbours. Nothing is asserted: machines
# differ, ratios less so. What is measured is in measure/, what the subjects are in lib/subjects.sh.
#
#   --only LIST         measurements, separated by commas (all): size start idle throughput burst imap accounts
#                       certificate scanning
#   --subjects LIST     which of this image's subjects (floor,bare,default,typical); "" for none; also: spamassassin
#   --rounds N          turns of start and certificate (5; with --quick 1), and of throughput and imap (3; 1); figures are
#                       medians
#   --quick             a first impression in five minutes: shorter windows and loads, fewer sizes, no IDLE connections, neither
#                       burst nor scanning unless named
#   --sizes LIST        numbers of accounts (10,1000,10000,100000)
#   --connections LIST  numbers of IDLE connections (0,100,1000)
#   --window SECONDS    of the idle figures (60)
#   --load SECONDS      that each load takes, about (6)
#   --start-limit S     a start, a command or a login that takes longer is noted as "> S" (120)
#   --output DIR        where bench.json, bench.md and bench.svg go (build/results)
#   --add               keep what an earlier run has left in DIR and is not measured now; for long runs in pieces
#   --help              this text
#
# IMAGE@PROFILE: bare (the default) turns everything off that looks at mail, by the variables that docker-mailserver has,
# too; default sets nothing; spamassassin; typical is SpamAssassin and ClamAV.
#
# Prints the tables; progress goes to standard error. Ends early when interrupted, with what has been measured so far;
# nothing is left behind but the results.
#
# LIMITS  PSS shares the cost of a page between all processes that map it, also those of other containers of the same
# image: nothing else of it should run. The load comes from the same machine. clamd has a database of one signature. A
# login that works late is noticed within a quarter of a second, or later where the server makes failed logins wait.
#
# Environment: IMAGE   the image to measure (mailserver:local)
#              ENGINE  container client, from test/engine.sh when unset
#
# Exit status: 0 all was measured, 1 something failed (the rest was measured), 64 usage, 69 no such image, 130 interrupted

set -euo pipefail

cd "$(dirname "$0")/../.."

readonly MEASUREMENTS='size start idle throughput burst imap accounts certificate scanning'

only='' subjects='floor bare default typical' rounds='' quick='' output=build/results add=''
sizes='' connections='' window='' load='' START_LIMIT_S=120
others=()

usage() {
	echo "run.sh: $1" >&2
	echo 'run.sh --help explains the options' >&2
	exit 64
}

help() { sed -n '/^# run.sh/,/^$/s/^# \{0,1\}//p' "$0"; }

# words LIST: commas or blanks between them
words() { tr ',' ' ' <<<"$1"; }

# number OPTION TEXT
number() {
	[[ $2 =~ ^[1-9][0-9]{0,5}$ ]] || usage "$1 is a number from 1 to 999999, not '$2'"
	echo "$2"
}

# numbers OPTION LIST: none may be 0 but in --connections.
numbers() {
	local one
	for one in $(words "$2"); do
		[ "$1$one" = --connections0 ] || number "$1" "$one" >/dev/null
	done
	words "$2"
}

read_options() {
	local option
	while [ $# -gt 0 ]; do
		option=$1
		case $option in
		--help) help && exit 0 ;;
		--quick) quick=1 && shift && continue ;;
		--add) add=1 && shift && continue ;;
		--only | --subjects | --rounds | --sizes | --connections | --window | --load | --start-limit | --output)
			[ $# -ge 2 ] || usage "$option needs a value" ;;
		-*) usage "there is no option $option" ;;
		*) others+=("$option") && shift && continue ;;
		esac
		case $option in
		--only) only=$(words "$2") ;;
		--subjects) subjects=$(words "$2") ;;
		--rounds) rounds=$(number "$option" "$2") || exit ;;
		--sizes) sizes=$(numbers "$option" "$2") || exit ;;
		--connections) connections=$(numbers "$option" "$2") || exit ;;
		--window) window=$(number "$option" "$2") || exit ;;
		--load) load=$(number "$option" "$2") || exit ;;
		--start-limit) START_LIMIT_S=$(number "$option" "$2") || exit ;;
		--output) output=$2 ;;
		esac
		shift 2
	done
	readonly START_LIMIT_S
}

# The settings that the measurements read.
# shellcheck disable=SC2034 # in measure/
set_sizes() {
	if [ -n "$quick" ]; then
		: "${only:=size start idle throughput imap accounts certificate}"
		: "${sizes:=10 1000}" "${connections:=0}" "${window:=8}" "${load:=2}"
		readonly ROUNDS=${rounds:-1} LOAD_ROUNDS=${rounds:-1} BURST=1000 BURST_LIMIT_S=30 ADDS=3
	else
		: "${only:=$MEASUREMENTS}"
		: "${sizes:=10 1000 10000 100000}" "${connections:=0 100 1000}" "${window:=60}" "${load:=6}"
		readonly ROUNDS=${rounds:-5} LOAD_ROUNDS=${rounds:-3} BURST=5000 BURST_LIMIT_S=120 ADDS=10
	fi
	readonly SIZES=$sizes CONNECTIONS=$connections WINDOW_S=$window LOAD_S=$load \
		LOAD_LIMIT_S=$((load * 3 + 10)) LOAD_ACCOUNTS=100 RENEW_LIMIT_S=60
}

check_names() {
	local one
	for one in $only; do
		[[ " $MEASUREMENTS " == *" $one "* ]] || usage "there is no measurement '$one'; there are: $MEASUREMENTS"
	done
	for one in $subjects; do
		[ "$one" = floor ] || is_profile "$one" || usage "there is no subject '$one'; there are: floor $PROFILES; other images follow the options"
	done
}

check_images() {
	local one
	for one in $subjects "${others[@]}"; do
		if ! "$ENGINE" image inspect "$(subject_image "$one")" >/dev/null 2>&1; then
			echo "run.sh: there is no image $(subject_image "$one"); make image, or $ENGINE pull" >&2
			exit 69
		fi
	done
}

# note SUBJECT FIGURE VALUE: one sample. A value is a number, ">LIMIT", "<LIMIT", or "failed: why". See report.py for the figures.
note() {
	printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$LAB_DIR/samples"
	say "  $1 $2 $3"
}

note_lines() {
	local value
	while read -r value; do note "$1" "$2" "$value"; done
}

# later_of A B: of two times in ms.
later_of() { awk -v a="$1" -v b="$2" 'BEGIN { if (a ~ />/) print a; else if (b ~ />/) print b; else print (a + 0 > b + 0 ? a : b) }'; }

# sum_of KEY FILE: over all processes of a file that clocks.py has written.
sum_of() { grep -o "\"$1\": [0-9]*" "$2" | awk '{ sum += $2 } END { print sum + 0 }'; }

# Runs one measurement of one subject. It is a process of its own: what fails in it ends it, and nothing else.
take() {
	local measurement=$1 subject=$2 round=$3
	say "$measurement: $subject, round $round"
	set +e
	(
		set -e
		"measure_$measurement" "$subject" "$round"
	) &
	child=$!
	wait "$child"
	status=$?
	child=''
	set -e
	[ "$status" -eq 0 ] && return 0
	failures=$((failures + 1))
	say "$measurement: $subject: failed"
	note "$subject" "$measurement.failed" "failed: round $round"
	lab_servers_remove
}

take_turns() {
	local measurement subject round rounds_of
	for measurement in $only; do
		rounds_of=${measurement}_ROUNDS
		round=0
		while [ "$((round += 1))" -le "${!rounds_of}" ]; do
			for subject in $subjects "${others[@]}"; do
				"${measurement}_applies" "$subject" || continue
				take "$measurement" "$subject" "$round"
			done
		done
	done
}

# What the report says of machine and subjects.
describe() {
	local subject image
	{
		printf 'date\t%s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
		printf 'cpu\t%s\n' "$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)"
		printf 'cores\t%s\n' "$(nproc)"
		printf 'memory_mib\t%s\n' "$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)"
		printf 'kernel\t%s\n' "$(uname -sr)"
		printf 'engine\t%s\n' "$("$ENGINE" version -f '{{.Server.Version}}' 2>/dev/null || "$ENGINE" --version)"
		printf 'storage\t%s\n' "$("$ENGINE" info -f '{{.Driver}}' 2>/dev/null || "$ENGINE" info -f '{{.Store.GraphDriverName}}')"
		printf 'load\t%s\n' "$(cut -d' ' -f1 /proc/loadavg)"
		printf 'rounds\t%s\nload_rounds\t%s\nwindow_s\t%s\nload_s\t%s\nburst\t%s\nload_accounts\t%s\nstart_limit_s\t%s\n' "$ROUNDS" "$LOAD_ROUNDS" "$WINDOW_S" \
			"$LOAD_S" "$BURST" \
			"$LOAD_ACCOUNTS" "$START_LIMIT_S"
	} >"$LAB_DIR/machine"
	for subject in $subjects "${others[@]}"; do
		image=$(subject_image "$subject")
		printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$subject" "$(slug "$subject")" "$image" "$("$ENGINE" image inspect -f '{{.Id}}' "$image")" \
			"$(describe_profile "$(subject_profile "$subject")")" "$(versions "$image")"
	done >"$LAB_DIR/subjects"
}

# versions IMAGE: of the programs in it, without starting them.
versions() {
	# shellcheck disable=SC2016 # for the shell in the container
	"$ENGINE" run --rm --network none --entrypoint sh "$1" -c 'mkdir -p /tmp/p && : >/tmp/p/main.cf
		echo "Postfix $(postconf -c /tmp/p -d -h mail_version 2>/dev/null), Dovecot $(dovecot --version 2>/dev/null | cut -d" " -f1)," \
			"$(openssl version | cut -d" " -f1,2)"' 2>/dev/null | tail -n 1
}

report() {
	local kept=''
	mkdir -p "$output"
	if [ -n "$add" ] && [ -s "$output/bench.json" ]; then
		cp "$output/bench.json" "$LAB_DIR/kept.json"
		kept=/lab/kept.json
	fi
	# shellcheck disable=SC2086 # there may be none
	tools python3 /bench/report.py json /lab $kept >"$LAB_DIR/bench.json"
	tools python3 /bench/report.py markdown <"$LAB_DIR/bench.json" >"$LAB_DIR/bench.md"
	tools python3 /bench/report.py chart <"$LAB_DIR/bench.json" >"$LAB_DIR/bench.svg"
	cp "$LAB_DIR/bench.json" "$LAB_DIR/bench.md" "$LAB_DIR/bench.svg" "$output/"
	cat "$output/bench.md"
	say "results: $output/bench.json, bench.md, bench.svg"
}

clean_up() {
	trap '' INT TERM
	[ -z "$child" ] || kill "$child" 2>/dev/null || :
	if [ -n "$interrupted" ] && [ -s "$LAB_DIR/samples" ]; then
		say 'interrupted: these are the figures so far'
		report || :
	fi
	lab_close
	rm -rf "$LAB_DIR"
}

main() {
	local file running
	read_options "$@"
	set_sizes
	for file in test/bench/lib/*.sh test/bench/measure/*.sh; do
		# shellcheck source=/dev/null
		source "$file"
	done
	check_names
	# shellcheck source=test/e2e/lib/e2e.bash
	source test/e2e/lib/e2e.bash
	check_images

	LAB=mse2e-benchmark-$(slug "${IMAGE##*:}")
	exec 9>"${TMPDIR:-/tmp}/$LAB.lock"
	flock -n 9 || usage "a benchmark of $IMAGE is already running"
	LAB_DIR=$(mktemp -d)
	chmod 0755 "$LAB_DIR"
	child='' interrupted='' failures=0
	trap clean_up EXIT
	trap 'interrupted=1; exit 130' INT TERM HUP
	running=$("$ENGINE" ps -q | wc -l)
	[ "$running" -eq 0 ] || say "$running other containers are running: times suffer, and of the same image they share memory"
	e2e_build_tools
	lab_open
	describe
	take_turns
	report
	[ "$failures" -eq 0 ]
}

main "$@"
