#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# A config directory with every file in it, the one of test/golden/every-file: each of them is in force.

load lib/e2e

setup_file() {
	e2e_require_image
	e2e_build_tools
	e2e_start
	"$ENGINE" run -d --name "$LAB-relay" --network "$LAB" --hostname relay.test "$TOOLS_IMAGE" relay >/dev/null
	wait_until 30 log_has relay 'relay: ready'
	tools sh -c "echo '$(address relay) relay.test' >/srv/dns/relay"
	cp -r "$ROOT_DIR"/test/golden/every-file/config/. "$(config mail)/"
	server_start mail --env-file "$ROOT_DIR/test/golden/every-file/env"
}

teardown_file() { e2e_stop; }

anna() { fetch mail anna@example.test secret "$@"; }

relay_find() { "$ENGINE" exec "$LAB-relay" sh -c "grep -l -- 'Subject: .*$1' /srv/relay/*.eml 2>/dev/null | sed 's/eml\$/json/' | xargs -r cat"; }
relay_has() { [ -n "$(relay_find "$1")" ]; }

@test "it starts healthy, and nothing of it is an error" {
	is_healthy mail
	run log_of mail
	refute_output 'error:'
	run in_server mail mailserver config check
	assert_status 0
	assert_output 'ok; accounts: 2'
}

@test "postfix-accounts.cf, postfix-virtual.cf, postfix-regexp.cf, postfix-aliases.cf" {
	mail_in mail info@example.test every-alias
	anna every-alias
	mail_in mail anyone@catch.test every-catch-all
	anna every-catch-all
	mail_in mail bill-42@example.test every-pattern
	fetch mail ben@example.test secret every-pattern
	in_server mail sendmail devnull <<<$'Subject: every-local\n\ntext'
	wait_until 10 queue_is_empty mail
	run log_of mail
	assert_match 'to=<devnull@.*status=sent \(delivered to file: /dev/null\)'
}

@test "dovecot-quotas.cf, dovecot-masters.cf, dovecot.cf" {
	run in_server mail doveadm quota get -u ben@example.test
	assert_match 'STORAGE +[0-9]+ +5120 '
	tools mt login imap "$(address mail)" 'ben@example.test*admin' secret
	assert_equal "$(in_server mail doveconf -h mail_max_userip_connections)" 33
}

@test "postfix-send-access.cf, postfix-receive-access.cf" {
	run tools swaks --server "$(address mail)" --ehlo mx.other.test --from spammer@other.test --to anna@example.test --quit-after RCPT
	assert_output '554 5.7.1'
	run tools swaks --server "$(address mail)" --ehlo mx.other.test --from bob@other.test --to closed@example.test --quit-after RCPT
	assert_output '550 5.7.1'
	assert_output 'Ask the office'
}

@test "postfix-main.cf, postfix-master.cf, user-patches.sh" {
	assert_equal "$(in_server mail postconf -h smtpd_client_connection_rate_limit)" 30
	assert_equal "$(in_server mail postconf -Ph submission/inet/smtpd_client_connection_count_limit)" 7
	run tools swaks --server "$(address mail)" --quit-after CONNECT
	assert_output 'ESMTP patched'
}

@test "postfix-relaymap.cf, postfix-sasl-password.cf, and the default relay beside them" {
	mail_out mail anna@example.test secret someone@other.test every-default
	wait_until 20 relay_has every-default
	run relay_find every-default
	assert_output '"port": 587, "user": "user", "tls": true'
	mail_out mail ben@example.test secret someone@other.test every-own
	wait_until 20 relay_has every-own
	run relay_find every-own
	assert_output '"port": 465, "user": "second", "tls": true'
}

@test "before, after, an account's own script, sieve-pipe/, sieve-filter/" {
	mail_in mail ben@example.test every-script
	run fetch mail ben@example.test secret every-script
	assert_output 'X-Before: yes'
	assert_output 'X-After: yes'
	mail_in mail anna@example.test to-pipe
	anna to-pipe
	wait_until 10 in_server mail grep -q 'Subject: to-pipe' /var/mail/kept
	mail_in mail anna@example.test to-filter
	anna TO-FILTER
}

@test "three wrong files of them are told in one start" {
	local line
	cp -r "$ROOT_DIR"/test/golden/every-file/config/. "$(config wrong)/"
	echo 'smtpd_helo_requird = yes' >>"$(config wrong)/postfix-main.cf"
	echo 'sumbission/inet/smtpd_tls_security_level=may' >>"$(config wrong)/postfix-master.cf"
	printf 'quota_grace = 10%%%%\n' >>"$(config wrong)/dovecot.cf"
	line=$(wc -l <"$(config wrong)/dovecot.cf")
	server_create wrong --env-file "$ROOT_DIR/test/golden/every-file/env"
	"$ENGINE" start "$LAB-wrong" >/dev/null
	wait_until 30 is_stopped wrong
	assert_equal "$(exit_status wrong)" 78
	run log_of wrong
	assert_match 'postfix-main.cf:3.*smtpd_helo_requird'
	assert_match 'postfix-master.cf:2.*sumbission'
	assert_match "dovecot.cf:$line: .*quota_grace"
	refute_output "$READY"
	server_remove wrong
}
