#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Mail that leaves through other servers. relay.test is a provider that takes mail on 587 and 465 after a login only, and
# on 25 without TLS; there it offers AUTH too, and is the mail exchanger of plain.test (tools/bin/relay).

load lib/e2e

setup_file() {
	e2e_start
	"$ENGINE" run -d --name "$LAB-relay" --network "$LAB" --hostname relay.test "$TOOLS_IMAGE" relay >/dev/null
	wait_until 30 log_has relay 'relay: ready'
	tools sh -c "echo '$(address relay) relay.test' >/srv/dns/relay"
	dns_add <<<'mx-host=plain.test,relay.test,10'

	printf 'pa55:wort:x' >"$LAB_DIR/relay.secret"
	echo 'info@example.test anna@example.test' >"$(config files)/postfix-virtual.cf"
	printf '%s\n' '# one line for each' '@third.test   [relay.test]:587' 'Ben@Example.test [relay.test]:465' '@out.test' \
		>"$(config files)/postfix-relaymap.cf"
	printf '%s\n' '[relay.test]:465  second:two' '@third.test user:pa55:wort:x' >"$(config files)/postfix-sasl-password.cf"
	server_start files -e SSL_TYPE=self-signed \
		-e MAIL_ACCOUNTS='anna@example.test:secret ben@example.test:secret carla@third.test:secret dora@out.test:secret'
	server_start all -e SSL_TYPE=self-signed -e DEFAULT_RELAY_HOST='[relay.test]:587' \
		-e RELAY_USER=user -e RELAY_PASSWORD__FILE=/run/secrets/relay -v "$LAB_DIR/relay.secret:/run/secrets/relay:ro" \
		-e MAIL_ACCOUNTS='anna@example.test:secret dora@out.test:secret'
	server_start old -e SSL_TYPE=self-signed -e RELAY_HOST=relay.test -e RELAY_PORT=587 \
		-e RELAY_USER=user -e RELAY_PASSWORD=pa55:wort:x -e MAIL_ACCOUNTS='anna@example.test:secret'
}

teardown_file() { e2e_stop; }

in_relay() { "$ENGINE" exec -i "$LAB-relay" "$@"; }

# The message with this subject as the relay got it: its number.
relay_find() { in_relay sh -c "grep -l -- 'Subject: .*$1' /srv/relay/*.eml 2>/dev/null" | sed 's/\.eml$//' | head -n 1; }

relay_has() { [ -n "$(relay_find "$1")" ]; }

# send SERVER FROM [TO]: a message from an account; its subject is in $subject.
send() {
	subject=$(unique relay)
	# qmgr(8) remembers where it sent the last message of a sender to a recipient: a new one each time.
	run mail_out "$1" "$2" secret "${3:-to$RANDOM$RANDOM@other.test}" "$subject"
	assert_status 0
}

# It came through the relay, by this port and with this login.
assert_relayed() {
	wait_until 20 relay_has "$subject" || { show_server "$server"; return 1; }
	run in_relay cat "$(relay_find "$subject").json"
	assert_output "\"port\": $1, \"user\": $2, \"tls\": $3"
	if mx_has "$subject"; then fail 'it went out directly too'; fi
}

assert_direct() {
	mx_wait "$subject" || { show_server "$server"; return 1; }
	if relay_has "$subject"; then fail 'it went through the relay too'; fi
}

# sent SERVER FROM PORT USER: sends, and asserts the way.
sent() {
	server=$1
	send "$1" "$2"
	assert_relayed "$3" "$4" true
}

sent_directly() {
	server=$1
	send "$1" "$2"
	assert_direct
}

setup_in() { in_server "$1" setup "${@:2}"; }

relaymap() { cat "$(config "$1")/postfix-relaymap.cf"; }

# The relay's ears on port 25, where nothing is encrypted.
heard_on_25() { in_relay grep '^25 ' /srv/relay/seen; }

