#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# `setup`: in a running container, through setup.sh on the host, and without any container.

load lib/e2e

setup_file() {
	e2e_start
	server_start set -e SSL_TYPE=self-signed
}

teardown_file() { e2e_stop; }

in_setup() { in_server set setup "$@"; }

accounts() { cat "$(config set)/postfix-accounts.cf"; }

# --- accounts ---------------------------------------------------------------------------------------

@test "email add: silent, and the login works at once" {
	run in_setup email add anna@example.test secret1 </dev/null
	assert_status 0
	assert_equal "$output" ''
	run login set anna@example.test secret1
	assert_status 0
	run mail_in set anna@example.test "$(unique)"
	assert_status 0
	grep -qE '^anna@example\.test\|\{SHA512-CRYPT\}[$]6[$]' "$(config set)/postfix-accounts.cf"
}

@test "email add: the password from standard input, twice" {
	run in_setup email add ben@example.test < <(printf 'secret2\nsecret2\n')
	assert_status 0
	run login set ben@example.test secret2
	assert_status 0
}

@test "email add: two different passwords, or an empty one, are refused" {
	run in_setup email add carla@example.test < <(printf 'one\ntwo\n')
	assert_status 1
	run in_setup email add carla@example.test < <(printf '\n\n')
	assert_status 1
	run accounts
	refute_output carla
}

@test "email add: capitals are made small, with a word about it" {
	run in_setup email add Dora@Example.TEST secret3
	assert_status 0
	assert_output dora@example.test
	run login set dora@example.test secret3
	assert_status 0
}

@test "email add: what exists, in any case, is refused" {
	run in_setup email add ANNA@example.test other
	assert_status 1
	assert_output "'anna@example.test'"
	run login set anna@example.test secret1
	assert_status 0
}

@test "email add: no address, no domain, rubbish" {
	local address before
	before=$(accounts)
	run in_setup email add
	assert_status 1
	for address in '' anna @example.test anna@ a@b@c 'an na@example.test' 'a|b@example.test' "$(printf 'a\nb@example.test')" \
		-- ../../etc@example.test anna@example..test; do
		[ "$address" != -- ] || continue
		run in_setup email add "$address" secret
		echo "address: $address"
		assert_status 1
		[ -n "$output" ]
	done
	assert_equal "$(accounts)" "$before"
}

@test "email add: an address that could not receive is refused" {
	local address
	for address in 'a+b@example.test' 'a%b@example.test' 'a!b@example.test'; do
		run in_setup email add "$address" secret
		assert_status 1
	done
	run accounts
	refute_output 'b@example.test|'
}

@test "email add: a password with any sign" {
	local password
	# shellcheck disable=SC2016 # nothing is meant to expand
	password='p|a s$s"w\o'"'"'rd{}é%*`#;:'
	run in_setup email add signs@example.test "$password"
	assert_status 0
	run tools swaks --server "$(address set)" --port 465 -tlsc --ehlo laptop.home.test --from signs@example.test --to anna@example.test \
		--auth PLAIN --auth-user signs@example.test --auth-password "$password" --quit-after AUTH
	assert_status 0
}

@test "email update: the new password works at once, the old one no longer, other fields stay" {
	local line
	line=$(grep '^ben@' "$(config set)/postfix-accounts.cf")
	sed -i "s#^ben@.*#&|userdb_mail_path=/var/mail/example.test/ben-moved#" "$(config set)/postfix-accounts.cf"
	run in_setup email update ben@example.test secret22
	assert_status 0
	run login set ben@example.test secret22
	assert_status 0
	run login set ben@example.test secret2
	assert_status 1
	run accounts
	assert_match '^ben@example\.test\|\{SHA512-CRYPT\}[^|]*\|userdb_mail_path='
	[ "$line" != "$(grep '^ben@' "$(config set)/postfix-accounts.cf")" ]
	run in_setup email update nobody@example.test x
	assert_status 1
	assert_output "'nobody@example.test'"
}

@test "email list: one block for each account, in file order" {
	run in_setup alias add info@example.test anna@example.test
	assert_status 0
	run in_setup alias add kontakt@example.test anna@example.test,ben@example.test
	assert_status 0
	run in_setup email list
	assert_status 0
	assert_match '^\* anna@example\.test \( [0-9.]+[KMGT]? / ([0-9.]+[KMGT]?|~) \) \[[0-9]+%\]$'
	assert_output '    [ aliases -> info@example.test, kontakt@example.test ]'
	assert_equal "$(grep '^\*' <<<"$output" | awk '{print $2}')" "$(accounts | cut -d'|' -f1)"
	# Blocks end with an empty line.
	assert_equal "$(in_setup email list | tail -n 1 | wc -c)" 1
}

