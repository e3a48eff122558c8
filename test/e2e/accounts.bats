#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Accounts and aliases from the configuration directory: what they do, how changes arrive, what mistakes do.

load lib/e2e

setup_file() {
	e2e_start
	local dir
	dir=$(config acc)
	{
		echo '# our people'
		account_line anna@example.test secret1
		account_line ben@example.test secret2
		account_line real@catch.test secret3
		account_line only@second.test secret3
		account_line small@example.test secret3
	} >"$dir/postfix-accounts.cf"
	cat >"$dir/postfix-virtual.cf" <<-'END'
		# aliases
		info@example.test     anna@example.test
		team@example.test     anna@example.test, ben@example.test
		chain@example.test    info@example.test
		away@example.test     someone@other.test
		@catch.test           anna@example.test
	END
	echo '/^rechnung-[0-9]+@example\.test$/ ben@example.test' >"$dir/postfix-regexp.cf"
	printf 'keepers: anna@example.test\ndevnull: /dev/null\n' >"$dir/postfix-aliases.cf"
	echo 'small@example.test:1M' >"$dir/dovecot-quotas.cf"
	server_start acc -e SSL_TYPE=self-signed -e POSTMASTER_ADDRESS=ben@example.test \
		-e MAIL_ACCOUNTS='env@example.test:secret4 anna@example.test:not-this-one'
}

teardown_file() { e2e_stop; }