nobody_logged_in_on_25() {
	run heard_on_25
	refute_match '^25 AUTH'
	refute_output "$(printf '\0user\0pa55:wort:x' | base64)"
	refute_output 'pa55:wort:x'
}

is_put_off() { in_server "$1" postqueue -j | grep -q "$2.*$3"; }

# --- files ------------------------------------------------------------------------------------------

@test "a domain's relay, with STARTTLS and the login of the domain; a password may hold colons" {
	sent files carla@third.test 587 '"user"'
}

@test "an address' relay on port 465, with the login of that relay" {
	sent files ben@example.test 465 '"second"'
}

@test "who has no line, and who is excluded, sends directly" {
	sent_directly files anna@example.test
	sent_directly files dora@out.test
}

@test "mail for own mailboxes never goes to the relay" {
	local server=files
	send files carla@third.test anna@example.test
	run fetch files anna@example.test secret "$subject"
	assert_status 0
	if relay_has "$subject"; then fail 'it went through the relay'; fi
	local all=$(unique own)
	run mail_out all anna@example.test secret dora@out.test "$all"
	assert_status 0
	run fetch all dora@out.test secret "$all"
	assert_status 0
	if relay_has "$all"; then fail 'it went through the relay'; fi
}

@test "a host without TLS is still reached directly, and gets no password even if it asks" {
	local server=files
	send files anna@example.test someone@plain.test
	wait_until 20 relay_has "$subject"
	run in_relay cat "$(relay_find "$subject").json"
	assert_output '"port": 25, "user": null, "tls": false'
	nobody_logged_in_on_25
}

@test "the passwords are in no log, no argument, no file that others can read" {
	local where
	for where in files all old; do
		run log_of "$where"
		refute_output 'pa55:wort:x'
		refute_output 'second:two'
		run in_server "$where" ps -eo args
		refute_output 'pa55:wort:x'
		run in_server "$where" sh -c "find / -xdev -type f -perm /044 -exec grep -l 'pa55:wort:x' {} + 2>/dev/null"
		refute_match '^/(run/mailserver|etc|var|usr|tmp/[^d])'
		run in_server "$where" stat -c '%a %U' /run/mailserver/live/relay-logins.lmdb
		assert_equal "$output" '600 root'
	done
}

@test "a line that is wrong: named in log and health, the last good copy stays in force" {
	local mark
	mark=$(log_lines files)
	cp "$(config files)/postfix-relaymap.cf" "$LAB_DIR/relaymap.good"
	echo '@third.test [[relay.test]]:587' >>"$(config files)/postfix-relaymap.cf"
	wait_until 20 log_after_has files "$mark" 'postfix-relaymap.cf:5'
	run log_after files "$mark"
	assert_output 'two pairs of brackets'
	run in_server files mailserver healthcheck --verbose
	assert_status 1
	sent files carla@third.test 587 '"user"'
	cat "$LAB_DIR/relaymap.good" >"$(config files)/postfix-relaymap.cf"
	wait_until 20 is_healthy files
}

@test "a password file that is wrong: no password in the message" {
	local mark
	mark=$(log_lines files)
	cp "$(config files)/postfix-sasl-password.cf" "$LAB_DIR/logins.good"
	echo '@five.test user-and-hidden-word' >>"$(config files)/postfix-sasl-password.cf"
	wait_until 20 log_after_has files "$mark" 'postfix-sasl-password.cf:3'
	run log_after files "$mark"
	refute_output 'hidden-word'
	cat "$LAB_DIR/logins.good" >"$(config files)/postfix-sasl-password.cf"
	wait_until 20 is_healthy files
}

@test "the file is edited by hand and removed: both count without a reload" {
	local before
	before=$(daemon_pids files)
	echo 'anna@example.test [relay.test]:587' >>"$(config files)/postfix-relaymap.cf"
	echo 'anna@example.test second:two' >>"$(config files)/postfix-sasl-password.cf"
	wait_until 10 route_is files anna@example.test 'relayhost:[relay.test]:587'
	sent files anna@example.test 587 '"second"'
	rm "$(config files)/postfix-relaymap.cf" "$(config files)/postfix-sasl-password.cf"
	wait_until 10 route_is files anna@example.test ''
	sent_directly files anna@example.test
	sent_directly files carla@third.test
	assert_equal "$(daemon_pids files)" "$before"
}

