#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The administrator's own networks (PERMIT_DOCKER): their mail is signed, not judged by DMARC, not scored. The gateway of
# such a network stays a stranger for all of them.

load lib/e2e

GTUBE='XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'

setup_file() {
	local record
	e2e_start
	dns_add <<<'mx-host=reject.test,mx.other.test,10
txt-record=_dmarc.reject.test,"v=DMARC1; p=reject"
mx-host=bare.test,mx.other.test,10'
	server_create trusted -e SSL_TYPE=self-signed -e MAIL_ACCOUNTS='anna@example.test:secret1' -e ENABLE_SPAMASSASSIN=1 \
		-e PERMIT_DOCKER=connected-networks
	config trusted >/dev/null
	"$ENGINE" run --rm -v "$LAB_DIR/config/trusted:/tmp/docker-mailserver" "$IMAGE" \
		setup config dkim domain example.test >/dev/null
	record=$(tools dkimcheck record /config/trusted/opendkim/keys/example.test/mail.private)
	dns_add <<<"txt-record=mail._domainkey.example.test,\"${record:0:200}\",\"${record:200}\""
	server_boot trusted
	server_ready trusted
	wait_until 60 in_server trusted sh -c '[ -S /run/spamd/spamd.sock ]'
}

teardown_file() { e2e_stop; }

neighbour() { # FROM TO SUBJECT
	run tools swaks --server "$(address trusted)" --ehlo app.home.test --from bob@bare.test --to "$2" \
		--header "From: $1" --header "Subject: $3" --body "$GTUBE"
}

# The host connects with the gateway's address, as everybody outside does where the engine forwards connections.
gateway() { # FROM TO SUBJECT
	local line say
	exec 3<>"/dev/tcp/$(address trusted)/25"
	for say in 'EHLO x.example.org' 'MAIL FROM:<bob@bare.test>' "RCPT TO:<$2>" DATA \
		"From: $1"$'\r\n'"Subject: $3"$'\r\n\r\n'"$GTUBE"$'\r\n'. QUIT ''; do
		while IFS= read -r -t 60 line <&3; do
			echo "$line"
			[[ $line == ???-* ]] || break
		done
		[ -z "$say" ] || printf '%s\r\n' "$say" >&3
	done
	exec 3>&-
}

@test "the gateway is left out of what the filters trust" {
	local gateway
	gateway=$("$ENGINE" network inspect -f '{{range .IPAM.Config}}{{.Gateway}}{{end}}' "$LAB")
	for file in /etc/opendmarc/ignore.hosts /etc/opendkim/TrustedHosts /etc/spamassassin/milter.conf; do
		run in_server trusted cat $file
		assert_match "!$gateway/32\$"
		assert_match '[ /.0-9]127\.0\.0\.0/8$|^127\.0\.0\.0/8$'
	done
}

@test "DMARC: a neighbour's mail is not judged; what comes through the gateway is" {
	local subject
	subject=$(unique)
	neighbour anna@reject.test anna@example.test "$subject"
	assert_status 0
	run fetch trusted anna@example.test secret1 "$subject"
	assert_status 0
	refute_output 'dmarc='
	run gateway eve@reject.test anna@example.test "$(unique)"
	assert_match '^550 5\.7\.1 rejected by DMARC policy'
}

@test "scoring: a neighbour's mail is not scored; what comes through the gateway is" {
	local subject
	subject=$(unique)
	neighbour bob@bare.test anna@example.test "$subject"
	assert_status 0
	run fetch trusted anna@example.test secret1 "$subject"
	assert_status 0
	refute_output 'X-Spam'
	subject=$(unique)
	run gateway eve@bare.test anna@example.test "$subject"
	assert_match '^250 2.0.0 Ok: queued'
	run fetch trusted anna@example.test secret1 "$subject" Junk
	assert_status 0
	assert_output 'X-Spam-Flag: YES'
}

@test "DKIM: a neighbour's mail is signed; what comes through the gateway is not" {
	local subject number
	subject=$(unique)
	neighbour anna@example.test bob@other.test "$subject"
	assert_status 0
	number=$(mx_wait "$subject")
	run tools dkimcheck verify "$number.eml"
	assert_status 0
	assert_match '^pass d=example.test s=mail '
	subject=$(unique)
	run gateway anna@example.test anna@example.test "$subject"
	assert_match '^250 2.0.0 Ok: queued'
	run fetch trusted anna@example.test secret1 "$subject" Junk
	assert_status 0
	refute_output 'DKIM-Signature'
	assert_output 'dkim=none'
}