# What a test saved is put back, also when it failed.
teardown() {
	local file
	for file in "$LAB_DIR"/saved/*; do
		[ -f "$file" ] || continue
		mv "$file" "$(config acc)/$(basename "$file")"
	done
}

save() {
	mkdir -p "$LAB_DIR/saved"
	cp "$(config acc)/$1" "$LAB_DIR/saved/$1"
}

# sent_arrives TO USER PASSWORD
sent_arrives() {
	local subject
	subject=$(unique)
	run mail_in acc "$1" "$subject"
	assert_status 0
	run fetch acc "$2" "$3" "$subject"
	assert_status 0
}

refused_at_rcpt() {
	run tools swaks --server "$(address acc)" --ehlo mx.other.test --from bob@other.test --to "$1" --quit-after RCPT
	assert_status 24
}

# edit FILE: replaces a file of the configuration directory by standard input, as editors do.
edit() {
	cat >"$(config acc)/$1.edit"
	mv "$(config acc)/$1.edit" "$(config acc)/$1"
}

# What Postfix makes of an alias now: alias_is KEY TARGETS
alias_is() {
	local is
	# shellcheck disable=SC2016 # for the shell in the container
	is=$(in_server acc sh -c 'for map in $(postconf -hx virtual_alias_maps | tr , " "); do postmap -q "$0" "$map" && break; done' "$1" </dev/null)
	[ "$is" = "$2" ]
}

# What must not change when accounts do: daemons, and sessions.
refute_reloaded() {
	run log_after acc "$1"
	refute_match 'SIGHUP|postfix/master.*reload|refreshing the Postfix mail system|postfix-script'
}

# --- what they do -----------------------------------------------------------------------------------

@test "accounts of the file and of the environment; the file wins and the log says so" {
	login acc anna@example.test secret1
	login acc ben@example.test secret2
	login acc env@example.test secret4
	run login acc anna@example.test not-this-one
	assert_status 1
	run log_of acc
	assert_match 'anna@example\.test'
	refute_output not-this-one
	refute_output secret4
}

@test "login name and domain in upper case" {
	login acc Anna@Example.TEST secret1
}

@test "alias to one, to several, to an alias" {
	sent_arrives info@example.test anna@example.test secret1
	sent_arrives team@example.test ben@example.test secret2
	sent_arrives chain@example.test anna@example.test secret1
}

@test "alias with a tag" {
	sent_arrives info+tag@example.test anna@example.test secret1
}

@test "alias to another server" {
	local subject
	subject=$(unique)
	run mail_in acc away@example.test "$subject"
	assert_status 0
	mx_wait "$subject"
}

@test "alias by regular expression" {
	sent_arrives rechnung-2026@example.test ben@example.test secret2
	refused_at_rcpt rechnung-x@example.test
}

@test "a catch-all takes what no account takes" {
	local subject
	sent_arrives whoever@catch.test anna@example.test secret1
	subject=$(unique)
	run mail_in acc real@catch.test "$subject"
	assert_status 0
	run fetch acc real@catch.test secret3 "$subject"
	assert_status 0
	run "$ENGINE" exec -e MT_WAIT=1 "$LAB-tools" mt fetch "$(address acc)" anna@example.test secret1 "$subject"
	assert_status 1
}

@test "local aliases at the host name, and root to the postmaster" {
	sent_arrives keepers@mail.example.test anna@example.test secret1
	sent_arrives root@mail.example.test ben@example.test secret2
	run mail_in acc devnull@mail.example.test "$(unique)"
	assert_status 0
}

@test "postmaster@ and abuse@ of every hosted domain exist" {
	local domain name
	for domain in example.test second.test; do
		for name in postmaster abuse; do
			sent_arrives "$name@$domain" ben@example.test secret2
		done
	done
}

@test "a full mailbox is refused at RCPT, and takes mail again when its quota was raised" {
	tools sh -c 'mt bigmail 900000 | sed s/anna@/small@/ >/tmp/most.eml'
	# The first fits, the second goes over the limit within the grace; then the mailbox is full.
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		run tools swaks --server "$(address acc)" --ehlo mx.other.test --from bob@other.test --to small@example.test \
			--data @/tmp/most.eml --suppress-data
		[ "$status" -eq 0 ] || break
		wait_until 10 queue_is_empty acc
	done
	assert_status 24
	assert_match '<\*\* +552 5\.2\.2'
	sent_arrives anna@example.test anna@example.test secret1
	echo 'small@example.test:100M' | edit dovecot-quotas.cf
	run tools mt deliverable "$(address acc)" small@example.test
	assert_status 0
}

# --- changes ----------------------------------------------------------------------------------------

@test "an account added to the file is live in under half a second; nothing reloads, an IDLE session stays" {
	local mark before i ms fastest=99999 subject
	"$ENGINE" exec -d "$LAB-tools" mt idle "$(address acc)" anna@example.test secret1 /tmp/idle.log
	wait_until 10 tools grep -q idling /tmp/idle.log
	before=$(daemon_pids acc)
	mark=$(log_lines acc)
	for i in 1 2 3; do
		ms=$({
			cat "$(config acc)/postfix-accounts.cf"
			account_line "live$i@example.test" "pass$i"
		} | tools mt live "$(address acc)" "live$i@example.test" "pass$i" /config/acc/postfix-accounts.cf)
		echo "live after $ms ms"
		[ "$ms" -ge "$fastest" ] || fastest=$ms
	done
	[ "$fastest" -lt 500 ]
	assert_equal "$(daemon_pids acc)" "$before"
	refute_reloaded "$mark"
	subject=$(unique)
	run mail_in acc anna@example.test "$subject"
	wait_until 10 tools grep -q EXISTS /tmp/idle.log
	run tools cat /tmp/idle.log
	refute_output closed
	refute_output BYE
}

@test "a line appended in place is live too" {
	account_line appended@example.test pass4 >>"$(config acc)/postfix-accounts.cf"
	run tools mt deliverable "$(address acc)" appended@example.test
	assert_status 0
	login acc appended@example.test pass4
}

@test "a changed password is live in under half a second, the old one is dead" {
	local i
	for i in 1 2 3; do
		run tools mt changed "$(address acc)" ben@example.test "other$i" /config/acc/postfix-accounts.cf 450 < <(
			grep -v '^ben@' "$(config acc)/postfix-accounts.cf"
			account_line ben@example.test "other$i"
		)
		[ "$status" -ne 0 ] || break
	done
	assert_status 0
	run login acc ben@example.test secret2
	assert_status 1
	{
		grep -v '^ben@' "$(config acc)/postfix-accounts.cf"
		account_line ben@example.test secret2
	} | edit postfix-accounts.cf
	wait_until 10 login acc ben@example.test secret2
}

@test "a deleted account gets no mail and no login, others stay" {
	login acc appended@example.test pass4
	grep -v '^appended@' "$(config acc)/postfix-accounts.cf" | edit postfix-accounts.cf
	wait_until 5 refused_at_rcpt appended@example.test
	run login acc appended@example.test pass4
	assert_status 1
	login acc anna@example.test secret1
}

@test "what Dovecot remembers of an account, never of a password, is forgotten with each change" {
	in_server acc setup email add memory@example.test secret5
	in_server acc doveadm user memory@example.test
	login acc memory@example.test secret5
	in_server acc setup quota set memory@example.test 5M
	run in_server acc doveadm user -f quota_storage_size memory@example.test
	assert_equal "$output" 5M
	in_server acc setup quota set memory@example.test 6M
	run in_server acc doveadm user -f quota_storage_size memory@example.test
	assert_equal "$output" 6M
	# It was remembered, and once.
	run in_server acc doveadm auth cache flush
	assert_match '^1 cache entries flushed'
	in_server acc doveadm auth test memory@example.test secret5
	run in_server acc doveadm auth cache flush
	assert_match '^0 cache entries flushed'
	in_server acc doveadm user memory@example.test
	in_server acc setup email del -y memory@example.test
	run in_server acc doveadm user memory@example.test
	assert_status 67
}

@test "an account with a field that no account had before: everybody can still log in" {
	local hash
	hash=$(openssl passwd -6 secret77)
	echo "field@example.test|{SHA512-CRYPT}$hash|userdb_mail_prefetch_count=1" >>"$(config acc)/postfix-accounts.cf"
	wait_until 10 login acc field@example.test secret77
	run login acc anna@example.test secret1
	assert_status 0
	run mail_in acc field@example.test "$(unique)"
	assert_status 0
	sed -i '/^field@/d' "$(config acc)/postfix-accounts.cf"
}

@test "aliases: added, changed, removed, and the whole file removed" {
	local dir
	dir=$(config acc)
	save postfix-virtual.cf
	echo 'fresh@example.test anna@example.test' >>"$dir/postfix-virtual.cf"
	run tools mt deliverable "$(address acc)" fresh@example.test
	assert_status 0
	sent_arrives fresh@example.test anna@example.test secret1
	sed 's/^fresh.*/fresh@example.test ben@example.test/' "$dir/postfix-virtual.cf" | edit postfix-virtual.cf
	wait_until 5 alias_is fresh@example.test ben@example.test
	sent_arrives fresh@example.test ben@example.test secret2
	rm "$dir/postfix-virtual.cf"
	wait_until 5 refused_at_rcpt fresh@example.test
	refused_at_rcpt info@example.test
	edit postfix-virtual.cf <"$LAB_DIR/saved/postfix-virtual.cf"
	run tools mt deliverable "$(address acc)" info@example.test
	assert_status 0
}