route_is() { [ "$(in_server "$1" postmap -q "$2" lmdb:/run/mailserver/live/relays)" = "$3" ]; }

# --- variables --------------------------------------------------------------------------------------

@test "DEFAULT_RELAY_HOST takes everything, with the password of a file" {
	sent all anna@example.test 587 '"user"'
	run in_server all postconf -h relayhost
	assert_equal "$output" '[relay.test]:587'
}

@test "DEFAULT_RELAY_HOST takes bounces too" {
	local server=all
	subject=$(unique bounce)
	run in_server all sh -c "printf 'Subject: $subject\n\nx\n' | sendmail -f '<>' someone@other.test"
	assert_status 0
	assert_relayed 587 '"user"' true
}

@test "an excluded domain sends directly, although there is a DEFAULT_RELAY_HOST" {
	run setup_in all relay exclude-domain out.test
	assert_status 0
	assert_equal "$output" ''
	assert_equal "$(relaymap all)" '@out.test '
	sent_directly all dora@out.test
	run setup_in all relay del-domain out.test
	assert_status 0
	sent all dora@out.test 587 '"user"'
}

@test "RELAY_HOST takes mail of hosted domains only" {
	local server=old
	sent old anna@example.test 587 '"user"'
	subject=$(unique foreign)
	run in_server old sh -c "printf 'Subject: $subject\n\nx\n' | sendmail -f someone@foreign.test someone@other.test"
	assert_status 0
	assert_direct
}

@test "a new domain has RELAY_HOST at once; an excluded one has not; nothing is reloaded" {
	local before
	before=$(daemon_pids old)
	run setup_in old email add eva@new.test secret
	assert_status 0
	sent old eva@new.test 587 '"user"'
	run setup_in old relay exclude-domain new.test
	assert_status 0
	sent_directly old eva@new.test
	run setup_in old relay add-domain eva@new.test relay.test 465
	assert_status 0
	run setup_in old relay add-auth eva@new.test second two
	assert_status 0
	sent old eva@new.test 465 '"second"'
	assert_equal "$(daemon_pids old)" "$before"
}

# --- no password without TLS, wrong passwords -------------------------------------------------------

@test "a relay without TLS gets no password: mail waits, visibly" {
	local server=files
	run setup_in files relay add-domain third.test relay.test
	assert_status 0
	assert_equal "$(relaymap files)" '@third.test [relay.test]:25'
	run setup_in files relay add-auth third.test user pa55:wort:x
	assert_status 0
	send files carla@third.test
	wait_until 20 is_put_off files carla@third.test 'TLS is required'
	nobody_logged_in_on_25
	# The same relay for somebody without a login there, while it has one: TLS is required of the relay.
	run setup_in files relay del-auth third.test
	assert_status 0
	in_server files postqueue -f
	wait_until 20 relay_has "$subject"
	run in_relay cat "$(relay_find "$subject").json"
	assert_output '"port": 25, "user": null, "tls": false'
	nobody_logged_in_on_25
	run setup_in files relay del-domain third.test
	assert_status 0
}

@test "a wrong password: mail waits and says why; the right one sends it" {
	local server=files
	run setup_in files relay add-domain example.test relay.test 587
	assert_status 0
	run setup_in files relay add-auth example.test user < <(printf 'wrong\nwrong\n')
	assert_status 0
	send files anna@example.test
	wait_until 20 is_put_off files anna@example.test 'SASL authentication failed'
	run log_of files
	assert_match "relayhost/smtp.*status=deferred \(SASL authentication failed"
	run setup_in files relay add-auth example.test user < <(printf 'pa55:wort:x\npa55:wort:x\n')
	assert_status 0
	in_server files postqueue -f
	assert_relayed 587 '"user"' true
}

