#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# SPF and DMARC: what other servers' mail must prove, and that users' mail need not. Domains and their records are the
# lab's; signatures are made by dkimpy in the tools container.

load lib/e2e

setup_file() {
	local domain key
	e2e_start
	tools openssl genrsa -out /srv/key.pem 2048 2>/dev/null
	key=$(tools dkimcheck record /srv/key.pem)
	{
		for domain in pass fail soft reject strict quarantine none bare; do
			echo "mx-host=$domain.example,mx.other.test,10"
			echo "mx-host=sub.$domain.example,mx.other.test,10"
			echo "txt-record=k._domainkey.$domain.example,\"${key:0:200}\",\"${key:200}\""
			echo "txt-record=k._domainkey.sub.$domain.example,\"${key:0:200}\",\"${key:200}\""
		done
		for domain in pass reject strict quarantine sub.reject sub.strict; do
			echo "txt-record=$domain.example,\"v=spf1 ip4:$(address tools) -all\""
		done
		echo 'txt-record=fail.example,"v=spf1 -all"'
		echo 'txt-record=soft.example,"v=spf1 ~all"'
		echo 'txt-record=_dmarc.reject.example,"v=DMARC1; p=reject"'
		echo 'txt-record=_dmarc.strict.example,"v=DMARC1; p=reject; adkim=s; aspf=s"'
		echo 'txt-record=_dmarc.quarantine.example,"v=DMARC1; p=quarantine"'
		echo 'txt-record=_dmarc.none.example,"v=DMARC1; p=none"'
		# Organisations are found with the public suffix list, which has no .example.
		echo 'mx-host=sub.organisation-of-tests.com,mx.other.test,10'
		echo 'txt-record=_dmarc.organisation-of-tests.com,"v=DMARC1; p=reject"'
	} | dns_add
	server_start dmarc -e SSL_TYPE=self-signed -e MAIL_ACCOUNTS='anna@example.test:secret1'
}

teardown_file() { e2e_stop; }

