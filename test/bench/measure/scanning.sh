# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# scanning.sh - what checks and scanners cost a message on port 25, one after the other
#
# The message has a signature, an SPF record and a DMARC policy that all hold, so that each check has its work. The dialogue
# is measured from the connection to the answer to the end of the message, as the sender waits for it. Other images are
# measured in the profiles that were named with them.

# shellcheck disable=SC2034 # read by run.sh, as are those of the others
readonly scanning_ROUNDS=1

scanning_applies() { [ "$1" != floor ]; }

measure_scanning() {
	local name count
	name=scanning-$(slug "$1")
	subject_up "$name" "$1" "$LOAD_ACCOUNTS"
	load_warm "$name"
	load_smtp "$name" 20 "$LOAD_LIMIT_S" --recipients 1 --sessions 8 --file /srv/message.eml
	count=$(load_calibrate delivered_per_s 50 2000)
	load_smtp "$name" "$count" "$LOAD_LIMIT_S" --recipients 1 --sessions 8 --file /srv/message.eml
	note_load "$1" scanning
	processes "$name" 1 >"$LAB_DIR/processes.$(slug "$1").scanning"
	note "$1" scanning.pss "$(sum_of pss_kib "$LAB_DIR/processes.$(slug "$1").scanning" | awk '{ printf "%.1f", $1 / 1024 }')"
	subject_down "$name"
}
