#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# SRS: the sender of mail that is forwarded is rewritten, and of no other mail; bounces find their way back.

load lib/e2e

ACCOUNTS='anna@example.test:secret1 ben@example.test:secret2 carla@second.test:secret3'
ALIASES='out@example.test=carol@other.test both@example.test=anna@example.test,carol@other.test,dave@other.test
	broken@example.test=reject@other.test info@example.test=anna@example.test'

setup_file() {
	e2e_start
	server_start srs -e SSL_TYPE=self-signed -e MAIL_ACCOUNTS="$ACCOUNTS" -e MAIL_ALIASES="$ALIASES" -e ENABLE_SRS=1 \
		-e SRS_EXCLUDE_DOMAINS=friends.test,.partner.test -e POSTMASTER_ADDRESS=anna@example.test
	dns_add <<-'EOF'
		mx-host=friends.test,mx.other.test,10
		mx-host=eu.partner.test,mx.other.test,10
		mx-host=srs.example.test,mail.example.test,10
		mx-host=second.test,mail.example.test,10
		mx-host=third.test,mail.example.test,10
	EOF
}

teardown_file() { e2e_stop; }

# sender_at_mx SUBJECT: the envelope sender with which mx.other.test got the message.
sender_at_mx() { tools python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["from"])' "$(mx_wait "$1").json"; }

# forward SERVER [FROM]: sends through the alias; prints the sender that arrived.
forward() {
	local subject
	subject=$(unique fwd)
	mail_in "$1" out@example.test "$subject" --from "${2:-bob@other.test}" >/dev/null
	sender_at_mx "$subject"
}

bounce_to() { run mail_in "$1" "$2" "$3" --from '<>'; }

@test "an alias that leads outside: the sender is rewritten, the headers are not" {
	local subject
	subject=$(unique)
	run mail_in srs out@example.test "$subject" --header 'From: Bob <bob@other.test>' --header 'Sender: bob@other.test'
	assert_status 0
	run sender_at_mx "$subject"
	assert_match '^SRS0=[^=]+=[^=]+=other\.test=bob@example\.test$'
	run tools cat "$(mx_find "$subject").eml"
	assert_match '^From: Bob <bob@other.test>'
	assert_match '^Sender: bob@other.test'
	refute_output 'SRS0'
}

@test "one message for a mailbox and for outside: the copy in the mailbox keeps its Return-Path" {
	local subject
	subject=$(unique)
	run mail_in srs both@example.test "$subject"
	assert_status 0
	run sender_at_mx "$subject"
	assert_match '^SRS0=.*@example.test$'
	run fetch srs anna@example.test secret1 "$subject"
	assert_match '^Return-Path: <bob@other.test>'
	wait_until 10 queue_is_empty srs
	# Each of the two outside got it once.
	run tools sh -c "grep -l 'Subject: $subject' /srv/mx/mail/*.eml | wc -l"
	assert_equal "$output" 2
}

@test "mail that stays here is not touched, by way of an alias neither" {
	local subject
	subject=$(unique)
	run mail_in srs info@example.test "$subject"
	assert_status 0
	run fetch srs anna@example.test secret1 "$subject"
	assert_match '^Return-Path: <bob@other.test>'
}

@test "what users send keeps its sender, and takes no detour" {
	local subject
	subject=$(unique)
	run mail_out srs anna@example.test secret1 carol@other.test "$subject"
	assert_status 0
	assert_equal "$(sender_at_mx "$subject")" anna@example.test
	run tools sh -c "grep -c '^Received: ' $(mx_find "$subject").eml"
	assert_equal "$output" 0
}

@test "senders of every hosted domain are no strangers, at once when the domain is new" {
	local subject
	subject=$(unique)
	run mail_out srs carla@second.test secret3 carol@other.test "$subject"
	assert_status 0
	assert_equal "$(sender_at_mx "$subject")" carla@second.test
	in_server srs setup email add dora@third.test secret4
	subject=$(unique)
	run mail_out srs dora@third.test secret4 carol@other.test "$subject"
	assert_status 0
	assert_equal "$(sender_at_mx "$subject")" dora@third.test
}

@test "a user's mail to an alias that leads outside keeps its sender too" {
	local subject
	subject=$(unique)
	run mail_out srs anna@example.test secret1 out@example.test "$subject"
	assert_status 0
	assert_equal "$(sender_at_mx "$subject")" anna@example.test
}

