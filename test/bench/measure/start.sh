# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# start.sh - from a container's first instruction to the SMTP banner, the IMAP greeting and the first delivered message; and
# what the engine's stop takes
#
# The first start has new volumes; those after it have the volumes of the one before, in a new container.

# shellcheck disable=SC2034 # read by run.sh, as are those of the others
readonly start_ROUNDS=$ROUNDS

start_applies() { :; }

measure_start() {
	local name
	name=start-$(slug "$1")
	[ "$2" -gt 1 ] || subject_start_once "$name" "$1" start.first
	subject_start_once "$name" "$1" start
	[ "$2" -lt "$ROUNDS" ] || subject_down "$name"
}

subject_start_once() {
	local smtp imap delivered both
	subject_create "$1" "$2" 10
	subject_go "$1" >"$LAB_DIR/start"
	read -r smtp imap delivered <"$LAB_DIR/start"
	both=$(later_of "$smtp" "$imap")
	note "$2" "$3.smtp" "$smtp"
	note "$2" "$3.imap" "$imap"
	note "$2" "$3.both" "$both"
	note "$2" "$3.delivered" "$delivered"
	subject_stop "$1" >"$LAB_DIR/stop"
	note "$2" stop.stop "$(cat "$LAB_DIR/stop")"
}
