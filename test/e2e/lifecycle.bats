#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Start, stop, restart, being killed; a root that can't be written; daemons that fail; logs.

load lib/e2e

# What docker-compose.yml sets.
hardened() {
	local capability
	printf '%s\n' --read-only --tmpfs /run --tmpfs /tmp --cap-drop ALL
	for capability in $E2E_CAPABILITIES; do printf '%s\n' --cap-add "$capability"; done
}

setup_file() {
	e2e_start
	local options
	mapfile -t options < <(hardened)
	server_start life -e SSL_TYPE=self-signed -e MAIL_ACCOUNTS='anna@example.test:secret1' "${options[@]}"
}

teardown_file() { e2e_stop; }

# One message in, read back; one out to the other domain.
works() {
	local subject
	subject=$(unique)
	run mail_in "$1" anna@example.test "$subject"
	assert_status 0
	run fetch "$1" anna@example.test secret1 "$subject"
	assert_status 0
	subject=$(unique out)
	run mail_out "$1" anna@example.test secret1 someone@other.test "$subject"
	assert_status 0
	mx_wait "$subject"
}

is_state() { [ "$(in_server "$1" supervisorctl status "$2" | awk '{print $2}')" = "$3" ]; }

ms_to_stop() {
	local start
	start=$(now_ms)
	"$ENGINE" stop -t 30 "$LAB-$1" >/dev/null
	echo $(($(now_ms) - start))
}

# --- hardening --------------------------------------------------------------------------------------

@test "read-only root, all rights dropped but the documented ones: mail flows both ways" {
	works life
	run in_server life sh -c 'echo x >/etc/probe || echo x >/usr/probe'
	[ "$status" -ne 0 ]
	run in_server life setup email add ben@example.test secret2
	assert_status 0
	run login life ben@example.test secret2
	assert_status 0
}

@test "the rights in docker-compose.yml are those tested here" {
	assert_equal "$(sed -n '/cap_add:/,/^[^ ]/s/^ *- \([A-Z_]*\).*/\1/p' "$ROOT_DIR/docker-compose.yml" | xargs)" "$E2E_CAPABILITIES"
}

@test "nothing complains in the log of a clean start and of ordinary mail" {
	run log_of life
	refute_match '[Ff]atal|[Pp]anic|[Ee]rror:|warning:|Permission denied|Operation not permitted|Read-only'
}

# --- processes --------------------------------------------------------------------------------------

@test "supervisorctl: status by the known names, restart of one daemon" {
	local name before
	for name in postfix dovecot rsyslog cron; do
		run in_server life supervisorctl status "$name"
		assert_match "^$name +RUNNING"
	done
	before=$(pid_of life dovecot)
	run in_server life supervisorctl restart dovecot
	assert_status 0
	wait_until 20 is_healthy life
	[ "$(pid_of life dovecot)" != "$before" ]
	run login life anna@example.test secret1
	assert_status 0
	run in_server life supervisorctl stop postfix
	assert_status 0
	run in_server life mailserver healthcheck
	[ "$status" -ne 0 ]
	assert_output postfix
	run in_server life supervisorctl start postfix
	assert_status 0
	wait_until 20 is_healthy life
}

@test "a killed Dovecot and a killed Postfix come back" {
	local process before
	for process in dovecot master; do
		before=$(pid_of life "$process")
		in_server life kill -KILL "$before"
		wait_until 30 came_back life "$process" "$before"
		wait_until 30 is_healthy life
	done
	works life
}

came_back() {
	local now
	now=$(pid_of "$1" "$2") && [ "$now" != "$3" ]
}

@test "orphans and zombies are reaped" {
	in_server life sh -c '(sleep 0.1 & exec true) ; for i in 1 2 3 4 5; do (setsid sh -c "sleep 0.1 & exit" &) ; done'
	wait_until 10 no_zombie life
}

no_zombie() { ! in_server "$1" ps -eo stat= | grep -q Z; }

@test "postfix reload and doveadm reload by hand work" {
	run in_server life postfix reload
	assert_status 0
	run in_server life doveadm reload
	assert_status 0
	wait_until 20 is_healthy life
	run login life anna@example.test secret1
	assert_status 0
}

# --- logs -------------------------------------------------------------------------------------------