@test "pattern aliases: added and removed" {
	local dir
	dir=$(config acc)
	echo '/^angebot-[0-9]+@example\.test$/ anna@example.test' >>"$dir/postfix-regexp.cf"
	run tools mt deliverable "$(address acc)" angebot-1@example.test
	assert_status 0
	sent_arrives angebot-2@example.test anna@example.test secret1
	sed -i '/angebot/d' "$dir/postfix-regexp.cf"
	wait_until 5 refused_at_rcpt angebot-3@example.test
}

@test "a new domain is live at once while other mail flows; nothing of that is refused" {
	local i ms fastest=99999
	"$ENGINE" exec -d "$LAB-tools" mt stream "$(address acc)" anna@example.test /tmp/stream.log /tmp/stream.stop
	wait_until 10 tools grep -q sent /tmp/stream.log
	for i in 1 2 3; do
		ms=$({
			cat "$(config acc)/postfix-accounts.cf"
			account_line "new@domain$i.test" "pass$i"
		} | tools mt deliverable "$(address acc)" "new@domain$i.test" /config/acc/postfix-accounts.cf)
		echo "live after $ms ms"
		[ "$ms" -ge "$fastest" ] || fastest=$ms
		sent_arrives "new@domain$i.test" "new@domain$i.test" "pass$i"
	done
	tools touch /tmp/stream.stop
	wait_until 10 tools grep -q end /tmp/stream.log
	[ "$fastest" -lt 500 ]
	run tools grep -vE ' sent$|^end ' /tmp/stream.log
	assert_equal "$output" ''
}

@test "CRLF line ends and a last line without newline are read, and the file is left alone" {
	local sum
	{
		cat "$(config acc)/postfix-accounts.cf"
		printf '%s\r\n' "$(account_line crlf@example.test pass5)"
		printf '%s' "$(account_line last@example.test pass6)"
	} | edit postfix-accounts.cf
	sum=$(md5sum <"$(config acc)/postfix-accounts.cf")
	run tools mt deliverable "$(address acc)" last@example.test
	assert_status 0
	login acc crlf@example.test pass5
	login acc last@example.test pass6
	assert_equal "$(md5sum <"$(config acc)/postfix-accounts.cf")" "$sum"
	grep -vE '^(crlf|last)@' "$(config acc)/postfix-accounts.cf" | edit postfix-accounts.cf
}

