#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Scanners that fail: killed, hanging, out of memory, their socket gone, their queue full. Mail is put off with 4xx, they
# are started again, health shows it; nothing passes unscanned, and nothing is lost.
#
# Every program of the image that stands in the way of mail is tried: SCANNERS below, as far as the image has them.

load lib/e2e

SCANNERS='clamav clamav-milter opendkim opendmarc spamassassin spamd spamass-milter rspamd'

setup_file() {
	e2e_start
	EICAR=58354f2150254041505b345c505a58353428505e2937434329377d2445494341522d5354414e444152442d414e544956495255532d544553542d46494c452124482b482a
	mkdir "$LAB_DIR/database"
	echo "Eicar-Test:0:*:$EICAR" >"$LAB_DIR/database/eicar.ndb"
	start mail -e ENABLE_OPENDKIM=1 -e ENABLE_OPENDMARC=1 -e ENABLE_SPAMASSASSIN=1
	wait_until 60 is_taken mail
}

# start NAME [engine options…]: with the virus scanner, whose database is there from the beginning.
start() {
	local name=$1
	server_create "$@" -e ENABLE_CLAMAV=1 -e CLAMAV_UPDATES_PER_DAY=0 -e MAIL_ACCOUNTS='anna@example.test:secret1'
	"$ENGINE" cp "$LAB_DIR/database/." "$LAB-$name:/var/mail-state/lib-clamav/" >/dev/null
	server_boot "$name"
	server_ready "$name"
}

teardown_file() { e2e_stop; }

is_taken() { mail_in "${1:-mail}" anna@example.test "$(unique)" >/dev/null 2>&1; }

# Those of SCANNERS that run in the server.
scanners() {
	local name
	for name in $SCANNERS; do
		if in_server mail supervisorctl status "$name" >/dev/null 2>&1; then echo "$name"; fi
	done
}

program_pid() { in_server mail supervisorctl pid "$1"; }

# program_is_new NAME PID: it runs, and is another one.
program_is_new() {
	local pid
	pid=$(program_pid "$1") && [ "$pid" -gt 0 ] && [ "$pid" != "$2" ]
}

health_says() { grep -qE -- "$1" <<<"$(in_server mail mailserver healthcheck 2>&1)"; }

answers() { grep -c "^$1" "$LAB_DIR/config/insist.log" 2>/dev/null || :; }

has_answers() { [ "$(answers 250)" -ge "$1" ]; }

refused_softly() {
	run mail_in "${2:-mail}" anna@example.test "$(unique)" --timeout 100
	[ "$status" -ne 0 ] || fail "accepted: $1"
	assert_match '<(\*\*|~\*) +4[0-9][0-9]'
}

@test "every scanner is killed in the middle of 200 messages: each message arrives, scanned" {
	local names name client step=0 pid
	names=$(scanners)
	[[ $names == *clamav* ]]
	tools sh -c ': >/config/insist.log'
	MT_WAIT=300 "$ENGINE" exec -e MT_WAIT=300 "$LAB-tools" mt insist "$(address mail)" anna@example.test 200 4 \
		/config/insist.log >"$LAB_DIR/insist.out" 2>&1 3>&- &
	client=$!
	for name in $names; do
		step=$((step + 1))
		wait_until 120 has_answers $((200 * step / ($(wc -l <<<"$names") + 2)))
		pid=$(program_pid "$name")
		in_server mail kill -KILL "$pid" || : # ended by itself
		wait_until 60 program_is_new "$name" "$pid"
	done
	[ "$(answers 250)" -lt 200 ] # it was in the middle
	wait "$client" || fail "$(cat "$LAB_DIR/insist.out")"
	assert_equal "$(answers 250)" 200
	assert_equal "$(answers 5)" 0
	wait_until 60 queue_is_empty mail
	run tools mt tally "$(address mail)" anna@example.test secret1
	echo "different, all, unscanned: $output; put off: $(answers 4), connections lost: $(answers 0)"
	[[ $output =~ ^200\ ([0-9]+)\ 0$ ]]
	# A copy more can only come from a connection that was lost after the message was taken.
	[ "${BASH_REMATCH[1]}" -le $((200 + $(answers 0))) ]
}