@test "excluded domains, and names below them" {
	assert_equal "$(forward srs fritz@friends.test)" fritz@friends.test
	assert_equal "$(forward srs paul@eu.partner.test)" paul@eu.partner.test
}

@test "a bounce to a rewritten address goes to the first sender, with the empty sender" {
	local address subject
	address=$(forward srs)
	subject=$(unique bounce)
	bounce_to srs "$address" "$subject"
	assert_status 0
	assert_equal "$(sender_at_mx "$subject")" '<>'
	run tools cat "$(mx_find "$subject").json"
	assert_output '"to": ["bob@other.test"]'
	# In capitals, as some servers return it.
	bounce_to srs "$(tr '[:lower:]' '[:upper:]' <<<"$address")" "$(unique bounce)"
	assert_status 0
}

@test "a rewritten address with another hash, user or domain is refused at RCPT; so is relaying" {
	local address
	address=$(forward srs)
	bounce_to srs "${address/=other.test=bob/=other.test=eve}" x
	assert_match '550 5.1.1'
	bounce_to srs "${address/SRS0=?/SRS0=_}" x
	assert_match '550 5.1.1'
	bounce_to srs "${address/@example.test/@elsewhere.test}" x
	assert_match '554 5.7.1'
	bounce_to srs 'SRS0=aaaa=aa=other.test=bob@example.test' x
	assert_match '550 5.1.1'
}

@test "a forward that is refused is reported to the sender, not to anybody here" {
	local subject
	subject=$(unique)
	run mail_in srs broken@example.test "$subject"
	assert_status 0
	wait_until 20 tools sh -c "grep -l 'reject@other.test' /srv/mx/mail/*.eml | xargs grep -l '$subject'"
	wait_until 10 queue_is_empty srs
}

@test "8-bit bodies, long lines and dots arrive as they were" {
	local subject
	subject=$(unique)
	printf 'From: bob@other.test\r\nSubject: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n.\r\n..Grüße\r\n%s\r\n' \
		"$subject" "$(printf 'x%.0s' {1..900})" >"$LAB_DIR/config/eight.eml"
	sed '/^\r$/,$!d; 1d' "$LAB_DIR/config/eight.eml" >"$LAB_DIR/want"
	run tools python3 -c '
import smtplib, sys
s = smtplib.SMTP(sys.argv[1]); s.sendmail("bob@other.test", ["out@example.test"], open("/config/eight.eml", "rb").read(), ["BODY=8BITMIME"])' \
		"$(address srs)"
	assert_status 0
	tools cat "$(mx_wait "$subject").eml" | sed '/^\r$/,$!d; 1d' >"$LAB_DIR/got"
	cmp "$LAB_DIR/want" "$LAB_DIR/got"
}

@test "postsrsd down: forwards wait, other mail does not, health says so" {
	local subject local_subject
	subject=$(unique) local_subject=$(unique)
	in_server srs supervisorctl stop postsrsd
	# Nor do its children stay, which have the connections of Postfix' processes.
	run in_server srs pgrep -u postsrsd
	assert_status 1
	run in_server srs mailserver healthcheck
	assert_status 1
	assert_output 'srs forward'
	run mail_in srs out@example.test "$subject"
	assert_status 0
	run mail_in srs info@example.test "$local_subject"
	assert_status 0
	run fetch srs anna@example.test secret1 "$local_subject"
	assert_status 0
	bounce_to srs 'SRS0=aaaa=aa=other.test=bob@example.test' x
	assert_match '45[01] 4\.'
	run mx_has "$subject"
	assert_status 1
	in_server srs supervisorctl start postsrsd
	wait_until 10 is_healthy srs
	in_server srs postqueue -f
	run sender_at_mx "$subject"
	assert_match '^SRS0='
}

@test "postsrsd hangs: forwards wait, health says so, it is ended and started again, and they leave" {
	local subject
	subject=$(unique)
	# A child that is there already would answer for it.
	forward srs >/dev/null
	in_server srs pkill -STOP -u postsrsd
	run in_server srs mailserver healthcheck
	assert_status 1
	assert_output 'srs forward'
	run mail_in srs out@example.test "$subject"
	assert_status 0
	wait_until 100 is_healthy srs
	log_has srs 'postsrsd hangs'
	in_server srs postqueue -f
	run sender_at_mx "$subject"
	assert_match '^SRS0='
}