# --- mistakes ---------------------------------------------------------------------------------------

# mistake FILE LINE-TEXT: puts a bad line and a good account at the end; the server must name file and line, keep what it
# had, be unhealthy with the reason, and be healthy again when the line is gone.
mistake() {
	local file=$1 text=$2 mark number dir
	dir=$(config acc)
	save "$file"
	number=$(($(wc -l <"$dir/$file") + 1))
	mark=$(log_lines acc)
	{
		cat "$LAB_DIR/saved/$file"
		echo "$text"
	} | edit "$file"
	wait_until 10 log_after_has acc "$mark" "$file:$number"
	run login acc anna@example.test secret1
	assert_status 0
	sent_arrives info@example.test anna@example.test secret1
	wait_until 10 is_unhealthy acc
	run in_server acc mailserver healthcheck
	assert_output "$file:$number"
	assert_equal "$(log_after acc "$mark" | grep -cF "$file:$number")" 1
	edit "$file" <"$LAB_DIR/saved/$file"
	wait_until 10 is_healthy acc
}

@test "a bad line in postfix-accounts.cf" {
	mistake postfix-accounts.cf 'this is no account'
}

@test "an account without a password in postfix-accounts.cf" {
	mistake postfix-accounts.cf 'nopass@example.test'
}

@test "a bad line in postfix-virtual.cf" {
	mistake postfix-virtual.cf 'lonely@example.test'
}

@test "a bad pattern in postfix-regexp.cf" {
	mistake postfix-regexp.cf '/^(unbalanced@example\.test$/ anna@example.test'
}

@test "a bad line in postfix-aliases.cf" {
	mistake postfix-aliases.cf 'no colon here'
}

@test "a good line beside a bad one is not taken: the whole file stays as it was" {
	local mark
	save postfix-accounts.cf
	mark=$(log_lines acc)
	{
		cat "$LAB_DIR/saved/postfix-accounts.cf"
		account_line half@example.test pass7
		echo 'rubbish'
	} | edit postfix-accounts.cf
	wait_until 10 log_after_has acc "$mark" postfix-accounts.cf:
	refused_at_rcpt half@example.test
	edit postfix-accounts.cf <"$LAB_DIR/saved/postfix-accounts.cf"
	wait_until 10 is_healthy acc
}

@test "a restart with a bad line uses the last good file, says so and is unhealthy" {
	save postfix-accounts.cf
	echo 'rubbish' >>"$(config acc)/postfix-accounts.cf"
	"$ENGINE" restart "$LAB-acc" >/dev/null
	server_boot acc
	wait_until 60 is_ready acc || { show_server acc && false; }
	wait_until 20 login acc anna@example.test secret1
	run log_since_start acc
	assert_output 'postfix-accounts.cf:'
	assert_match '[Ll]ast good|LAST GOOD'
	run in_server acc mailserver healthcheck
	[ "$status" -ne 0 ]
	edit postfix-accounts.cf <"$LAB_DIR/saved/postfix-accounts.cf"
	wait_until 20 is_healthy acc
}

@test "a first start with a bad line ends with 78 and names file and line" {
	printf '# comment\nrubbish\n' >"$(config first)/postfix-accounts.cf"
	server_create first
	"$ENGINE" start "$LAB-first" >/dev/null
	wait_until 30 is_stopped first
	assert_equal "$(exit_status first)" 78
	run log_of first
	assert_output 'postfix-accounts.cf:2'
	refute_output "$READY"
	server_remove first
}

@test "no accounts at all: everything is up, mail is refused, the log says how to add one, and it works" {
	server_start empty -e SSL_TYPE=self-signed
	run log_of empty
	assert_output 'setup email add'
	run tools swaks --server "$(address empty)" --ehlo mx.other.test --from bob@other.test --to anna@example.test --quit-after RCPT
	assert_status 24
	run in_server empty setup email add first@example.test secret9
	assert_status 0
	login empty first@example.test secret9
	run mail_in empty first@example.test hello
	assert_status 0
	server_remove empty
}
