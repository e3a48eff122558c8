#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# DNS lists are tested by the server: one that lists everybody, or nobody, is switched off until it does not. The lists
# are those of the lab's name server.

load lib/e2e

setup_file() {
	e2e_start
	dns_lists_good
	# Postscreen asks about a client again after a second, not after a minute.
	printf 'postscreen_dnsbl_%s_ttl = 1s\n' min max >"$(config lists)/postfix-main.cf"
	server_start lists -e MAIL_ACCOUNTS='anna@example.test:secret1' -e ENABLE_DNSBL=1
}

teardown_file() { e2e_stop; }

test_now() { in_server "$1" supervisorctl signal HUP dns-lists >/dev/null; }

# The same, and waits until all lists have been asked.
test_all() {
	local before
	before=$(noted "$1")
	test_now "$1"
	wait_until 60 is_noted_again "$1" "$before"
}

noted() { in_server "$1" stat -c '%i %y' /run/mailserver/notes/dns-lists; }
is_noted_again() { [ "$(noted "$1")" != "$2" ]; }

sites() { in_server "$1" postconf -h postscreen_dnsbl_sites; }

# What the program has said since line MARK.
says() { log_after "$1" "$2" | grep -F 'mailserver[' | grep -F 'DNS list'; }

said() { grep -qE -- "$3" <<<"$(says "$1" "$2")"; }

uses() { [[ $(sites "$1") == *"$2"* ]]; }
uses_not() { ! uses "$@"; }

mail_from() { run mail_in "$1" anna@example.test "$(unique)"; }

is_taken() {
	mail_from "$1"
	[ "$status" -eq 0 ]
}

@test "good lists are all used, nothing is said, and the start needs no second rendering" {
	local one
	test_all lists
	for one in $DNS_LISTS; do
		uses lists "$one"
	done
	[ "$(sites lists | grep -o 'list.dnswl.org' | wc -l)" -eq 3 ]
	run in_server lists readlink /run/mailserver/boot/current
	assert_equal "$output" 1
	run says lists 0
	assert_equal "$output" ''
	run in_server lists mailserver healthcheck --verbose
	assert_status 0
	refute_output 'DNS list'
	is_taken lists
}

@test "a list that lists everybody refuses all mail, until it is tested: then it is switched off, loudly" {
	local mark
	dns_list b.barracudacentral.org everything
	dns_list psbl.surriel.com everything
	wait_until 20 is_refused lists
	assert_match '550 5.7.1 Service unavailable; client .* blocked using (b.barracudacentral.org|psbl.surriel.com)'
	mark=$(log_lines lists)
	test_now lists
	wait_until 30 said lists "$mark" 'warning: the DNS list b.barracudacentral.org is switched off: it lists 127.0.0.1'
	said lists "$mark" 'warning: the DNS list psbl.surriel.com is switched off: it lists 127.0.0.1'
	wait_until 30 uses_not lists psbl.surriel.com
	uses_not lists b.barracudacentral.org
	uses lists zen.spamhaus.org
	wait_until 20 is_taken lists
	run in_server lists mailserver healthcheck
	assert_status 0
	assert_match '^note +DNS list psbl.surriel.com is switched off: it lists 127.0.0.1'
	run in_server lists mailserver healthcheck --json
	run tools python3 -c 'import json,sys; x=json.load(sys.stdin); print(x["healthy"], sum("DNS list" in str(n) for n in x["notes"]))' <<<"$output"
	assert_equal "$output" 'True 2'
}

@test "a restart: it is still off, from the first moment, and that is said again" {
	local mark
	mark=$(log_lines lists)
	server_restart lists
	uses_not lists psbl.surriel.com
	wait_until 30 said lists "$mark" 'psbl.surriel.com is switched off'
	run in_server lists readlink /run/mailserver/boot/current
	assert_equal "$output" 1
	is_taken lists
}

@test "when it has recovered it is used again, and believed" {
	local mark client
	mark=$(log_lines lists)
	client=$(awk -F. '{ print $4 "." $3 "." $2 "." $1 }' <<<"$(address tools)")
	dns_list b.barracudacentral.org good
	dns_list psbl.surriel.com good
	test_now lists
	wait_until 30 said lists "$mark" 'psbl.surriel.com is switched on again'
	said lists "$mark" 'b.barracudacentral.org is switched on again'
	wait_until 30 uses lists psbl.surriel.com
	uses lists b.barracudacentral.org
	printf 'host-record=%s.b.barracudacentral.org,127.0.0.2\nhost-record=%s.psbl.surriel.com,127.0.0.2\n' "$client" "$client" | dns_add
	wait_until 10 is_refused lists
	dns_list b.barracudacentral.org good
	dns_list psbl.surriel.com good
	run in_server lists mailserver healthcheck
	assert_status 0
	refute_output 'DNS list'
}

