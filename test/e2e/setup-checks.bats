#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# `setup`: what it looks at before it writes, what it leaves of the files, many accounts at once.

load lib/e2e

setup_file() {
	e2e_start
	local dir
	dir=$(config chk)
	account_line anna@example.test secret1 >"$dir/postfix-accounts.cf"
	server_start chk -e SSL_TYPE=self-signed -e 'MAIL_ALIASES=env@example.test=anna@example.test' \
		-e 'MAIL_ACCOUNTS=both@example.test:secret0'
}

teardown_file() { e2e_stop; }

in_setup() { in_server chk setup "$@" </dev/null; }

file() { echo "$(config chk)/$1"; }

imap() { tools curl -sk --user "$1:$2" "imaps://$(address chk)/$3" "${@:4}"; }

# Everything in the files, to see that nothing has changed.
all_files() { (cd "$(config chk)" && tail -n +1 ./*.cf); }

# --- addresses --------------------------------------------------------------------------------------

@test "a domain outside ASCII: typed in either form, stored in one" {
	local subject
	run in_setup email add 'anna@müller.test' secret2
	assert_status 0
	assert_output "'anna@xn--mller-kva.test'"
	grep -q '^anna@xn--mller-kva\.test|' "$(file postfix-accounts.cf)"
	run login chk anna@xn--mller-kva.test secret2
	assert_status 0
	run in_setup email add anna@xn--mller-kva.test other
	assert_status 1
	assert_output 'already exists'
	run in_setup alias add 'Info@MÜLLER.test' 'anna@müller.test'
	assert_status 0
	grep -qx 'info@xn--mller-kva.test anna@xn--mller-kva.test' "$(file postfix-virtual.cf)"
	subject=$(unique)
	run mail_in chk info@xn--mller-kva.test "$subject"
	assert_status 0
	run fetch chk anna@xn--mller-kva.test secret2 "$subject"
	assert_status 0
	run in_setup quota set 'anna@müller.test' 5G
	assert_status 0
	run in_setup email list 'anna@müller.test'
	assert_match '^\* anna@xn--mller-kva\.test \( [0-9.]+K / 5\.0G \) \[0%\]$'
	run in_setup email update 'anna@müller.test' secret22
	assert_status 0
	run login chk anna@xn--mller-kva.test secret22
	assert_status 0
	run in_setup email del -y 'anna@müller.test'
	assert_status 0
	run all_files
	refute_output 'xn--mller-kva'
}

@test "addresses that RFC 5321 does not know are refused, and nothing is written" {
	local before address
	before=$(all_files)
	for address in 'a..b@example.test' '.a@example.test' 'a.@example.test' 'a b@example.test' 'a@-x.test' 'a@x_y.test' \
		'a@x..test' 'a@192.0.2.1' "$(printf 'a%.0s' {1..65})@example.test" $'a@\xff.test' 'a"b@example.test'; do
		run in_setup email add "$address" secret
		echo "address: $address"
		assert_status 1
		run in_setup alias add "$address" anna@example.test
		assert_status 1
		[[ $address != *' b@'* ]] || continue # as recipients these are two
		run in_setup alias add x@example.test "$address"
		assert_status 1
	done
	assert_equal "$(all_files)" "$before"
}

# --- aliases ----------------------------------------------------------------------------------------

@test "an alias that comes back to itself is refused, through several targets and a catch-all too" {
	local before
	in_setup alias add one@example.test two@example.test,anna@example.test
	in_setup alias add @loop.test one@example.test
	before=$(all_files)
	run in_setup alias add two@example.test one@example.test
	assert_status 1
	assert_output 'two@example.test → one@example.test → two@example.test'
	run in_setup alias add two@example.test anna@example.test,any@loop.test
	assert_status 1
	assert_output 'any@loop.test'
	run in_setup alias add two@example.test two@example.test
	assert_status 1
	assert_equal "$(all_files)" "$before"
	in_setup alias del one@example.test two@example.test,anna@example.test
	in_setup alias del @loop.test one@example.test
}

@test "a recipient that nobody is: it is said, and done" {
	run in_setup alias add new@example.test nobody@example.test
	assert_status 0
	assert_match "WARN.*target 'nobody@example\.test' of 'new@example\.test' is no account and no alias"
	run in_setup alias add new@example.test someone@other.test
	assert_status 0
	assert_equal "$output" ''
	in_setup alias del new@example.test nobody@example.test,someone@other.test
}

@test "an alias and an account with one name, of files and of the environment" {
	run in_setup alias add anna@example.test someone@other.test
	assert_status 1
	assert_output "'anna@example.test' is already defined as an account"
	run in_setup alias add both@example.test anna@example.test
	assert_status 1
	assert_output "'both@example.test' is already defined as an account"
	run in_setup email add env@example.test secret
	assert_status 1
	assert_output "'env@example.test' is already defined as an alias"
	run in_setup email add both@example.test secret9
	assert_status 0
	assert_match 'WARN.*MAIL_ACCOUNTS'
	run login chk both@example.test secret9
	assert_status 0
	in_setup email del -n both@example.test
}

@test "a pattern that takes a new account's mail is named" {
	echo '/^sales/ anna@example.test' >"$(file postfix-regexp.cf)"
	run in_setup email add sales1@example.test secret
	assert_status 0
	assert_match 'WARN.*sales1@example\.test.*goes to anna@example\.test: postfix-regexp\.cf:1'
	in_setup email del -n sales1@example.test
	rm "$(file postfix-regexp.cf)"
}

# --- deleting ---------------------------------------------------------------------------------------

@test "email del: aliases that go along, those that lead nowhere now, a domain with aliases only" {
	in_setup email add last@single.test secret
	in_setup alias add info@single.test last@single.test
	in_setup alias add far@single.test info@single.test
	in_setup alias add out@single.test last@single.test,someone@other.test
	run in_setup email del -n last@single.test
	assert_status 0
	assert_match "INFO.*alias 'info@single\.test' led to 'last@single\.test' only"
	assert_match "WARN.*target 'info@single\.test' of 'far@single\.test'"
	assert_match "WARN.*'last@single\.test' was the last account of single\.test; 2 aliases"
	run in_setup alias list
	refute_match '^\* info@single\.test'
	assert_match '^\* out@single\.test someone@other\.test$'
	in_setup alias del far@single.test info@single.test
	in_setup alias del out@single.test someone@other.test
}

@test "email del: mail data goes only with -y or the answer y, and need not be there" {
	local answer
	for answer in y n ''; do
		in_setup email add "q$answer@example.test" secret
		run mail_in chk "q$answer@example.test" "$(unique)"
		assert_status 0
		wait_until 10 in_server chk test -d "/var/mail/example.test/q$answer"
		run in_server chk setup email del "q$answer@example.test" <<<"$answer"
		assert_status 0
	done
	run in_server chk ls /var/mail/example.test
	refute_match '^qy$'
	assert_match '^qn$'
	assert_match '^q$'
	in_setup email add never@example.test secret
	run in_setup email del -y never@example.test
	assert_status 0
	grep -vq '^never@' "$(file postfix-accounts.cf)"
}

# --- quotas -----------------------------------------------------------------------------------------

@test "quota set: below what is used, it says the figures and does it" {
	in_setup email add big@example.test secret3
	tools mt bigmail 300000 >"$BATS_TEST_TMPDIR/mail"
	tools sh -c 'cat >/tmp/mail' <"$BATS_TEST_TMPDIR/mail"
	imap big@example.test secret3 INBOX -T /tmp/mail
	run in_setup quota set big@example.test 100k
	assert_status 0
	assert_match "WARN.*'big@example\.test' holds (29[0-9]|30[0-9])K, more than 100k"
	grep -qx 'big@example.test:100k' "$(file dovecot-quotas.cf)"
	run in_setup quota set big@example.test 1M
	assert_status 0
	assert_equal "$output" ''
	run in_setup quota set nobody@example.test 1M
	assert_status 1
}

@test "quota list, and as JSON" {
	in_setup quota set anna@example.test 0
	run in_setup quota list
	assert_status 0
	assert_equal "$output" $'* big@example.test 1M\n* anna@example.test 0'
	run in_setup quota list --json
	assert_status 0
	run tools python3 -c 'import json, sys; print(json.load(sys.stdin))' <<<"$output"
	assert_equal "$output" "[{'address': 'big@example.test', 'quota': '1M', 'bytes': 1048576}, \
{'address': 'anna@example.test', 'quota': '0', 'bytes': 0}]"
	in_setup quota del anna@example.test
}

@test "email list: sizes as numfmt prints them" {
	local kib want
	for kib in 9 10 1023 1024 9999 10240 5242880; do
		in_setup quota set big@example.test "${kib}k"
		want=$(in_server chk numfmt --to=iec $((kib * 1024)))
		run in_setup email list big@example.test
		assert_match "^\\* big@example\\.test \\( [0-9.]+K / ${want//./\\.} \\) \\[[0-9]+%\\]\$"
	done
	in_setup email del -y big@example.test
}

# --- files ------------------------------------------------------------------------------------------

@test "owner, mode, comments, order and CR LF survive every edit" {
	local name dir
	dir=$(config chk)
	tools sh -eu -c '
		cd /config/chk
		printf "# head\r\n\r\n" >a; sed "s/\$/\r/" postfix-accounts.cf >>a; printf "# tail\r\n" >>a
		printf "# aliases\r\nzeta@example.test anna@example.test\r\n\r\n# tail\r\n" >v
		printf "# quotas\r\nanna@example.test:1G\r\n# tail\r\n" >q
		mv a postfix-accounts.cf; mv v postfix-virtual.cf; mv q dovecot-quotas.cf
		chown 1234:2345 postfix-accounts.cf postfix-virtual.cf dovecot-quotas.cf
		chmod 0640 postfix-accounts.cf postfix-virtual.cf dovecot-quotas.cf'
	in_setup email add crlf@example.test secret4
	in_setup email update crlf@example.test secret5
	in_setup alias add alpha@example.test crlf@example.test
	in_setup alias add zeta@example.test crlf@example.test
	in_setup quota set crlf@example.test 5M
	in_setup quota set crlf@example.test 6M
	printf 'list1@example.test pass1\nlist2@example.test pass2\n' | in_server chk setup email add --from -
	run login chk crlf@example.test secret5
	assert_status 0
	for name in postfix-accounts.cf postfix-virtual.cf dovecot-quotas.cf; do
		assert_equal "$(stat -c '%u:%g %a' "$dir/$name")" '1234:2345 640'
		# Each line still ends as the lines of the file do.
		assert_equal "$(tools grep -c $'\r$' "/config/chk/$name")" "$(tools sh -c "wc -l <'/config/chk/$name'")"
	done
	assert_equal "$(tools tr -d '\r' <<<"$(tools cat /config/chk/postfix-virtual.cf)")" \
		$'# aliases\nzeta@example.test anna@example.test,crlf@example.test\n\n# tail\nalpha@example.test crlf@example.test'
	in_setup email del -n crlf@example.test list1@example.test list2@example.test
	for name in postfix-accounts.cf postfix-virtual.cf dovecot-quotas.cf; do
		assert_equal "$(stat -c '%u:%g %a' "$dir/$name")" '1234:2345 640'
	done
	assert_equal "$(tools head -c 8 /config/chk/postfix-accounts.cf)" $'# head\r'
	assert_equal "$(tools tail -n 1 /config/chk/postfix-accounts.cf)" $'# tail\r'
	assert_equal "$(tools cat /config/chk/dovecot-quotas.cf)" $'# quotas\r\nanna@example.test:1G\r\n# tail\r'
	in_setup quota del anna@example.test
}

@test "administrators in two containers at once: nothing is lost" {
	local i jobs=()
	for i in 1 2 3 4; do
		in_setup email add "here$i@example.test" secret &
		jobs+=($!)
		"$ENGINE" run --rm -v "$(config chk):/tmp/docker-mailserver" "$IMAGE" \
			setup alias add "there$i@example.test" anna@example.test </dev/null &
		jobs+=($!)
		"$ENGINE" run --rm -v "$(config chk):/tmp/docker-mailserver" "$IMAGE" \
			setup email add "there$i@second.test" secret </dev/null &
		jobs+=($!)
	done
	for i in "${jobs[@]}"; do wait "$i"; done
	run tools cat /config/chk/postfix-accounts.cf /config/chk/postfix-virtual.cf
	assert_equal "$(grep -c '^here[1-4]@example\.test|' <<<"$output")" 4
	assert_equal "$(grep -c '^there[1-4]@second\.test|' <<<"$output")" 4
	assert_equal "$(grep -c '^there[1-4]@example\.test anna@example\.test' <<<"$output")" 4
	# What the other container wrote arrives here by itself.
	wait_until 5 login chk there4@second.test secret
	in_setup alias del _ anna@example.test
	in_setup email del -n here{1,2,3,4}@example.test there{1,2,3,4}@second.test
}

# --- many at once -----------------------------------------------------------------------------------

@test "email add --from: 1,000 accounts work when it returns" {
	local i
	for i in {1..1000}; do echo "many$i@many.test pass$i"; done >"$(file new-accounts)"
	run in_setup email add --from /tmp/docker-mailserver/new-accounts
	assert_status 0
	assert_match 'INFO.*1000 accounts added'
	for i in 1 500 1000; do
		run login chk "many$i@many.test" "pass$i"
		assert_status 0
		run mail_in chk "many$i@many.test" "$(unique)"
		assert_status 0
	done
	assert_equal "$(tools grep -c '^many' /config/chk/postfix-accounts.cf)" 1000
	run log_of chk
	refute_output 'pass500'
	rm "$(file new-accounts)"
	tools sed -i '/^many/d' /config/chk/postfix-accounts.cf
}

@test "email add --from: all wrong lines are told with their numbers, and nothing is added" {
	local before
	before=$(all_files)
	run in_server chk setup email add --from - <<-'END'
		# comment
		good@example.test secret
		anna@example.test secret
		env@example.test secret
		no-domain secret
		nothing@example.test
		good@example.test again
		a+b@example.test secret
		plain@example.test|secret
	END
	assert_status 1
	for i in 3 4 5 6 7 8 9; do
		assert_match "ERROR standard input:$i: "
	done
	refute_match 'input:2:'
	assert_output 'nothing was added: 7 lines are wrong'
	assert_equal "$(all_files)" "$before"
	run login chk good@example.test secret
	assert_status 1
	run in_setup email add --from /nowhere
	assert_status 1
	assert_output '/nowhere'
	run in_setup email add --from
	assert_status 1
}

@test "email add --from: hashes are taken as they are, on standard input, through setup.sh too" {
	local hash
	hash=$(tools openssl passwd -6 secret6)
	run "$ROOT_DIR/setup.sh" -c "$LAB-chk" email add --from - <<-END
		hash@example.test|{SHA512-CRYPT}$hash|userdb_quota_storage_size=7M
		bare@example.test|$hash
		words@example.test two words
	END
	assert_status 0
	run login chk hash@example.test secret6
	assert_status 0
	run login chk bare@example.test secret6
	assert_status 0
	run imap words@example.test 'two words' ''
	assert_status 0
	run in_setup email list hash@example.test
	assert_output '/ 7.0M )'
	in_setup email del -n hash@example.test bare@example.test words@example.test
}