# --- commands ---------------------------------------------------------------------------------------

@test "relay add-domain and del-domain: live when they return, without a reload" {
	local before
	before=$(daemon_pids files)
	run setup_in files relay add-domain Out.test relay.test 587
	assert_status 0
	assert_equal "$output" ''
	run setup_in files relay add-auth out.test second two
	assert_status 0
	sent files dora@out.test 587 '"second"'
	run setup_in files relay add-domain out.test relay.test 465
	assert_status 0
	assert_equal "$(relaymap files | grep -c '@out.test')" 1
	sent files dora@out.test 465 '"second"'
	run setup_in files relay del-domain out.test
	assert_status 0
	sent_directly files dora@out.test
	assert_equal "$(daemon_pids files)" "$before"
}

@test "add-auth on a terminal asks twice, without echo" {
	run in_server files timeout 20 python3 - setup relay add-auth out.test second <<-'END'
		import os, pty, sys, termios, time
		child, fd = pty.fork()
		if child == 0:
		    os.execvp(sys.argv[1], sys.argv[1:])
		out = b""
		for prompt in (b"Enter Password", b"Confirm Password"):
		    while prompt not in out or termios.tcgetattr(fd)[3] & termios.ECHO:
		        if prompt not in out:
		            out += os.read(fd, 1000)
		        else:
		            time.sleep(0.01)
		    os.write(fd, b"t:yped\n")
		try:
		    while more := os.read(fd, 1000):
		        out += more
		except OSError:
		    pass  # its end of the terminal is closed
		print(out.decode())
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
	END
	assert_status 0
	assert_output 'Confirm Password'
	refute_output 't:yped'
	grep -qxF '@out.test second:t:yped' "$(config files)/postfix-sasl-password.cf"
	run setup_in files relay del-auth out.test
	assert_status 0
}

@test "relay list shows relays and logins, as text and as JSON, and no password" {
	run setup_in old relay list
	assert_status 0
	assert_output '* eva@new.test [relay.test]:465 as second (postfix-relaymap.cf:2)'
	assert_output '* @new.test directly (postfix-relaymap.cf:1)'
	assert_output '* @example.test [relay.test]:587 as user (RELAY_HOST)'
	assert_output '* (others) directly'
	assert_output '- eva@new.test second (postfix-sasl-password.cf:1)'
	assert_output '- [relay.test]:587 user (RELAY_USER)'
	refute_output 'two'
	refute_output 'pa55:wort:x'
	setup_in old relay list --json | tools python3 -c '
import json, sys
data = json.load(sys.stdin)
by = {x["sender"]: x for x in data["relays"]}
assert by["eva@new.test"] == {"sender": "eva@new.test", "relay": "[relay.test]:465", "tls": "implicit", "user": "second", "source": "postfix-relaymap.cf:2"}, by
assert by["@example.test"]["tls"] == "required" and by["@example.test"]["source"] == "RELAY_HOST", by
assert by["@new.test"]["relay"] is None and by["(others)"]["relay"] is None, by
assert {x["for"] for x in data["logins"]} == {"eva@new.test", "[relay.test]:587"}, data
assert "two" not in str(data) and "pa55" not in str(data)'
}

@test "too few arguments: usage, exit status 1; help has examples" {
	local words
	for words in 'add-domain' 'add-domain example.test' 'add-auth' 'add-auth example.test' exclude-domain del-domain del-auth; do
		# shellcheck disable=SC2086
		run setup_in files relay $words
		assert_status 1
		assert_output 'USAGE'
	done
	for words in add-domain add-auth exclude-domain del-domain del-auth list; do
		run setup_in files relay "$words" help
		assert_status 0
		assert_output 'EXAMPLES'
	done
}

refused() {
	local text=$1
	shift
	run setup_in files relay "$@" </dev/null
	assert_status 1
	assert_output "$text"
}

