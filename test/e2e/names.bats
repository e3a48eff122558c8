#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Host names in all their shapes, and IPv4 or IPv6 for both daemons.

load lib/e2e

SIX=fd6d:7365:6532:6500::

setup_file() {
	e2e_require_image
	e2e_build_tools
	e2e_start
	echo 'MAIL_ACCOUNTS=anna@example.test:secret' >"$LAB_DIR/env"
	"$ENGINE" network create --internal --ipv6 --subnet "$SIX/64" "$LAB-six" >/dev/null
	"$ENGINE" network connect "$LAB-six" "$LAB-tools"
}

teardown_file() {
	"$ENGINE" ps -aq --filter "name=^/?$LAB-" | xargs -r "$ENGINE" rm -fv >/dev/null
	"$ENGINE" network rm "$LAB-six" >/dev/null || :
	e2e_stop
}

# name_is NAME HOST DOMAIN: what both daemons and their peers are told, and mail that arrives.
name_is() {
	local key
	for key in myhostname=$2 mydomain=$3 mydestination="localhost.$3, localhost"; do
		assert_equal "$(in_server "$1" postconf -xh "${key%%=*}")" "${key#*=}"
	done
	# Mail of cron and other programs comes from the host.
	assert_equal "$(in_server "$1" postconf -xh myorigin)" "$2"
	assert_equal "$(in_server "$1" doveconf -h hostname)" "$2"
	assert_equal "$(in_server "$1" doveconf -h postmaster_address)" "postmaster@$3"
	assert_equal "$(in_server "$1" cat /etc/mailname)" "$3"
	run tools swaks --server "$(address "$1")" --ehlo mx.other.test --quit-after EHLO
	assert_output "220 $2 ESMTP"
	assert_output "250-$2"
	mail_in "$1" anna@example.test "to-$1"
	run fetch "$1" anna@example.test secret "to-$1"
	assert_output "by $2 (Postfix)"
}

@test "a name below the mail domain" {
	server_start sub --env-file "$LAB_DIR/env" --hostname mail.example.test
	name_is sub mail.example.test example.test
	server_remove sub
}

@test "the naked domain: host and mailboxes share it" {
	server_start naked --env-file "$LAB_DIR/env" --hostname example.test
	name_is naked example.test example.test
	# The host's own root and postmaster are reached at it too.
	in_server naked setup alias add postmaster@example.test anna@example.test
	mail_in naked postmaster@example.test to-postmaster
	fetch naked anna@example.test secret to-postmaster
	run tools swaks --server "$(address naked)" --from bob@other.test --to nobody@example.test --quit-after RCPT
	assert_output '550 5.1.1'
	server_remove naked
}

@test "more labels: only the first one is the host's" {
	server_start deep --env-file "$LAB_DIR/env" --hostname a.b.example.test
	name_is deep a.b.example.test b.example.test
	server_remove deep
}

@test "the engine's --hostname and --domainname" {
	server_start two --env-file "$LAB_DIR/env" --hostname mail --domainname example.test
	name_is two mail.example.test example.test
	server_remove two
}

@test "a name that an orchestrator has set, and OVERRIDE_HOSTNAME" {
	server_start pod --env-file "$LAB_DIR/env" --hostname mailserver-7d9f8b6c5-x2x4q -e OVERRIDE_HOSTNAME=mx.example.test
	name_is pod mx.example.test example.test
	server_remove pod
}

@test "HOSTNAME in the environment, which orchestrators set, does not count" {
	server_start env --env-file "$LAB_DIR/env" --hostname mail.example.test -e HOSTNAME=pod-1
	name_is env mail.example.test example.test
	server_remove env
}

@test "two labels and DOMAINNAME" {
	server_start named --env-file "$LAB_DIR/env" --hostname mail.test -e DOMAINNAME=example.test
	name_is named mail.test example.test
	server_remove named
}

@test "a name without a dot is refused, and it is said what to do" {
	server_create short --env-file "$LAB_DIR/env" --hostname mailserver-7d9f8b6c5-x2x4q
	"$ENGINE" start "$LAB-short" >/dev/null
	wait_until 30 is_stopped short
	assert_equal "$(exit_status short)" 78
	run log_of short
	assert_match "mailserver-7d9f8b6c5-x2x4q.*has no dot"
	assert_output OVERRIDE_HOSTNAME
	refute_output "$READY"
	server_remove short
}

# six_start NAME [options…]: in a network with both protocols.
six_start() {
	local name=$1
	shift
	server_create "$name" --env-file "$LAB_DIR/env" "$@"
	"$ENGINE" network connect "$LAB-six" "$LAB-$name"
	"$ENGINE" start "$LAB-$name" >/dev/null
	server_ready "$name"
}

address6() { "$ENGINE" inspect -f "{{(index .NetworkSettings.Networks \"$LAB-six\").GlobalIPv6Address}}" "$LAB-$1"; }
address4() { "$ENGINE" inspect -f "{{(index .NetworkSettings.Networks \"$LAB\").IPAddress}}" "$LAB-$1"; }

# Ports that answer at an address.
answers() {
	local port
	for port in 25 587 143; do
		tools python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5)' \
			"$1" "$port" 2>/dev/null && printf '%s ' "$port"
	done
	echo
}

@test "all, the default: both protocols everywhere, and mail over IPv6" {
	six_start all
	assert_equal "$(answers "$(address4 all)")" '25 587 143 '
	assert_equal "$(answers "$(address6 all)")" '25 587 143 '
	tools swaks --server "$(address6 all)" --port 25 --ehlo mx.other.test --from bob@other.test --to anna@example.test --header 'Subject: over-six'
	run tools mt fetch "$(address6 all)" anna@example.test secret over-six
	assert_match 'Received: from .*\[(IPv6:)?fd6d:'
	server_remove all
}

@test "each daemon has its own choice" {
	six_start mixed -e POSTFIX_INET_PROTOCOLS=ipv4 -e DOVECOT_INET_PROTOCOLS=ipv6
	assert_equal "$(answers "$(address4 mixed)")" '25 587 '
	assert_equal "$(answers "$(address6 mixed)")" '143 '
	server_remove mixed
	six_start other -e POSTFIX_INET_PROTOCOLS=ipv6 -e DOVECOT_INET_PROTOCOLS=ipv4
	assert_equal "$(answers "$(address4 other)")" '143 '
	assert_equal "$(answers "$(address6 other)")" '25 587 '
	server_remove other
}

@test "other words are refused" {
	run "$ENGINE" run --rm --network none --hostname mail.example.test -e POSTFIX_INET_PROTOCOLS=v4 -e DOVECOT_INET_PROTOCOLS=both \
		"$IMAGE" mailserver config check
	assert_status 78
	assert_match "POSTFIX_INET_PROTOCOLS='v4'"
	assert_match "DOVECOT_INET_PROTOCOLS='both'"
}