@test "ten accounts added at the same time: none is lost, all can log in" {
	local i jobs=()
	for i in 0 1 2 3 4 5 6 7 8 9; do
		in_setup email add "many$i@example.test" "pass$i" </dev/null &
		jobs+=($!)
	done
	for i in "${jobs[@]}"; do wait "$i"; done
	for i in 0 1 2 3 4 5 6 7 8 9; do
		run login set "many$i@example.test" "pass$i"
		assert_status 0
	done
	assert_equal "$(grep -c '^many' "$(config set)/postfix-accounts.cf")" 10
}

@test "email del -n keeps the mail, ends the login, and takes aliases along" {
	run in_setup email add gone@example.test secret5
	run mail_in set gone@example.test "$(unique)"
	assert_status 0
	wait_until 10 in_server set test -d /var/mail/example.test/gone
	in_setup alias add exit@example.test gone@example.test
	in_setup alias add both@example.test gone@example.test,anna@example.test
	run in_setup email del -n gone@example.test
	assert_status 0
	run login set gone@example.test secret5
	assert_status 1
	in_server set test -d /var/mail/example.test/gone
	run cat "$(config set)/postfix-virtual.cf"
	refute_output gone@example.test
	refute_output exit@example.test
	assert_match '^both@example\.test anna@example\.test$'
}

@test "email del -y removes the mail" {
	run in_setup email add leaver@example.test secret5
	run mail_in set leaver@example.test "$(unique)"
	assert_status 0
	wait_until 10 in_server set test -d /var/mail/example.test/leaver
	run in_setup email del -y leaver@example.test
	assert_status 0
	run in_server set test -e /var/mail/example.test/leaver
	assert_status 1
	in_server set test -d /var/mail/example.test/anna
}

@test "email del: several at once, unknown ones, no answer" {
	in_setup email add one@example.test x
	in_setup email add two@example.test x
	run in_setup email del -n one@example.test two@example.test
	assert_status 0
	run accounts
	refute_match '^(one|two)@'
	run in_setup email del -n nobody@example.test
	assert_status 1
	assert_output "'nobody@example.test'"
	# Without -y or -n the question is read from standard input; no answer means no.
	in_setup email add three@example.test x
	run in_setup email del three@example.test </dev/null
	run accounts
	refute_match '^three@'
}

# --- aliases ----------------------------------------------------------------------------------------

@test "an account that was added last and is deleted again is really gone" {
	in_setup email add gone@example.test secret5 </dev/null
	in_setup email del -n gone@example.test
	run login set gone@example.test secret5
	[ "$status" -ne 0 ]
	run in_server set swaks --server 127.0.0.1 --from '<>' --to gone@example.test --quit-after RCPT
	[ "$status" -ne 0 ]
}

@test "an older accounts file put back is in force again" {
	in_setup email add back@example.test first6 </dev/null
	cp "$(config set)/postfix-accounts.cf" "$BATS_TEST_TMPDIR/older"
	in_setup email update back@example.test second6 </dev/null
	cp "$BATS_TEST_TMPDIR/older" "$(config set)/postfix-accounts.cf"
	wait_until 5 login set back@example.test first6
	run login set back@example.test second6
	[ "$status" -ne 0 ]
}

@test "accounts added just before a mistake in the same file stay" {
	local file name
	file="$(config set)/postfix-accounts.cf"
	for name in one two three; do
		in_setup email add "$name@example.test" secret9 </dev/null
	done
	in_setup email update one@example.test secret10 </dev/null
	cp "$file" "$BATS_TEST_TMPDIR/accounts"
	echo 'a bad line' >>"$file"
	wait_until 5 is_unhealthy set
	run login set one@example.test secret10
	assert_status 0
	run login set three@example.test secret9
	assert_status 0
	cp "$BATS_TEST_TMPDIR/accounts" "$file"
	wait_until 5 is_healthy set
	in_setup email del -n one@example.test two@example.test three@example.test
}

