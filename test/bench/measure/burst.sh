# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# burst.sh - many messages in 50 sessions, to one mailbox and to 50: does the one keep up?
#
# What a delivery agent puts off is tried again after minutes: it is counted, and waited for no longer than BURST_LIMIT_S.

# shellcheck disable=SC2034 # read by run.sh, as are those of the others
readonly burst_ROUNDS=1

burst_applies() { [ "$(subject_profile "$1")" = bare ] || [ "$1" = floor ]; }

measure_burst() {
	local name
	name=burst-$(slug "$1")
	subject_up "$name" "$1" "$LOAD_ACCOUNTS"
	load_warm "$name"
	burst_load "$name" "$1" many 50
	burst_load "$name" "$1" one 1
	subject_down "$name"
}

burst_load() {
	load_smtp "$1" "$BURST" "$BURST_LIMIT_S" --bytes 4096 --recipients 1 --sessions 50 --mailboxes "$4"
	note "$2" "burst.$3.delivered" "$(load_figure delivered_s ">$BURST_LIMIT_S")"
	note "$2" "burst.$3.put_off" "$(awk -v off="$(cat "$LAB_DIR/load.put_off")" -v all="$(load_figure messages)" \
		'BEGIN { printf "%.1f", 100 * off / all }')"
}