is_refused() {
	mail_from "$1"
	[[ $output == *'550 5.7.1 Service unavailable'* ]]
}

@test "lists nobody, refuses questions, is sold, does not answer: each is named with its reason" {
	local mark
	mark=$(log_lines lists)
	dns_list zen.spamhaus.org refusing
	dns_list bl.mailspike.net nothing
	dns_list bl.spameatingmonkey.net sold
	dns_list list.dnswl.org silent
	test_now lists
	wait_until 60 said lists "$mark" 'zen.spamhaus.org is switched off: it refuses questions from this resolver .answer 127.255.255.254'
	said lists "$mark" 'bl.mailspike.net is switched off: it does not list its test entry'
	said lists "$mark" 'bl.spameatingmonkey.net is switched off: it answers 192.0.2.80 about its test entry'
	said lists "$mark" 'list.dnswl.org is switched off: it does not answer'
	wait_until 30 uses_not lists zen.spamhaus.org
	run sites lists
	assert_equal "$output" 'b.barracudacentral.org*2 psbl.surriel.com'
	run in_server lists mailserver healthcheck
	assert_status 0
	assert_output 'DNS list list.dnswl.org is switched off'
}

@test "a test without a change says nothing and renders nothing; the program is one process, root's" {
	local mark before
	before=$(in_server lists readlink /run/mailserver/boot/current)
	mark=$(log_lines lists)
	test_all lists
	run says lists "$mark"
	assert_equal "$output" ''
	assert_equal "$(in_server lists readlink /run/mailserver/boot/current)" "$before"
	run in_server lists pgrep -cf '^/usr/local/bin/mailserver dns-lists'
	assert_equal "$output" 1
	server_remove lists
}

@test "no list answers, nor does the resolver: the start is not held up, and mail is taken" {
	local one
	for one in $DNS_LISTS; do
		dns_list "$one" silent
	done
	server_create silent -e MAIL_ACCOUNTS='anna@example.test:secret1' -e ENABLE_DNSBL=1
	server_boot silent
	server_ready silent 10
	is_taken silent
	wait_until 60 uses_not silent .
	run in_server silent mailserver healthcheck
	assert_status 0
	[ "$(grep -c '^note .*DNS list' <<<"$output")" -eq 6 ]
	server_remove silent
	dns_lists_good
}

@test "lists of the administrator's own are used as they are, and that is said" {
	echo 'postscreen_dnsbl_sites = own.lists.test*3' >"$(config own)/postfix-main.cf"
	dns_list psbl.surriel.com everything
	server_start own -e MAIL_ACCOUNTS='anna@example.test:secret1' -e ENABLE_DNSBL=1
	run sites own
	assert_equal "$output" 'own.lists.test*3'
	log_has own 'postfix-main.cf:1: these DNS lists are used as they are'
	run in_server own grep -c surriel /run/mailserver/boot/current/dns-lists/lists
	assert_equal "$output" 0
	server_remove own
}

@test "with a user-patches.sh the change waits for the restart, and that is said" {
	printf '#!/bin/sh\n: >/tmp/patched\n' >"$(config patched)/user-patches.sh"
	server_start patched -e MAIL_ACCOUNTS='anna@example.test:secret1' -e ENABLE_DNSBL=1
	wait_until 30 log_has patched 'psbl.surriel.com is switched off'
	wait_until 30 log_has patched 'the change comes into force with the next start'
	uses patched psbl.surriel.com
	server_restart patched
	uses_not patched psbl.surriel.com
	server_remove patched
}

@test "ENABLE_DNSBL=0: nothing runs, nothing is asked" {
	server_start off -e MAIL_ACCOUNTS='anna@example.test:secret1'
	run in_server off pgrep -f dns-lists
	assert_status 1
	run in_server off postconf -h postscreen_dnsbl_sites
	assert_equal "$output" ''
	server_remove off
}
