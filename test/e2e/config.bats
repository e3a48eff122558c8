#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The environment: mistakes, secrets, names that are known but not in the image yet, and the config commands.

load lib/e2e

setup_file() {
	e2e_start
	printf 'filed@example.test:from-a-file\n' >"$LAB_DIR/accounts.secret"
	chmod 0600 "$LAB_DIR/accounts.secret"
	server_start conf -e SSL_TYPE=self-signed \
		-e ENABLE_POP3=1 -e POSTFIX_MESSAGE_SIZE_LIMIT=12345678 \
		-e MAIL_ACCOUNTS__FILE=/run/secrets/accounts -v "$LAB_DIR/accounts.secret:/run/secrets/accounts:ro" \
		-e RELAY_PASSWORD=relay-top-secret -e ENABLE_RSPAMD=1 -e ENABEL_IMAP=1
}

teardown_file() { e2e_stop; }

# refuse NAME [options…]: a container that must end by itself with 78; its log is in $output.
refuse() {
	server_create "$@"
	"$ENGINE" start "$LAB-$1" >/dev/null
	wait_until 30 is_stopped "$1"
	assert_equal "$(exit_status "$1")" 78
	run log_of "$1"
	refute_output "$READY"
	refute_match ' (postfix/[a-z]+|dovecot|supervisord)(\[[0-9]+\])?: '
	server_remove "$1"
}

@test "three mistakes are reported together, with name, value and what is allowed; nothing is started" {
	refuse bad -e TLS_LEVEL=medieval -e POSTFIX_MESSAGE_SIZE_LIMIT=big -e ENABLE_POP3=perhaps
	assert_match 'TLS_LEVEL.*medieval'
	assert_match 'modern.*intermediate'
	assert_match 'POSTFIX_MESSAGE_SIZE_LIMIT.*big'
	assert_match 'ENABLE_POP3.*perhaps'
}

@test "mistakes in the environment and in files are reported together" {
	echo rubbish >"$(config both)/postfix-accounts.cf"
	echo 'lonely@example.test' >"$(config both)/postfix-virtual.cf"
	refuse both -e SSL_TYPE=magic
	assert_match 'SSL_TYPE.*magic'
	assert_output 'postfix-accounts.cf:1'
	assert_output 'postfix-virtual.cf:1'
}

@test "a host name without a domain is refused, with what to do" {
	refuse short --hostname mail
	assert_match 'OVERRIDE_HOSTNAME|hostname'
}

@test "certificate files that are missing are refused by name" {
	refuse nocert -e SSL_TYPE=manual -e SSL_CERT_PATH=/nowhere/cert.pem -e SSL_KEY_PATH=/nowhere/key.pem
	assert_output /nowhere/cert.pem
	assert_output /nowhere/key.pem
}

@test "a bad value of a secret is reported without the value" {
	refuse secret -e MAIL_ACCOUNTS='noaddress:hush-hush'
	assert_output MAIL_ACCOUNTS
	refute_output hush-hush
}

@test "a missing __FILE is reported" {
	refuse nofile -e MAIL_ACCOUNTS__FILE=/run/secrets/nothing
	assert_output MAIL_ACCOUNTS__FILE
	assert_output /run/secrets/nothing
}

@test "a bind mount into /etc/postfix is refused with advice" {
	touch "$LAB_DIR/main.cf"
	refuse mounted -v "$LAB_DIR/main.cf:/etc/postfix/main.cf"
	assert_output '/postfix/main.cf: something is mounted'
	assert_output 'drop-in directory'
}

@test "a misspelt name: a warning with the nearest known name, and the server starts" {
	run log_of conf
	assert_match 'ENABEL_IMAP.*ENABLE_IMAP'
}

@test "what is known but not in this image yet is said once" {
	assert_equal "$(log_of conf | grep -c 'ENABLE_RSPAMD')" 1
	run log_of conf
	assert_match 'ENABLE_RSPAMD.*not in this image yet'
}

@test "NAME__FILE: the account of the file logs in" {
	run login conf filed@example.test from-a-file
	assert_status 0
}

@test "secrets are in no log, no argument, and not in config show" {
	local where
	for where in "log_of conf" "$ENGINE top $LAB-conf -eo pid,args" "in_server conf mailserver config show" \
		"in_server conf mailserver config show --json" "in_server conf cat /var/log/mail/mail.log" \
		"in_server conf cat /etc/dms-settings"; do
		# shellcheck disable=SC2086
		run $where
		assert_status 0
		refute_output from-a-file
		refute_output relay-top-secret
	done
	run in_server conf mailserver config show
	assert_output RELAY_PASSWORD
}

@test "a plain password of MAIL_ACCOUNTS is in no file of the container" {
	run in_server conf grep -rlF from-a-file /run/mailserver /etc /var /tmp
	assert_equal "$output" ''
}

@test "config show: settings in force, as text and as JSON" {
	run in_server conf mailserver config show
	assert_status 0
	assert_match 'POSTFIX_MESSAGE_SIZE_LIMIT.*12345678'
	assert_match 'ENABLE_POP3.*1'
	in_server conf mailserver config show --json >"$LAB_DIR/show.json"
	run tools python3 -c 'import json,sys; print(json.load(sys.stdin)["POSTFIX_MESSAGE_SIZE_LIMIT"]["value"])' <"$LAB_DIR/show.json"
	assert_status 0
	assert_output 12345678
}

