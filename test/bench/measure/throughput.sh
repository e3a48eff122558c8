# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# throughput.sh - messages a second, until the last one is in its mailbox and the queue is empty
#
# A load is a row of MAIL_LOADS. How many messages it has is found out in its first round, so that it takes about LOAD_S seconds on
# whatever machine and subject.

# shellcheck disable=SC2034 # read by run.sh, as are those of the others
readonly throughput_ROUNDS=$LOAD_ROUNDS

# name, bytes, recipients, sessions, most messages, options
readonly MAIL_LOADS='4k-1-10      4096     1   10  5000
4k-1-50      4096     1   50  5000
4k-50-10     4096     50  10  500
1m-1-10      1048576  1   10  500
submission   4096     1   10  5000  --port 587 --tls --sender user1@d1.example.test --user user1@d1.example.test --password secret'

throughput_applies() { :; }

measure_throughput() {
	local name row rows load bytes recipients sessions most extra
	name=load-$(slug "$1")
	subject_up "$name" "$1" "$LOAD_ACCOUNTS"
	load_warm "$name"
	mapfile -t rows <<<"$MAIL_LOADS"
	for row in "${rows[@]}"; do
		read -r load bytes recipients sessions most extra <<<"$row"
		# shellcheck disable=SC2086 # options are words
		throughput_load "$name" "$1" "$load" "$most" --bytes "$bytes" --recipients "$recipients" --sessions "$sessions" $extra
	done
	subject_down "$name"
}

# throughput_load NAME SUBJECT LOAD MOST OPTION…
throughput_load() {
	local name=$1 subject=$2 load=$3 most=$4 known
	shift 4
	known=$LAB_DIR/messages.$(slug "$subject").$load
	if [ ! -e "$known" ]; then
		load_smtp "$name" 20 "$LOAD_LIMIT_S" "$@"
		load_calibrate delivered_per_s 20 "$most" >"$known"
	fi
	load_smtp "$name" "$(cat "$known")" "$LOAD_LIMIT_S" "$@"
	note_load "$subject" "smtp.$load"
}