@test "a scanner that was killed is seen by health" {
	local name pid
	wait_until 60 is_settled
	for name in $(scanners); do
		pid=$(program_pid "$name")
		in_server mail kill -KILL "$pid" || : # ended by itself
		wait_until 10 health_says "$name was restarted|virus scanner starting"
		wait_until 60 program_is_new "$name" "$pid"
	done
	wait_until 60 is_taken
}

# Before, nothing is too young.
is_settled() { [ "$(in_server mail ps -o etimes= -p 1)" -gt 32 ]; }

@test "a scanner that hangs puts mail off, is seen, and is ended by cron: then mail passes" {
	local pid mark
	pid=$(program_pid clamav)
	mark=$(log_lines mail)
	in_server mail kill -STOP "$pid"
	run in_server mail mailserver healthcheck
	assert_status 1
	assert_output 'virus scanner (/run/clamav/clamd.ctl): no answer within 5000 ms'
	# The message waits at the milter until the scanner is gone.
	refused_softly 'while the scanner hangs'
	wait_until 90 log_after_has mail "$mark" 'clamav hangs (no answer within 10000 ms'
	wait_until 60 program_is_new clamav "$pid"
	wait_until 90 is_taken
}

@test "milters that hang: asked, ended, started again" {
	local name pid
	for name in clamav-milter $(scanners | grep -x opendkim); do
		pid=$(program_pid "$name")
		in_server mail kill -STOP "$pid"
		in_server mail mailserver watchdog || : # or cron was faster
		wait_until 60 program_is_new "$name" "$pid"
		wait_until 90 is_taken
	done
}

@test "a scanner that is busy is left alone" {
	local pid
	pid=$(program_pid clamav)
	run in_server mail mailserver watchdog
	assert_status 0
	assert_equal "$(program_pid clamav)" "$pid"
}

@test "sockets that are gone: mail is put off, the program gets a new one" {
	local name path pid
	while read -r name path; do
		pid=$(program_pid "$name")
		in_server mail rm "$path"
		refused_softly "without $path"
		in_server mail mailserver watchdog || : # or cron was faster
		wait_until 60 program_is_new "$name" "$pid"
		wait_until 90 is_taken
	done <<-END
		clamav /run/clamav/clamd.ctl
		clamav-milter /run/clamav-milter/milter.sock
	END
}

@test "a full queue: mail is put off, and passes when there is room again" {
	local pid
	pid=$(program_pid clamav)
	in_server mail kill -STOP "$pid"
	# More connections than may wait for clamd.
	in_server mail python3 -c '
import socket
kept = []
try:
    for _ in range(1000):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(0.2)
        s.connect("/run/clamav/clamd.ctl")
        kept.append(s)
except OSError:
    pass
print("full", len(kept), flush=True)
kept[0].settimeout(60)
try:
    kept[0].recv(1)  # until clamd is ended
except OSError:
    pass
' >"$LAB_DIR/full.out" 3>&- &
	wait_until 20 grep -q full "$LAB_DIR/full.out"
	refused_softly 'with a full queue'
	in_server mail mailserver watchdog || :
	wait_until 60 program_is_new clamav "$pid"
	wait_until 90 is_taken
}

@test "out of memory: mail is put off, the rest of the server lives, no tight loop; it comes back" {
	local mark
	start small --memory 160m --memory-swap 160m -e ENABLE_OPENDKIM=0
	wait_until 60 is_taken small
	mark=$(log_lines small)
	# A database that does not fit: the kernel kills clamd while it loads.
	in_server small python3 -c '
import hashlib
with open("/tmp/big", "w") as out:
    for n in range(1200000):
        out.write("Big.%d:0:*:%s\n" % (n, hashlib.sha256(b"%d" % n).hexdigest()))'
	in_server small sh -c 'cp /tmp/big /var/mail-state/lib-clamav/.new && rm /tmp/big && mv /var/mail-state/lib-clamav/.new /var/mail-state/lib-clamav/big.ndb'
	in_server small supervisorctl restart clamav >/dev/null
	wait_until 120 log_after_has small "$mark" 'terminated by SIGKILL'
	refused_softly 'without memory' small
	run login small anna@example.test secret1
	assert_status 0
	wait_until 180 log_after_has small "$mark" 'was started several times and did not stay'
	in_server small rm /var/mail-state/lib-clamav/big.ndb
	wait_until 60 is_taken small
}
