# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# load.sh - load.py, and what the server had to do for it

# load_run SECONDS ARGUMENT…: load.py; its figures in $LAB_DIR/load.flat, lines "NAME VALUE".
load_run() {
	local limit=$1
	shift
	tools timeout "$limit" python3 /bench/load.py "$@" >"$LAB_DIR/load"
	tools python3 /bench/clocks.py flat /lab/load >"$LAB_DIR/load.flat"
}

# load_smtp NAME MESSAGES DEADLINE OPTION…: in $LAB_DIR, load.queue: the ms until the queue was empty, when that was later than
# the last message in its mailbox; load.cpu: the server's CPU time in ms, from the first message on; load.put_off: messages
# that the server has put off for minutes, which are thrown away.
#
# 50 log-ins, with which load.py counts, come before that: they would be most of the CPU time of a short load.
load_smtp() {
	local name=$1 messages=$2 deadline=$3 before end child
	shift 3
	rm -f "$LAB_DIR/load.hold"
	# Of an option that is given twice the last one counts.
	load_run $((deadline + 600)) smtp --host "$(address "$name")" --messages "$messages" --mailboxes 50 --sender "$SENDER" \
		--deadline "$deadline" --hold /lab/load.hold "$@" &
	child=$!
	wait_until 120 load_is_held "$child"
	before=$(cpu_ms "$name")
	rm -f "$LAB_DIR/load.hold"
	wait "$child"
	end=$(now_ms)
	echo 0 >"$LAB_DIR/load.queue"
	if ! queue_is_done "$name"; then
		wait_until 60 queue_is_done "$name"
		echo $(($(now_ms) - end)) >"$LAB_DIR/load.queue"
	fi
	echo $(($(cpu_ms "$name") - before)) >"$LAB_DIR/load.cpu"
	queue_length "$name" >"$LAB_DIR/load.put_off"
	[ "$(cat "$LAB_DIR/load.put_off")" -eq 0 ] || in_server "$name" postsuper -d ALL >/dev/null 2>&1
}

# All is ready, or load.py has ended.
load_is_held() { [ -e "$LAB_DIR/load.hold" ] || ! kill -0 "$1" 2>/dev/null; }

# load_warm NAME: every mailbox of the loads has been made, and every program has run. The first message to a mailbox costs
# more than those after it.
load_warm() { load_smtp "$1" 2 60 --bytes 4096 --recipients 50 --sessions 1; }

# Nothing is in it, or only what has been put off.
queue_is_done() { ! in_server "$1" postqueue -j </dev/null | grep -vq '"queue_name": "deferred"'; }

# load_figure NAME [INSTEAD]: a figure of the last load.
load_figure() {
	local value
	value=$(sed -n "s/^$1 //p" "$LAB_DIR/load.flat")
	echo "${value:-${2:-none}}"
}

# load_calibrate RATE LEAST MOST: how many are about LOAD_S seconds' work, by the rate of the last load.
load_calibrate() {
	awk -v rate="$(load_figure "$1" 0)" -v s="$LOAD_S" -v least="$2" -v most="$3" \
		'BEGIN { n = int(rate * s); print (n < least ? least : n > most ? most : n) }'
}

# note_load SUBJECT KEY: what a load has shown. Of messages to several, deliveries are counted. A rate of only a part of the
# messages would be no rate.
note_load() {
	local messages recipients refused put_off
	messages=$(load_figure messages) recipients=$(load_figure recipients) refused=$(load_figure refused)
	put_off=$(cat "$LAB_DIR/load.put_off")
	if [ "$put_off" -gt 0 ]; then
		note "$1" "$2.rate" "failed: $put_off of $messages messages were put off"
	elif [ "$(load_figure missing 0)" -gt 0 ]; then
		note "$1" "$2.rate" "failed: $(load_figure missing) deliveries of $messages messages were missing"
	else
		note "$1" "$2.rate" "$(awk -v n="$messages" -v r="$recipients" -v s="$(load_figure delivered_s)" \
			-v q="$(cat "$LAB_DIR/load.queue")" 'BEGIN { printf "%.2f", n * r / (s + q / 1000) }')"
		note "$1" "$2.cpu" "$(awk -v c="$(cat "$LAB_DIR/load.cpu")" -v n="$messages" -v r="$recipients" \
			'BEGIN { printf "%.2f", c / n / r }')"
	fi
	note "$1" "$2.p50" "$(load_figure dialogue_ms.p50)"
	note "$1" "$2.p99" "$(load_figure dialogue_ms.p99)"
	note "$1" "$2.messages" "$messages"
	[ "$refused" -eq 0 ] || note "$1" "$2.refused" "failed: $refused recipients: $(load_figure refusal | tr '\t' ' ')"
}
