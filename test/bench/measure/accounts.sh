# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# accounts.sh - what many accounts (and as many aliases) cost: start, memory, and the commands of an administrator
#
# The first start has new volumes; those after it, each in a new container, have what the one before left.
#
# An account is added with `setup email add`, in the container; its time, and the time until the new user has logged in, from
# the beginning of the command. A size for which an image needs longer than START_LIMIT_S is noted so, and so are all above.

# shellcheck disable=SC2034 # read by run.sh, as are those of the others
readonly accounts_ROUNDS=1

accounts_applies() { [ "$1" = floor ] || [ "$(subject_profile "$1")" = bare ]; }

measure_accounts() {
	local size late=''
	for size in $SIZES; do
		if [ -n "$late" ]; then
			note "$1" "accounts.$size.start" ">$((START_LIMIT_S * 1000))"
			continue
		fi
		accounts_size "accounts-$(slug "$1")" "$1" "$size" || late=1
	done
}

# Fails when the server was not there in time.
accounts_size() {
	local name=$1 subject=$2 size=$3 smtp imap delivered
	subject_create "$name" "$subject" "$size"
	subject_go "$name" >"$LAB_DIR/start"
	read -r smtp imap delivered <"$LAB_DIR/start"
	note "$subject" "accounts.$size.start" "$(later_of "$smtp" "$imap")"
	note "$subject" "accounts.$size.delivered" "$delivered"
	if [[ "$smtp $imap $delivered" != *'>'* ]]; then
		accounts_memory "$name" "$subject" "$size"
		[ "$subject" = floor ] || accounts_commands "$name" "$subject" "$size"
		accounts_restarts "$name" "$subject" "$size"
	fi
	subject_down "$name"
	[[ "$smtp $imap $delivered" != *'>'* ]]
}

accounts_restarts() {
	local i=0 smtp imap delivered
	while [ "$((i += 1))" -le "$ROUNDS" ]; do
		subject_stop "$1" >"$LAB_DIR/stop"
		subject_create "$1" "$2" "$3"
		subject_go "$1" >"$LAB_DIR/start"
		read -r smtp imap delivered <"$LAB_DIR/start"
		note "$2" "accounts.$3.restart" "$(later_of "$smtp" "$imap")"
	done
}

# What a server holds that has just answered; after ten logins and messages all tables have been read.
accounts_memory() {
	tools timeout 120 python3 /bench/load.py imap --host "$(address "$1")" --sessions 1 --logins 10 --mailboxes 10 >/dev/null
	processes "$1" 5 >"$LAB_DIR/accounts.processes"
	note "$2" "accounts.$3.pss" "$(sum_of pss_kib "$LAB_DIR/accounts.processes" | awk '{ printf "%.2f", $1 / 1024 }')"
}

accounts_commands() {
	local i=0
	# shellcheck disable=SC2016 # for the shell in the container
	in_server "$1" bash -c 'for i in 1 2 3; do
			begin=${EPOCHREALTIME/[.,]/}
			timeout "$1" setup email list >/dev/null 2>&1 || exit
			echo $(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
		done' bash "$START_LIMIT_S" </dev/null >"$LAB_DIR/list"
	note_lines "$2" "accounts.$3.list" <"$LAB_DIR/list"
	[ -s "$LAB_DIR/list" ] || note "$2" "accounts.$3.list" ">$((START_LIMIT_S * 1000))"
	while [ "$((i += 1))" -le "$ADDS" ]; do
		accounts_add "$1" "$2" "$3" "added$i@d1.example.test"
	done
}

# The login is tried at once, in the container. When it is refused, a client outside goes on trying.
accounts_add() {
	local begin added in works
	# shellcheck disable=SC2016 # for the shell in the container
	in_server "$1" bash -c '
		begin=${EPOCHREALTIME/[.,]/}
		timeout "$2" setup email add "$1" secret >&2 || exit
		added=${EPOCHREALTIME/[.,]/}
		curl -s --connect-timeout 5 -k --ssl-reqd --user "$1:secret" imap://127.0.0.1/ >/dev/null && works=1 || works=0
		echo $((begin / 1000)) $(((added - begin) / 1000)) $(((${EPOCHREALTIME/[.,]/} - begin) / 1000)) "$works"
	' bash "$4" "$START_LIMIT_S" </dev/null 2>"$LAB_DIR/add.error" >"$LAB_DIR/add" || :
	if ! read -r begin added in works <"$LAB_DIR/add"; then
		note "$2" "accounts.$3.add" "failed: $(tail -n 1 "$LAB_DIR/add.error" | tr '\t' ' ')"
		return 0
	fi
	if [ "$works" -eq 0 ]; then
		in=$(clocks login "$(address "$1")" "$4" "$START_LIMIT_S")
		[[ $in == '>'* ]] || in=$((in - begin))
	fi
	note "$2" "accounts.$3.add" "$added"
	note "$2" "accounts.$3.add_login" "$in"
}
