# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# idle.sh - memory and CPU time of a server without work, and of one with clients that wait in IDLE
#
# The image's own health check runs meanwhile, as it does for users. Memory is that of all processes at the end of the window,
# shared pages divided among those that map them (PSS). Connections are held with floor and bare only: filters do not take part.

# shellcheck disable=SC2034 # read by run.sh, as are those of the others
readonly idle_ROUNDS=1
readonly SETTLE_S=45

idle_applies() { :; }

measure_idle() {
	local name count
	name=idle-$(slug "$1")
	subject_up "$name" "$1" "$LOAD_ACCOUNTS"
	for count in $CONNECTIONS; do
		[ "$count" -eq 0 ] || idle_with_connections "$1" || continue
		idle_window "$name" "$1" "$count"
	done
	subject_down "$name"
}

idle_with_connections() { [ "$1" = floor ] || [ "$(subject_profile "$1")" = bare ]; }

# Held open by load.py, which spreads them over accounts: a server allows 10 for one user at one address.
idle_hold() {
	local name=$1 count=$2 seconds=$3
	tools timeout 600 python3 /bench/load.py idle --host "$(address "$name")" --connections "$count" --seconds "$seconds" \
		--mailboxes "$LOAD_ACCOUNTS" >"$LAB_DIR/idle.held" 2>"$LAB_DIR/idle.error"
}

idle_is_held() { [ -s "$LAB_DIR/idle.held" ] || ! kill -0 "$1" 2>/dev/null; }

# A server that holds its connections in one process needs a notifier of the kernel for each, and two to begin with.
idle_check_host() {
	local limit
	limit=$(cat /proc/sys/fs/inotify/max_user_instances)
	[ "$limit" -gt $(($1 * 2)) ] || say "$1 connections: fs.inotify.max_user_instances is $limit on this machine, which is few"
}

idle_window() {
	local name=$1 subject=$2 count=$3 before holder='' key=idle.$3
	if [ "$count" -gt 0 ]; then
		idle_check_host "$count"
		: >"$LAB_DIR/idle.held"
		idle_hold "$name" "$count" $((WINDOW_S + SETTLE_S + 12)) &
		holder=$!
		if ! wait_until 300 idle_is_held "$holder" || ! kill -0 "$holder" 2>/dev/null; then
			say "$subject: $count connections are too many: $(tail -n 1 "$LAB_DIR/idle.error")"
			note "$subject" "$key.pss" "failed: $(tail -n 1 "$LAB_DIR/idle.error" | tr '\t' ' ')"
			return 0
		fi
		# Connections are handed over, processes end, caches are written: the window begins when that is over.
		sleep "$SETTLE_S"
	fi
	before=$(cpu_ms "$name")
	processes "$name" "$WINDOW_S" >"$LAB_DIR/processes.$(slug "$subject").$count"
	note "$subject" "$key.cpu" "$((($(cpu_ms "$name") - before) * 60 / WINDOW_S))"
	note "$subject" "$key.pss" "$(sum_of pss_kib "$LAB_DIR/processes.$(slug "$subject").$count" | awk '{ printf "%.1f", $1 / 1024 }')"
	note "$subject" "$key.wakeups" "$(($(sum_of wakeups "$LAB_DIR/processes.$(slug "$subject").$count") * 60 / WINDOW_S))"
	[ -z "$holder" ] || wait "$holder" || :
}