# from ENVELOPE AUTHOR SUBJECT [header lines…]: a message from the other side; DOMAIN in SIGN signs it.
from() {
	local envelope=$1 author=$2 subject=$3 file=/srv/message.eml
	shift 3
	{
		printf 'From: %s\nTo: anna@example.test\nSubject: %s\nDate: Fri, 27 Nov 2026 10:00:00 +0000\n' "$author" "$subject"
		[ $# -eq 0 ] || printf '%s\n' "$@"
		printf '\nThe text.\n'
	} | tools sh -c 'cat >/srv/plain.eml'
	if [ -n "${SIGN:-}" ]; then
		tools sh -c "dkimcheck sign $SIGN k /srv/key.pem /srv/plain.eml >$file"
	else
		tools cp /srv/plain.eml $file
	fi
	run tools swaks --server "$(address dmarc)" --ehlo "${EHLO:-mx.other.test}" --from "$envelope" --to anna@example.test --data "@$file"
}

# delivered SUBJECT: the message in $output
delivered() {
	assert_status 0
	run fetch dmarc anna@example.test secret1 "$1"
	assert_status 0
}

# refused PATTERN: the answer of the server
refused() {
	[ "$status" -ne 0 ]
	assert_match "<\*\* +$1"
}

# --- SPF --------------------------------------------------------------------------------------------

@test "SPF: pass, softfail and none are noted" {
	local subject one
	for one in pass:Pass soft:Softfail bare:None; do
		subject=$(unique)
		from "bob@${one%:*}.example" "bob@${one%:*}.example" "$subject"
		delivered "$subject"
		assert_match "^Received-SPF: ${one#*:} "
		[ "$(grep -c '^Received-SPF:' <<<"$output")" -eq 1 ]
	done
}

@test "SPF: a host that the sender's domain excludes is refused at RCPT, 550 5.7.23" {
	from bob@fail.example bob@fail.example "$(unique)"
	refused '550 5\.7\.23'
	assert_match '<\*\* +550 5\.7\.23 .*SPF fail'
	refute_output ' ~> DATA'
}

@test "SPF: a HELO name that excludes the host is refused, also with the null sender" {
	EHLO=fail.example from '<>' bob@bare.example "$(unique)"
	refused '550 5\.7\.23'
}

@test "SPF: the null sender is delivered" {
	local subject
	subject=$(unique)
	from '<>' mailer-daemon@bare.example "$subject"
	delivered "$subject"
	assert_match '^Received-SPF: '
}

@test "SPF: several recipients, one header" {
	local subject
	subject=$(unique)
	run tools swaks --server "$(address dmarc)" --ehlo mx.other.test --from bob@pass.example \
		--to anna@example.test,postmaster@example.test --header "Subject: $subject"
	run fetch dmarc anna@example.test secret1 "$subject"
	[ "$(grep -c '^Received-SPF:' <<<"$output")" -eq 1 ]
}

# --- DMARC ------------------------------------------------------------------------------------------

@test "DMARC: an aligned envelope sender passes, read from the header of the SPF policy server" {
	local subject
	subject=$(unique)
	from bob@reject.example bob@reject.example "$subject"
	delivered "$subject"
	assert_match '^Authentication-Results: mail.example.test; dmarc=pass \(p=reject dis=none\) header.from=reject.example'
}

@test "DMARC: p=reject that fails is refused with 550 5.7.1" {
	from bob@bare.example bob@reject.example "$(unique)"
	refused '550 5\.7\.1 rejected by DMARC policy for reject\.example'
}

@test "DMARC: an aligned signature passes, whatever the envelope says; a broken one does not" {
	local subject
	subject=$(unique)
	SIGN=reject.example from bob@bare.example bob@reject.example "$subject"
	delivered "$subject"
	assert_output 'dmarc=pass'
	assert_output 'dkim=pass'
	tools sed -i 's/^The text/Another text/' /srv/message.eml
	run tools swaks --server "$(address dmarc)" --ehlo mx.other.test --from bob@bare.example --to anna@example.test --data @/srv/message.eml
	refused '550 5\.7\.1'
}

@test "DMARC: a signature of somebody else does not help" {
	SIGN=bare.example from bob@bare.example bob@reject.example "$(unique)"
	refused '550 5\.7\.1'
}

@test "DMARC: relaxed alignment takes a sub-domain, strict does not" {
	local subject
	subject=$(unique)
	SIGN=sub.reject.example from bob@bare.example bob@reject.example "$subject"
	delivered "$subject"
	assert_output 'dmarc=pass'
	subject=$(unique)
	from bob@sub.reject.example bob@reject.example "$subject"
	delivered "$subject"
	assert_output 'dmarc=pass'
	SIGN=sub.strict.example from bob@bare.example bob@strict.example "$(unique)"
	refused '550 5\.7\.1'
	from bob@sub.strict.example bob@strict.example "$(unique)"
	refused '550 5\.7\.1'
	subject=$(unique)
	SIGN=strict.example from bob@bare.example bob@strict.example "$subject"
	delivered "$subject"
	assert_output 'dmarc=pass'
}

@test "DMARC: the policy of the organisation counts for a sub-domain without its own" {
	from bob@bare.example bob@sub.organisation-of-tests.com "$(unique)"
	refused '550 5\.7\.1'
}

@test "DMARC: p=quarantine goes to Junk, p=none is only noted, no record is no verdict" {
	local subject
	subject=$(unique)
	from bob@bare.example bob@quarantine.example "$subject"
	assert_status 0
	run fetch dmarc anna@example.test secret1 "$subject" Junk
	assert_status 0
	assert_output 'mail.example.test; dmarc=fail (p=quarantine'
	subject=$(unique)
	SIGN=quarantine.example from bob@bare.example bob@quarantine.example "$subject"
	delivered "$subject"
	assert_output 'mail.example.test; dmarc=pass (p=quarantine'
	subject=$(unique)
	from bob@bare.example bob@none.example "$subject"
	delivered "$subject"
	assert_output 'mail.example.test; dmarc=fail (p=none'
	subject=$(unique)
	from bob@bare.example bob@bare.example "$subject"
	delivered "$subject"
	assert_output 'mail.example.test; dmarc=none'
}

@test "DMARC: results that the sender brings along do not count" {
	from bob@bare.example bob@reject.example "$(unique)" \
		'Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=192.0.2.1; helo=x; envelope-from=bob@reject.example' \
		'Authentication-Results: mail.example.test; dkim=pass header.d=reject.example' \
		'Authentication-Results: mail.example.test; spf=pass smtp.mailfrom=bob@reject.example' \
		'Authentication-Results: MAIL.example.test; dmarc=pass header.from=reject.example'
	refused '550 5\.7\.1'
}

@test "DMARC: two authors of two domains are refused" {
	from bob@bare.example 'bob@reject.example, eve@bare.example' "$(unique)"
	refused '550 5\.7\.1'
}

# --- users ------------------------------------------------------------------------------------------

@test "mail of users is never checked, on 587 and on 465" {
	local subject port tls
	for port in 587 465; do
		tls=-tls
		[ "$port" = 587 ] || tls=-tlsc
		subject=$(unique)
		run tools swaks --server "$(address dmarc)" --port "$port" "$tls" --ehlo fail.example --auth PLAIN \
			--auth-user anna@example.test --auth-password secret1 --from bob@fail.example --to anna@example.test \
			--header 'From: bob@reject.example' --header "Subject: $subject"
		delivered "$subject"
		refute_output Received-SPF
		refute_output 'dmarc='
	done
}

@test "mail made in the container is not checked" {
	local subject
	subject=$(unique)
	printf 'From: bob@reject.example\nSubject: %s\n\ncron\n' "$subject" | in_server dmarc sendmail -f bob@fail.example anna@example.test
	run true
	delivered "$subject"
	refute_output 'dmarc='
}

# --- when it fails ----------------------------------------------------------------------------------

@test "OpenDMARC's socket gone, or hanging: mail is put off with 4xx, users send all the same" {
	local pid
	in_server dmarc mv /run/opendmarc/opendmarc.sock /run/opendmarc/away
	from bob@pass.example bob@pass.example "$(unique)"
	refused '4[0-9][0-9] '
	run mail_out dmarc anna@example.test secret1 bob@other.test "$(unique)"
	assert_status 0
	run in_server dmarc mailserver healthcheck
	assert_status 1
	assert_output opendmarc
	in_server dmarc mv /run/opendmarc/away /run/opendmarc/opendmarc.sock
	wait_until 10 is_healthy dmarc
	pid=$(pid_of dmarc opendmarc)
	in_server dmarc kill -STOP "$pid"
	run in_server dmarc mailserver healthcheck
	assert_status 1
	assert_output opendmarc
	run mail_in dmarc anna@example.test "$(unique)" --timeout 100
	refused '4[0-9][0-9] '
	in_server dmarc kill -KILL "$pid" || : # ended meanwhile, as one that hangs
	wait_until 15 is_healthy dmarc
}

@test "OpenDMARC killed: restarted by itself, and it judges again" {
	local pid
	pid=$(pid_of dmarc opendmarc)
	in_server dmarc kill -KILL "$pid"
	wait_until 15 is_healthy dmarc
	[ "$(pid_of dmarc opendmarc)" != "$pid" ]
	from bob@bare.example bob@reject.example "$(unique)"
	refused '550 5\.7\.1'
}

@test "the SPF policy server can't be started: mail is put off with 4xx; and its processes do not stay" {
	local subject
	in_server dmarc mv /usr/bin/policyd-spf /usr/bin/policyd-away
	wait_until 20 no_policy_process
	from bob@pass.example bob@pass.example "$(unique)"
	in_server dmarc mv /usr/bin/policyd-away /usr/bin/policyd-spf
	refused '4[0-9][0-9] '
	wait_until 60 passes_again
}

no_policy_process() { ! in_server dmarc pgrep -f /usr/bin/policyd-spf >/dev/null; }

# Postfix waits before it starts a program again that has failed.
passes_again() {
	local subject
	subject=$(unique)
	from bob@pass.example bob@pass.example "$subject"
	[ "$status" -eq 0 ]
}

@test "the three switches off: nothing is checked, refused or said" {
	local subject
	server_start off -e SSL_TYPE=self-signed -e ENABLE_OPENDKIM=0 -e ENABLE_OPENDMARC=0 -e ENABLE_POLICYD_SPF=0 \
		-e MAIL_ACCOUNTS='anna@example.test:secret1'
	run in_server off pgrep -x 'opendkim|opendmarc'
	assert_status 1
	subject=$(unique)
	run tools swaks --server "$(address off)" --ehlo mx.other.test --from bob@fail.example --to anna@example.test \
		--header 'From: bob@reject.example' --header "Subject: $subject"
	assert_status 0
	run fetch off anna@example.test secret1 "$subject"
	assert_status 0
	refute_output Received-SPF
	refute_output Authentication-Results
	server_remove off
}

@test "without the policy server DMARC checks SPF itself, and believes no header" {
	local subject
	server_start self -e SSL_TYPE=self-signed -e ENABLE_POLICYD_SPF=0 -e MAIL_ACCOUNTS='anna@example.test:secret1'
	subject=$(unique)
	run tools swaks --server "$(address self)" --ehlo mx.other.test --from bob@reject.example --to anna@example.test \
		--header 'From: bob@reject.example' --header "Subject: $subject"
	assert_status 0
	run fetch self anna@example.test secret1 "$subject"
	assert_output 'dmarc=pass'
	run tools swaks --server "$(address self)" --ehlo mx.other.test --from bob@bare.example --to anna@example.test \
		--header 'From: bob@reject.example' --header "Subject: $(unique)" \
		--add-header 'Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=192.0.2.1; helo=x; envelope-from=bob@reject.example'
	refused '550 5\.7\.1'
	server_remove self
}