@test "each log line is once on standard output and once in mail.log, with RFC 3339 time" {
	local subject
	subject=$(unique)
	run mail_in life anna@example.test "$subject"
	assert_status 0
	wait_until 10 log_has life "message-id=<$subject@other.test>"
	assert_equal "$(log_of life | grep -F "message-id=<$subject@other.test>" | grep -c cleanup)" 1
	run in_server life grep -F "message-id=<$subject@other.test>" /var/log/mail/mail.log
	assert_equal "$(grep -c cleanup <<<"$output")" 1
	assert_match '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2}) '
	assert_equal "$(in_server life readlink -f /var/log/mail.log)" /var/log/mail/mail.log
}

@test "the health check leaves no lines in the log" {
	local mark
	wait_until 20 is_healthy life
	mark=$(log_lines life)
	in_server life mailserver healthcheck
	in_server life mailserver healthcheck
	run log_after life "$mark"
	refute_match 'connect from (localhost|unknown)\[(127\.0\.0\.1|::1)\]|rip=127\.0\.0\.1'
}

@test "rotation inside the container: the old file is kept, new lines go to the new one" {
	local subject
	in_server life logrotate --force /etc/logrotate.conf
	run in_server life sh -c 'ls /var/log/mail/'
	assert_match '^mail\.log[.-]'
	subject=$(unique)
	run mail_in life anna@example.test "$subject"
	assert_status 0
	wait_until 10 in_server life grep -qF "$subject" /var/log/mail/mail.log
	run log_of life
	assert_output "$subject"
}

@test "LOG_LEVEL=error: no notes and warnings, but the ready line" {
	server_start quiet -e SSL_TYPE=self-signed -e LOG_LEVEL=error -e ENABLE_CLAMAV=1 -e MAIL_ACCOUNTS='anna@example.test:secret1'
	run log_of quiet
	assert_output "$READY"
	refute_output ENABLE_CLAMAV
	server_remove quiet
}

# --- stop and restart -------------------------------------------------------------------------------

@test "stop: in time, with status 0, and queue and mailboxes survive" {
	local subject first ms mark
	subject=$(unique kept)
	first=$(unique first)
	tools touch /srv/mx/hold
	run mail_out life anna@example.test secret1 wait@other.test "$subject"
	assert_status 0
	run mail_in life anna@example.test "$first"
	assert_status 0
	run fetch life anna@example.test secret1 "$first"
	assert_status 0
	mark=$(log_lines life)
	ms=$(ms_to_stop life)
	echo "stopped in $ms ms"
	assert_equal "$(exit_status life)" 0
	# Well below any grace: nothing had to be killed.
	[ "$ms" -lt 5000 ]
	run log_after life "$mark"
	refute_match "killing '|killed by signal 9"
	# The milters hold nothing, and are ended so from the first.
	run grep -vE 'stopped: (opendkim|opendmarc|clamav-milter) ' <<<"$output"
	refute_output SIGKILL
	tools rm /srv/mx/hold
	"$ENGINE" start "$LAB-life" >/dev/null
	server_boot life
	server_ready life
	run fetch life anna@example.test secret1 "$first"
	assert_status 0
	in_server life postqueue -f
	mx_wait "$subject"
}

@test "docker restart: everything is read again" {
	account_line new@example.test secret5 >>"$(config life)/postfix-accounts.cf"
	server_restart life
	run login life new@example.test secret5
	assert_status 0
	works life
}

# Nothing is waited for here: the moment is what is tested, between nothing done yet and nearly ready.
random_moment() { sleep "0.$(printf '%02d' $((RANDOM % 60)))"; }

@test "ten kills in the middle of the start, then it works" {
	local tries=10
	while [ $((tries -= 1)) -ge 0 ]; do
		"$ENGINE" kill -s KILL "$LAB-life" >/dev/null 2>&1 || :
		wait_until 10 is_stopped life
		"$ENGINE" start "$LAB-life" >/dev/null
		random_moment
	done
	"$ENGINE" kill -s KILL "$LAB-life" >/dev/null
	wait_until 10 is_stopped life
	server_boot life
	server_ready life
	works life
}

