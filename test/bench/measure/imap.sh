# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# imap.sh - logins (STARTTLS, one connection each), messages stored and messages read, in 10 sessions
#
# Each is calibrated as in throughput.sh. What is read is what has been stored before.

# shellcheck disable=SC2034 # read by run.sh, as are those of the others
readonly imap_ROUNDS=$LOAD_ROUNDS

imap_applies() { :; }

measure_imap() {
	local name
	name=imap-$(slug "$1")
	subject_up "$name" "$1" "$LOAD_ACCOUNTS"
	load_warm "$name"
	imap_load "$name" "$1" logins
	imap_load "$name" "$1" append
	imap_load "$name" "$1" fetch
	subject_down "$name"
}

imap_load() {
	local name=$1 subject=$2 what=$3 known
	known=$LAB_DIR/messages.$(slug "$subject").imap.$what
	if [ ! -e "$known" ]; then
		imap_once "$name" "$what" 100
		load_calibrate per_s 100 5000 >"$known"
	fi
	imap_once "$name" "$what" "$(cat "$known")"
	note "$subject" "imap.$what.rate" "$(load_figure per_s)"
	note "$subject" "imap.$what.p50" "$(load_figure ms.p50)"
	note "$subject" "imap.$what.p99" "$(load_figure ms.p99)"
}

imap_once() {
	load_run 600 imap --host "$(address "$1")" --sessions 10 "--$2" "$3" --mailboxes 50
}
