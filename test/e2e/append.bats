#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# `setup email add` writes its line behind the accounts file instead of replacing the file, while the tables of the
# server are what the files say. What else may lie there then, and what happens when it is killed.

load lib/e2e

setup_file() {
	e2e_start
	local dir
	dir=$(config add)
	{
		account_line anna@example.test secret1
		account_line ben@example.test secret2
	} >"$dir/postfix-accounts.cf"
	echo 'info@example.test anna@example.test' >"$dir/postfix-virtual.cf"
	server_start add -e SSL_TYPE=self-signed
	wait_until 10 copy_is_complete
}

teardown_file() { e2e_stop; }

accounts_file() { echo "$(config add)/postfix-accounts.cf"; }
inode() { stat -c %i "$(accounts_file)"; }

copy_is_complete() {
	in_server add cmp -s /tmp/docker-mailserver/postfix-accounts.cf /var/mail-state/lib-mailserver/last-good/postfix-accounts.cf
}

# The copy has been noted too: the next account can be added the short way.
copy_is_known() { copy_is_complete && in_server add test -e /run/mailserver/live/.kept; }

# add ADDRESS: done without a word, and the login works at once.
add() {
	run in_server add setup email add "$1" geheim
	assert_status 0
	assert_equal "$output" ''
	login add "$1" geheim
}

# was_appended COMMAND…: the command leaves the file's inode.
was_appended() {
	local before
	before=$(inode)
	"$@"
	assert_equal "$(inode)" "$before"
}

was_replaced() {
	local before
	before=$(inode)
	"$@"
	[ "$(inode)" != "$before" ] || fail 'the file was not replaced'
}

@test "a new account: the file stays the same one, the copy of the good state follows" {
	wait_until 10 copy_is_known
	was_appended add carla@example.test
	wait_until 10 copy_is_known
	was_appended add dora@example.test
	run mail_in add dora@example.test "$(unique)"
	assert_status 0
	wait_until 10 copy_is_known
	assert_equal "$(cut -d'|' -f1 "$(accounts_file)" | tr '\n' ' ')" \
		'anna@example.test ben@example.test carla@example.test dora@example.test '
}

@test "what is there already is refused, with its line" {
	run in_server add setup email add dora@example.test geheim
	assert_status 1
	assert_output "'dora@example.test' already exists (postfix-accounts.cf:4)"
	run in_server add setup email add info@example.test geheim
	assert_status 1
	assert_output "'info@example.test' is already defined as an alias"
}

@test "an account that was just added gets a new password, and is deleted" {
	wait_until 10 copy_is_known
	was_appended add emil@example.test
	run in_server add setup email update emil@example.test anders
	assert_status 0
	login add emil@example.test anders
	run in_server add setup email del -y emil@example.test
	assert_status 0
	run login add emil@example.test anders
	assert_status 1
	run tools swaks --server "$(address add)" --ehlo mx.other.test --from bob@other.test --to emil@example.test --quit-after RCPT
	assert_status 24
	wait_until 10 copy_is_known
	was_appended add emil@example.test
}

@test "edited in place to the same size and time: the edit counts, and the new account" {
	wait_until 10 copy_is_known
	local file changed
	file=$(accounts_file)
	cp -p "$file" "$LAB_DIR/before"
	changed=$(account_line ben@example.test secret9)
	# Within the pause that the watcher makes, or after it: both are right.
	awk -F'|' -v new="$changed" '$1 == "ben@example.test" { print new; next } { print }' "$LAB_DIR/before" >"$LAB_DIR/after"
	assert_equal "$(stat -c %s "$LAB_DIR/after")" "$(stat -c %s "$file")"
	cat "$LAB_DIR/after" >"$file"
	touch -r "$LAB_DIR/before" "$file"
	add fritz@example.test
	wait_until 5 login add ben@example.test secret9
	login add fritz@example.test geheim
	wait_until 10 copy_is_complete
}

@test "a comment that a killed command left, and NUL bytes after a power failure: no harm" {
	wait_until 10 copy_is_known
	printf '#erda@example.test|{SHA512-CR' >>"$(accounts_file)"
	add gerda@example.test
	wait_until 10 copy_is_known
	printf '\0\0\0\0\0' >>"$(accounts_file)"
	add hugo@example.test
	run in_server add mailserver healthcheck
	assert_status 0
	login add anna@example.test secret1
	login add gerda@example.test geheim
	[ "$(tr -d '\0' <"$(accounts_file)" | wc -c)" -eq "$(wc -c <"$(accounts_file)")" ] || fail 'NUL bytes are left'
}

@test "a copy that is not known to be complete is written anew" {
	wait_until 10 copy_is_known
	in_server add sh -c ': >/var/mail-state/lib-mailserver/last-good/postfix-accounts.cf'
	was_replaced add ida@example.test
	wait_until 10 copy_is_known
	was_appended add jan@example.test
	wait_until 10 copy_is_complete
}

@test "killed at any moment: whole lines and comments, the server is well, the next account is added" {
	local n
	for n in {1..30}; do
		# shellcheck disable=SC2016 # for the shell in the container
		in_server add bash -c 'setup email add "kill$0@example.test" geheim >/dev/null 2>&1 & read -rt "0.00$1" <> <(:); kill -9 $!; wait' \
			"$n" "$((n / 3))" </dev/null 2>/dev/null || :
	done
	run grep -vE '^#|^[a-z0-9]+@example\.test\|\{SHA512-CRYPT\}\$6\$[^$]+\$.{86}$' "$(accounts_file)"
	assert_output ''
	assert_status 1
	add last@example.test
	wait_until 10 copy_is_complete
	in_server add mailserver healthcheck
	# Everybody whose line is there can log in.
	while IFS='|' read -r n _; do
		[[ $n != kill* ]] || login add "$n" geheim
	done <"$(accounts_file)"
}

@test "after a restart everybody is there" {
	server_restart add
	login add carla@example.test geheim
	login add last@example.test geheim
	wait_until 10 copy_is_known
	was_appended add otto@example.test
}