@test "the door of the detour is open to Postfix only; port 25 relays for nobody" {
	run in_server srs ls -l /var/spool/postfix/private/srs-in
	assert_status 0
	run in_server srs su -s /bin/sh nobody -c 'nc -NU /var/spool/postfix/private/srs-in </dev/null'
	assert_match 'Permission denied|denied'
	run mail_in srs carol@other.test x
	assert_match '554 5.7.1 .*Relay access denied'
}

@test "the secret is made once, is for root only, and survives a restart" {
	local address
	address=$(forward srs)
	run in_server srs stat -c '%U %a %s' /var/mail-state/etc/postsrsd.secret /run/mailserver/live/srs-secret
	assert_equal "$output" $'root 600 33\nroot 600 33'
	run in_server srs sh -c 'ps -o user=,args= -C postsrsd'
	assert_match '^postsrsd .*/usr/sbin/postsrsd'
	server_restart srs
	bounce_to srs "$address" "$(unique)"
	assert_status 0
}

@test "SRS_SECRET and SRS_DOMAINNAME: the first secret signs, all are accepted; the domain is received" {
	local old
	# With a relay for all mail the detour is taken all the same.
	echo 'relayhost = [mx.other.test]' >"$(config one)/postfix-main.cf"
	server_start one -e MAIL_ACCOUNTS="$ACCOUNTS" -e MAIL_ALIASES="$ALIASES" -e ENABLE_SRS=1 -e SRS_SECRET=geheim1 \
		-e SRS_DOMAINNAME=srs.example.test
	old=$(forward one)
	[[ $old == SRS0=*@srs.example.test ]]
	refute_secret one geheim1
	server_remove one
	server_start two -e MAIL_ACCOUNTS="$ACCOUNTS" -e MAIL_ALIASES="$ALIASES" -e ENABLE_SRS=1 -e SRS_SECRET=geheim2,geheim1 \
		-e SRS_DOMAINNAME=srs.example.test
	bounce_to two "$old" "$(unique)"
	assert_status 0
	[[ $(forward two) != "$old" ]]
	server_remove two
	server_start three -e MAIL_ACCOUNTS="$ACCOUNTS" -e ENABLE_SRS=1 -e SRS_SECRET=geheim3 -e SRS_DOMAINNAME=srs.example.test
	bounce_to three "$old" x
	assert_match '550 5.1.1'
	server_remove three
}

@test "relays and SRS: who sends decides about the relay, with a tag too; forwards go by the rewritten sender" {
	local subject
	printf '@example.test [mx.other.test]:2525\nben@example.test [mx.other.test]:2526\n' >"$(config relay)/postfix-relaymap.cf"
	server_start relay -e SSL_TYPE=self-signed -e MAIL_ACCOUNTS="$ACCOUNTS" -e MAIL_ALIASES="$ALIASES" -e ENABLE_SRS=1
	mail_out relay anna@example.test secret1 carol@other.test "$(unique)" >/dev/null
	mail_out relay ben@example.test secret2 carol@other.test "$(unique)" >/dev/null
	mail_out relay ben@example.test secret2 carol@other.test "$(unique)" --from ben+x@example.test >/dev/null
	mail_in relay out@example.test "$(unique)" >/dev/null
	# Nobody listens on these ports: the queue says which one was tried for whom.
	wait_until 20 reasons_are 'anna@example.test :2525
ben+x@example.test :2526
ben@example.test :2526
srs :2525' || { reasons; log_of relay | tail -n 40; return 1; }
	server_remove relay
}

# For each message in the queue its sender and the port that refused.
reasons() {
	in_server relay postqueue -j | tools python3 -c '
import json, re, sys
for line in sys.stdin:
    m = json.loads(line)
    port = re.search(":25[0-9]*", m["recipients"][0].get("delay_reason", ""))
    print("srs" if m["sender"].startswith("SRS0=") else m["sender"], port.group() if port else "")' | sort
}

reasons_are() { [ "$(reasons)" = "$1" ]; }

# The secret is in no log, no argument, and no file that others can read.
refute_secret() {
	run in_server "$1" sh -c 'ps -eo args; cat /etc/dms-settings /etc/postfix/*.cf /run/mailserver/boot/current/postsrsd/*'
	refute_match "(^|[^a-z])$2([^a-z]|\$)"
}