@test "config list names every variable; config check is content with a good environment" {
	run in_server conf mailserver config list
	assert_status 0
	[ "$(grep -cE '^[ ]*[A-Z][A-Z0-9_]{3,}' <<<"$output")" -gt 150 ]
	run in_server conf mailserver config check
	assert_status 0
	assert_output ENABLE_RSPAMD
	run in_server conf mailserver config nonsense
	assert_status 64
}

@test "config check in a container of its own reports all mistakes" {
	run "$ENGINE" run --rm --hostname mail.example.test -e TLS_LEVEL=medieval -e SSL_TYPE=magic "$IMAGE" mailserver config check
	assert_status 78
	assert_output TLS_LEVEL
	assert_output SSL_TYPE
}

@test "config diff: nothing when nothing was changed by hand" {
	run in_server conf mailserver config diff
	assert_status 0
}

@test "the settings reach the daemons, whose own checkers are content and say nothing" {
	run in_server conf postconf -h message_size_limit
	assert_equal "$output" 12345678
	run in_server conf postfix check
	assert_status 0
	refute_match 'warning|error|fatal'
	run in_server conf postconf -n
	assert_status 0
	refute_match 'warning|unused parameter'
	run in_server conf sh -c 'doveconf -n 2>&1 >/dev/null'
	assert_equal "$output" ''
}

@test "/etc/dms-settings can be sourced" {
	# shellcheck disable=SC2016 # for the shell in the container
	run in_server conf bash -euc '. /etc/dms-settings; echo "$POSTFIX_MESSAGE_SIZE_LIMIT"'
	assert_status 0
	assert_equal "$output" 12345678
}

@test "words for switches mean what they say, once said" {
	server_start words -e SSL_TYPE=self-signed -e ENABLE_POP3=yes -e ENABLE_IMAP=true -e ENABLE_MANAGESIEVE=off -e ENABLE_QUOTAS=
	run in_server words ss -Hltn
	assert_match ':110 '
	refute_match ':4190 '
	server_remove words
}

# make_certificate DIRECTORY SERIAL: for mail.example.test, below /config of the tools container.
make_certificate() {
	tools sh -euc "mkdir -p /config/$1; cd /config/$1
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=mail.example.test \\
			-addext subjectAltName=DNS:mail.example.test -set_serial $2 -keyout key.new -out cert.new 2>/dev/null
		mv key.new key.pem
		mv cert.new cert.pem"
}

serves_serial() {
	[ "$(tools openssl s_client -connect "$(address tls):$2" "${@:3}" </dev/null 2>/dev/null | tools openssl x509 -noout -serial)" = "serial=$1" ]
}

@test "SSL_TYPE=manual: a renewed certificate is served without a restart; a key that does not match is not taken" {
	make_certificate certs 17
	server_start tls -e SSL_TYPE=manual -e SSL_CERT_PATH=/certs/cert.pem -e SSL_KEY_PATH=/certs/key.pem \
		-v "$(config certs):/certs:ro" -e MAIL_ACCOUNTS='anna@example.test:secret1'
	serves_serial 11 465
	make_certificate certs 18
	wait_until 20 serves_serial 12 465
	wait_until 20 serves_serial 12 993
	wait_until 20 serves_serial 12 25 -starttls smtp
	make_certificate other 19
	cp "$(config other)/cert.pem" "$(config certs)/cert.pem"
	wait_until 20 log_matches tls '/certs/.*(match|belong)'
	serves_serial 12 993
	serves_serial 12 465
	wait_until 20 is_unhealthy tls
	server_remove tls
}

@test "env-mailserver.dist unchanged works as --env-file" {
	server_start dist --env-file "$ROOT_DIR/env-mailserver.dist"
	run log_of dist
	refute_match 'not in this image yet'
	server_remove dist
}

@test "render needs neither root nor a running server" {
	run "$ENGINE" run --rm --user 1000:1000 --hostname mail.example.test --network none "$IMAGE" sh -c \
		'echo TLS_LEVEL=intermediate >/tmp/env && echo OVERRIDE_HOSTNAME=mail.example.test >>/tmp/env &&
		mkdir /tmp/cfg /tmp/out && mailserver render --env /tmp/env --config /tmp/cfg --out /tmp/out/tree &&
		find /tmp/out/tree -name main.cf -o -name dovecot.conf -o -name supervisord.conf'
	assert_status 0
	assert_output postfix/main.cf
	assert_output dovecot/dovecot.conf
}

@test "any other command is run instead of the server" {
	run "$ENGINE" run --rm "$IMAGE" echo instead
	assert_status 0
	assert_equal "$output" instead
	# shellcheck disable=SC2016 # for the shell in the container
	run "$ENGINE" run --rm "$IMAGE" sh -c 'for tool in bash openssl curl swaks nc ss ip ps less dig; do command -v $tool || echo "no $tool"; done; for tool in gcc cc make ld; do ! command -v $tool; done'
	assert_status 0
	refute_match '^no '
}

@test "the label by which setup.sh of existing installations finds its container" {
	run "$ENGINE" image inspect -f '{{index .Config.Labels "org.opencontainers.image.title"}}' "$IMAGE"
	assert_equal "$output" docker-mailserver
}