@test "while all files are gone nothing is lost, and setup makes no new ones" {
	local dir
	dir=$(config set)
	in_setup email add stays@example.test secret11 </dev/null
	mkdir "$BATS_TEST_TMPDIR/away"
	mv "$dir"/*.cf "$BATS_TEST_TMPDIR/away/"
	wait_until 5 is_unhealthy set
	run login set stays@example.test secret11
	assert_status 0
	run in_setup email add never@example.test secret12 </dev/null
	assert_status 1
	assert_output 'mounted'
	cp -p "$BATS_TEST_TMPDIR/away"/*.cf "$dir/"
	wait_until 5 is_healthy set
	run login set stays@example.test secret11
	assert_status 0
	in_setup email del -n stays@example.test
}

@test "a mistake in another file keeps neither setup from working nor the health check quiet" {
	local aliases
	aliases="$(config set)/postfix-virtual.cf"
	touch "$aliases"
	cp "$aliases" "$BATS_TEST_TMPDIR/aliases"
	echo 'nonsense' >>"$aliases"
	wait_until 5 is_unhealthy set
	run in_setup email add urgent@example.test secret7 </dev/null
	assert_status 0
	run login set urgent@example.test secret7
	assert_status 0
	run in_server set mailserver healthcheck
	assert_match 'postfix-virtual\.cf:[0-9]+'
	cp "$BATS_TEST_TMPDIR/aliases" "$aliases"
	wait_until 5 is_healthy set
	in_setup email del -n urgent@example.test
}

quota_root() { tools curl -sk --user "$1:$2" "imaps://$(address set)/" -X 'GETQUOTAROOT INBOX'; }

@test "quota set and del: seen by mail programs at once" {
	in_setup email add full@example.test secret8 </dev/null
	run in_setup quota set full@example.test 3M
	assert_status 0
	assert_equal "$output" ''
	run quota_root full@example.test secret8
	assert_match 'STORAGE [0-9]+ 3072'
	run in_setup email list full@example.test
	assert_match '^\* full@example\.test \( 0 / 3\.0M \) \[0%\]'
	run in_setup quota del full@example.test
	assert_status 0
	run quota_root full@example.test secret8
	refute_match 'STORAGE [0-9]+ 3072'
}

@test "quota: who does not exist, what is no quota, and a quota from standard input" {
	run in_setup quota set nobody@example.test 3M
	assert_status 1
	assert_output "'nobody@example.test' does not exist"
	run in_setup quota set full@example.test lots
	assert_status 1
	run in_setup quota set full@example.test < <(printf '4M\n')
	assert_status 0
	grep -qx 'full@example.test:4M' "$(config set)/dovecot-quotas.cf"
	run in_setup quota set
	assert_status 1
}

@test "alias add: mail arrives at once; a second recipient joins the line" {
	local subject
	run in_setup alias add hello@example.test anna@example.test
	assert_status 0
	assert_equal "$output" ''
	subject=$(unique)
	run mail_in set hello@example.test "$subject"
	assert_status 0
	run fetch set anna@example.test secret1 "$subject"
	assert_status 0
	run in_setup alias add HELLO@example.test dora@example.test
	assert_status 0
	run in_setup alias add hello@example.test anna@example.test
	assert_status 1
	assert_equal "$(grep -ci '^hello@' "$(config set)/postfix-virtual.cf")" 1
	subject=$(unique)
	run mail_in set hello@example.test "$subject"
	assert_status 0
	run fetch set dora@example.test secret3 "$subject"
	assert_status 0
}

@test "alias add: an account of that name, or rubbish, is refused" {
	run in_setup alias add anna@example.test ben@example.test
	assert_status 1
	assert_output "'anna@example.test'"
	run in_setup alias add hello@example.test
	assert_status 1
	run in_setup alias add 'he llo@example.test' anna@example.test
	assert_status 1
	# A name that begins like an account's is another name.
	run in_setup alias add anna@example.te ben@example.test
	assert_status 0
}

@test "alias list: the lines of the file" {
	run in_setup alias list
	assert_status 0
	assert_match '^\* info@example\.test anna@example\.test$'
	assert_equal "$(grep -c '^\* ' <<<"$output")" "$(grep -cvE '^(#|$)' "$(config set)/postfix-virtual.cf")"
}

@test "alias del: one recipient, then the line; unknown ones are no error" {
	run in_setup alias del hello@example.test anna@example.test
	assert_status 0
	assert_equal "$(grep -i '^hello@' "$(config set)/postfix-virtual.cf" | awk '{print $2}')" dora@example.test
	run in_setup alias del hello@example.test dora@example.test
	assert_status 0
	run tools swaks --server "$(address set)" --ehlo mx.other.test --from bob@other.test --to hello@example.test --quit-after RCPT
	assert_status 24
	run in_setup alias del hello@example.test dora@example.test
	assert_status 0
	run in_setup alias del hello@example.test
	assert_status 1
}

@test "a catch-all is added and listed like other aliases" {
	run in_setup alias add @catch.test anna@example.test
	assert_status 0
	run mail_in set anybody@catch.test "$(unique)"
	assert_status 0
	run in_setup alias list
	assert_output '* @catch.test anna@example.test'
}

# --- usage ------------------------------------------------------------------------------------------

@test "help: status 0 on standard output; unknown commands: 2 on standard error; too few arguments: usage and 1" {
	run in_setup help
	assert_status 0
	assert_output 'email add'
	assert_output 'alias del'
	run in_setup
	assert_status 0
	run in_setup email add help
	assert_status 0
	assert_output 'email add'
	run in_setup emial list
	assert_status 2
	assert_output "'emial"
	assert_output 'setup help'
	run in_setup email delete x@example.test
	assert_status 2
	assert_equal "$(in_setup emial list 2>/dev/null || :)" ''
	run in_setup alias add
	assert_status 1
	assert_output 'alias add'
}

@test "comments, order and unknown parts of the files stay" {
	sed -i '1i # the first line\n' "$(config set)/postfix-accounts.cf"
	echo '# the last line' >>"$(config set)/postfix-accounts.cf"
	in_setup email add after@example.test x
	in_setup email del -n after@example.test
	run accounts
	assert_equal "$(head -n 1 <<<"$output")" '# the first line'
	assert_equal "$(tail -n 1 <<<"$output")" '# the last line'
}

@test "a new file with password hashes is readable by its owner only" {
	assert_equal "$(stat -c %a "$(config set)/postfix-accounts.cf")" 600
}

@test "the password of a running command is seen by nobody" {
	run in_server set sh -c 'exec 3<&0; setup email add quiet@example.test <&3 & ps -eo args; wait' < <(printf 'secret6\nsecret6\n')
	assert_output 'setup email add'
	refute_output secret6
	run log_of set
	refute_output secret6
	refute_output '{SHA512-CRYPT}'
}

# --- setup.sh ---------------------------------------------------------------------------------------

@test "setup.sh on the host, with the running container" {
	run "$ROOT_DIR/setup.sh" -c "$LAB-set" email add host@example.test secret7 </dev/null
	assert_status 0
	run login set host@example.test secret7
	assert_status 0
	run "$ROOT_DIR/setup.sh" -c "$LAB-set" email list </dev/null
	assert_status 0
	assert_output '* host@example.test'
	run "$ROOT_DIR/setup.sh" -c "$LAB-set" email add host@example.test again </dev/null
	assert_status 1
	run "$ROOT_DIR/setup.sh" -c "$LAB-set" nonsense </dev/null
	assert_status 2
}

@test "setup.sh passes a password on standard input" {
	run "$ROOT_DIR/setup.sh" -c "$LAB-set" email add piped@example.test < <(printf 'secret8\nsecret8\n')
	assert_status 0
	run login set piped@example.test secret8
	assert_status 0
}

# A client that knows of no container, whatever else runs on this machine.
lonely_client() {
	mkdir -p "$LAB_DIR/bin"
	# shellcheck disable=SC2016 # for the client's shell
	printf '#!/bin/sh\n[ "$1" != ps ] || exit 0\nexec %q "$@"\n' "$ENGINE" >"$LAB_DIR/bin/docker"
	chmod 0755 "$LAB_DIR/bin/docker"
}

@test "setup.sh without any container: the files are written, a later start uses them" {
	local dir
	dir=$(config later)
	lonely_client
	export PATH=$LAB_DIR/bin:$PATH
	run "$ROOT_DIR/setup.sh" -i "$IMAGE" -p "$dir" email add early@example.test secret9 </dev/null
	assert_status 0
	grep -q '^early@example.test|' "$dir/postfix-accounts.cf"
	run "$ROOT_DIR/setup.sh" -i "$IMAGE" -p "$dir" email list </dev/null
	assert_status 0
	assert_output '* early@example.test'
	server_create later -e SSL_TYPE=self-signed
	# A container that is there but does not run tells image and directory.
	run "$ROOT_DIR/setup.sh" -c "$LAB-later" alias add info@example.test early@example.test </dev/null
	assert_status 0
	server_boot later
	server_ready later
	run login later early@example.test secret9
	assert_status 0
	run mail_in later info@example.test hello
	assert_status 0
	server_remove later
}

@test "setup.sh: unknown option, missing directory, help" {
	run "$ROOT_DIR/setup.sh" -x email list </dev/null
	assert_status 1
	assert_output "-x"
	run "$ROOT_DIR/setup.sh" -p "$LAB_DIR/nowhere" email list </dev/null
	assert_status 1
	assert_output "$LAB_DIR/nowhere"
	run "$ROOT_DIR/setup.sh" -i "$IMAGE" -c "$LAB-set" help </dev/null
	assert_status 0
	assert_output 'email add'
	assert_output '-c'
}