@test "ten kills of a server whose root is its own layer, then it works" {
	local tries=10
	server_create layer -e SSL_TYPE=self-signed -e MAIL_ACCOUNTS='anna@example.test:secret1'
	while [ $((tries -= 1)) -ge 0 ]; do
		"$ENGINE" start "$LAB-layer" >/dev/null
		random_moment
		"$ENGINE" kill -s KILL "$LAB-layer" >/dev/null 2>&1 || :
		wait_until 10 is_stopped layer
	done
	server_boot layer
	server_ready layer
	works layer
	server_remove layer
}

@test "what a killed Dovecot leaves behind does not delay the next start" {
	server_create left -e SSL_TYPE=self-signed -e MAIL_ACCOUNTS='anna@example.test:secret1'
	server_boot left
	server_ready left
	# Both name a process that will run again: the numbers repeat with every start.
	# shellcheck disable=SC2016 # for the shell in the container
	in_server left sh -c 'echo "1:$(hostname)" >/var/lib/dovecot/instances.lock; echo 1 >/run/dovecot/master.pid'
	"$ENGINE" kill -s KILL "$LAB-left" >/dev/null
	wait_until 10 is_stopped left
	server_boot left
	server_ready left 8
	works left
	server_remove left
}

@test "with docker run --init it works too" {
	server_start inited --init -e SSL_TYPE=self-signed -e MAIL_ACCOUNTS='anna@example.test:secret1'
	works inited
	local ms
	ms=$(ms_to_stop inited)
	[ "$ms" -lt 5000 ]
	server_remove inited
}

# --- failures ---------------------------------------------------------------------------------------

@test "the supervisor's death ends the container with a status that is not 0" {
	server_start dead -e SSL_TYPE=self-signed
	# Its own status says nothing: the container may end before it does.
	# shellcheck disable=SC2016 # for the shell in the container
	in_server dead sh -c 'kill -KILL "$(cat /run/supervisord.pid)"' || :
	wait_until 20 is_stopped dead
	[ "$(exit_status dead)" -ne 0 ]
	run log_of dead
	assert_match '[Ss]upervisor'
	server_remove dead
}

@test "a daemon that keeps failing: unhealthy, the reason in the log, no tight loop" {
	local starts
	server_start fail -e SSL_TYPE=self-signed
	in_server fail supervisorctl stop dovecot
	# shellcheck disable=SC2016 # for the shell in the container
	in_server fail sh -c 'f=$(readlink -f /etc/dovecot/dovecot.conf) && echo "no_such_setting = yes" >>"$f"'
	run in_server fail supervisorctl start dovecot
	wait_until 60 is_state fail dovecot FATAL
	run in_server fail mailserver healthcheck
	[ "$status" -ne 0 ]
	assert_output dovecot
	run log_of fail
	assert_output no_such_setting
	starts=$(grep -c no_such_setting <<<"$output")
	echo "tried $starts times"
	[ "$starts" -le 10 ]
	is_running fail
	server_remove fail
}

@test "a full /run: the change is tried again, and health says so meanwhile" {
	local hash
	server_start cramped -e SSL_TYPE=self-signed -e MAIL_ACCOUNTS='anna@example.test:secret1' --tmpfs /run:size=8m,mode=0755
	hash=$(openssl passwd -6 secret2)
	in_server cramped sh -c 'dd if=/dev/zero of=/run/filler bs=1k 2>/dev/null || :'
	echo "late@example.test|{SHA512-CRYPT}$hash" >>"$(config cramped)/postfix-accounts.cf"
	wait_until 10 is_unhealthy cramped
	in_server cramped rm /run/filler
	wait_until 30 is_healthy cramped
	run login cramped late@example.test secret2
	assert_status 0
	server_remove cramped
}

@test "a full state volume: the server says so and does not pretend" {
	local mark
	server_start full -e SSL_TYPE=self-signed -e MAIL_ACCOUNTS='anna@example.test:secret1' --tmpfs /var/mail-state:size=24m,mode=0755
	in_server full sh -c 'dd if=/dev/zero of=/var/mail-state/filler bs=64k 2>/dev/null || :'
	run mail_in full anna@example.test "$(unique)"
	[ "$status" -ne 0 ]
	assert_match '<\*\* +4[0-9]{2} '
	in_server full rm /var/mail-state/filler
	run mail_in full anna@example.test "$(unique)"
	assert_status 0
	server_remove full
}
