#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# SMTP_ONLY=1: a relay and a forwarder without mailboxes; and POSTFIX_DAGENT, which leads to mailboxes elsewhere.

load lib/e2e

setup_file() {
	e2e_require_image
	e2e_build_tools
	e2e_start
	echo 'forward@example.test fwd@other.test' >"$(config front)/postfix-virtual.cf"
	# shellcheck disable=SC2046
	server_start front -e SMTP_ONLY=1 -e SSL_TYPE=self-signed -e PERMIT_DOCKER=connected-networks \
		--read-only --tmpfs /run --tmpfs /tmp --cap-drop ALL $(printf -- '--cap-add %s ' $E2E_CAPABILITIES)
	server_start closed -e SMTP_ONLY=1

	# A server that has the mailboxes, and takes mail over LMTP from others.
	account_line anna@example.test secret >"$(config store)/postfix-accounts.cf"
	cat >"$(config store)/dovecot.cf" <<-'END'
		service lmtp {
		  inet_listener lmtp {
		    port = 24
		  }
		}
	END
	server_start store
	tools sh -c "echo '$(address store) store.example.test' >/srv/dns/store-lmtp"
	echo 'info@example.test anna@example.test' >"$(config dagent)/postfix-virtual.cf"
	echo 'outside@example.test fwd@other.test' >>"$(config dagent)/postfix-virtual.cf"
	server_start dagent -e SMTP_ONLY=1 -e POSTFIX_DAGENT=lmtp:inet:store.example.test:24
	account_line anna@example.test secret >"$(config both)/postfix-accounts.cf"
	server_start both -e POSTFIX_DAGENT=lmtp:inet:store.example.test:24
}

teardown_file() { e2e_stop; }

rcpt() { tools swaks --server "$(address "$1")" --ehlo mx.other.test --from bob@other.test --to "$2" --quit-after RCPT; }

@test "without mailboxes: no Dovecot, no account needed, healthy" {
	run in_server front pgrep -x dovecot
	assert_status 1
	run log_of front
	assert_output 'is up and running'
	refute_output 'there is no account yet'
	refute_output 'dovecot'
	run in_server front mailserver healthcheck --verbose
	assert_status 0
	assert_output submissions
	refute_output imap
	refute_output lmtp
}

@test "mail ports are closed, submission takes no login and sends for nobody" {
	run tools mt ports "$(address closed)" anna@example.test secret <<-'END'
		25 smtp
		587 submission
		465 submission
		143 imap
		993 imap
		4190 sieve
	END
	assert_equal "$output" "$(printf '%s\n' '25 smtp starttls no-login' '587 submission starttls no-login' '465 submission closed' \
		'143 imap closed' '993 imap closed' '4190 sieve closed')"
	run tools mt ports "$(address front)" anna@example.test secret <<<'465 submission'
	assert_output 'implicit no-login'
	run tools swaks --server "$(address front)" --port 587 -tls --from app@example.test --to someone@other.test --quit-after RCPT
	assert_output '554 5.7.1'
}

@test "a trusted network relays through it, others may not" {
	tools swaks --server "$(address front)" --ehlo tools.home.test --from app@example.test --to someone@other.test \
		--header 'Subject: relayed-by-front'
	mx_wait relayed-by-front
	run rcpt closed someone@other.test
	assert_output 'Relay access denied'
}

@test "postfix-master.cf may open submission to a network" {
	printf 'submission/inet/smtpd_%s_restrictions=permit_mynetworks, reject\n' client relay >"$(config front)/postfix-master.cf"
	wait_until 15 eval '[[ $(in_server front postconf -Ph submission/inet/smtpd_relay_restrictions) == *permit_mynetworks* ]]'
	wait_until 10 is_healthy front
	tools swaks --server "$(address front)" --port 587 -tls --ehlo tools.home.test --from app@example.test --to someone@other.test \
		--header 'Subject: relayed-by-587'
	mx_wait relayed-by-587
}

@test "it forwards what aliases lead elsewhere, and refuses all other recipients of hosted domains" {
	mail_in front forward@example.test forwarded-1
	mx_wait forwarded-1
	run rcpt front nobody@example.test
	assert_output '550 5.1.1'
}

@test "accounts in the files are no recipients, and that is said; the command line works" {
	account_line anna@example.test secret >"$(config closed)/postfix-accounts.cf"
	wait_until 10 log_has closed 'there are no mailboxes: mail for anna@example.test is refused'
	run in_server closed setup email add ben@example.test secret
	assert_status 0
	run rcpt closed anna@example.test
	assert_output '550 5.1.1'
	run rcpt closed ben@example.test
	assert_output '550 5.1.1'
	run in_server closed setup email list
	assert_output ben@example.test
	in_server closed setup alias add team@example.test fwd@other.test
	mail_in closed team@example.test forwarded-2
	mx_wait forwarded-2
	is_healthy closed
}

@test "mail made in the container for nobody is returned, not lost" {
	in_server front sendmail -f app@other.test nobody@example.test <<<$'Subject: returned-1\n\ntext'
	wait_until 10 queue_is_empty front
	run log_of front
	assert_match 'to=<nobody@example.test>.*dsn=5.1.1.*status=bounced'
}

@test "POSTFIX_DAGENT: the store's LMTP gets the mail, and is asked which mailboxes there are" {
	mail_in dagent anna@example.test to-the-store
	fetch store anna@example.test secret to-the-store
	mail_in dagent info@example.test by-an-alias
	fetch store anna@example.test secret by-an-alias
	run rcpt dagent nobody@example.test
	assert_output '550 5.1.1'
	in_server store setup email add new@example.test secret
	mail_in dagent new@example.test new-there
	fetch store new@example.test secret new-there
}

@test "an alias to outside needs no mailbox at the store" {
	mail_in dagent outside@example.test outside-1
	mx_wait outside-1
	run log_of dagent
	refute_output 'probe'
}

@test "while the store is down mail is put off, never refused, and comes later" {
	"$ENGINE" stop "$LAB-store" >/dev/null
	run rcpt dagent other@example.test
	assert_match '<\*\* 450 '
	mail_in dagent anna@example.test put-off
	run in_server dagent postqueue -j
	assert_output anna@example.test
	"$ENGINE" start "$LAB-store" >/dev/null
	server_ready store
	tools sh -c "echo '$(address store) store.example.test' >/srv/dns/store-lmtp"
	in_server dagent postqueue -f
	fetch store anna@example.test secret put-off
}

@test "POSTFIX_DAGENT beside own logins: recipients are the accounts here" {
	mail_in both anna@example.test from-both
	fetch store anna@example.test secret from-both
	run rcpt both nobody@example.test
	assert_output '550 5.1.1'
	login both anna@example.test secret
}

@test "a transport of one's own for one domain, through the override files" {
	cat >"$(config front)/postfix-main.cf" <<-'END'
		virtual_mailbox_domains = example.test, lists.example.test
		transport_maps = inline:{ { lists.example.test = lmtp:inet:store.example.test:24 } }
		virtual_mailbox_maps = inline:{ { team@lists.example.test = x } }
	END
	in_server store setup email add team@lists.example.test secret
	wait_until 15 eval '[ "$(in_server front postconf -h virtual_mailbox_maps)" = "inline:{ { team@lists.example.test = x } }" ]'
	wait_until 10 is_healthy front
	mail_in front team@lists.example.test by-transport
	fetch store team@lists.example.test secret by-transport
	run rcpt front nobody@lists.example.test
	assert_output '550 5.1.1'
}