@test "wrong arguments and wrong state are refused, with the reason; the files stay as they are" {
	local before
	before=$(cat "$(config files)"/postfix-{relaymap,sasl-password}.cf)
	refused 'is empty' add-domain '' relay.test
	refused 'is empty' add-domain example.test ''
	refused 'is empty' add-auth example.test '' pw
	refused 'not a domain' add-domain 'exa_mple..test' relay.test
	refused 'brackets' add-domain example.test '[relay.test]' 587
	refused 'argument of its own' add-domain example.test relay.test:587
	refused 'not a port' add-domain example.test relay.test 70000
	refused 'not a port' add-domain example.test relay.test submission
	refused 'this server itself' add-domain example.test mail.example.test 587
	refused 'this server itself' add-domain example.test localhost
	refused 'colon' add-auth example.test a:b pw
	refused 'no password' add-auth example.test user
	refused "no line for '@nowhere.test'" del-domain nowhere.test
	refused "no line for '@nowhere.test'" del-auth nowhere.test
	run setup_in files relay add-auth example.test user < <(printf 'one\ntwo\n')
	assert_status 1
	assert_output 'differ'
	run setup_in files relay list --yaml
	assert_status 1
	run setup_in files relay ad-domain example.test relay.test
	assert_status 2
	assert_output "add-domain"
	assert_equal "$(cat "$(config files)"/postfix-{relaymap,sasl-password}.cf)" "$before"
}

@test "a login that nothing uses is said" {
	run setup_in files relay add-auth out.test user pa55:wort:x
	assert_status 0
	assert_output 'goes through no relay'
	refute_output 'pa55:wort:x'
	run setup_in files relay del-auth out.test
	assert_status 0
}

@test "a change that the server refuses leaves the file as it was" {
	local before
	echo 'no-sender [relay.test]:587' >>"$(config files)/postfix-relaymap.cf"
	before=$(relaymap files)
	run setup_in files relay add-domain four.test relay.test 587
	assert_status 1
	assert_output 'postfix-relaymap.cf:'
	assert_equal "$(relaymap files)" "$before"
	sed -i '$d' "$(config files)/postfix-relaymap.cf"
	wait_until 20 is_healthy files
}

@test "the old program names work, and so do commands without a running server" {
	run in_server files addrelayhost six.test relay.test 587
	assert_status 0
	run in_server files addsaslpassword six.test user pa55:wort:x
	assert_status 0
	run in_server files excluderelaydomain seven.test
	assert_status 0
	run relaymap files
	assert_output '@six.test [relay.test]:587'
	assert_output '@seven.test '
	run "$ENGINE" run --rm -v "$(config cold):/tmp/docker-mailserver" "$IMAGE" setup relay add-domain six.test relay.test 587
	assert_status 0
	run "$ENGINE" run --rm -v "$(config cold):/tmp/docker-mailserver" "$IMAGE" setup relay add-auth six.test user pa55:wort:x
	assert_status 0
	assert_equal "$(relaymap cold)" '@six.test [relay.test]:587'
	assert_equal "$(tools cat /config/cold/postfix-sasl-password.cf)" '@six.test user:pa55:wort:x'
	assert_equal "$(tools stat -c %a /config/cold/postfix-sasl-password.cf)" 600
}

# --- a start that is refused ------------------------------------------------------------------------

@test "a relay that is this server, brackets and a port in RELAY_HOST: refused at the start" {
	local setting
	for setting in 'DEFAULT_RELAY_HOST=[mail.example.test]:587' 'DEFAULT_RELAY_HOST=[[relay.test]]:587' 'RELAY_HOST=[relay.test]' \
		'RELAY_HOST=localhost' 'RELAY_PORT=70000'; do
		run "$ENGINE" run --rm --hostname mail.example.test -e "$setting" "$IMAGE" mailserver config check
		assert_status 78
		assert_output "${setting%%=*}"
	done
}
