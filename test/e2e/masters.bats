#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Master accounts: logins over every protocol, changes at once, `setup dovecot-master`.

load lib/e2e

setup_file() {
	e2e_start
	local dir
	dir=$(config master)
	{
		account_line anna@example.test secret1
		account_line ben@example.test secret2
	} >"$dir/postfix-accounts.cf"
	echo 'info@example.test anna@example.test' >"$dir/postfix-virtual.cf"
	# Wrong passwords are many here: without the pauses that make guessing slow.
	cat >"$dir/dovecot.cf" <<-'END'
		auth_failure_delay = 0
		service anvil {
			unix_listener anvil-auth-penalty {
				mode = 0
			}
		}
	END
	account_line root-of-all mastersecret >"$dir/dovecot-masters.cf"
	server_start master -e SSL_TYPE=self-signed -e ENABLE_POP3=1 -e ENABLE_MANAGESIEVE=1 -e SPOOF_PROTECTION=1
}

teardown_file() { e2e_stop; }

in_setup() { in_server master setup "$@"; }

masters() { cat "$(config master)/dovecot-masters.cf"; }

# try KIND LOGIN PASSWORD: one login with STARTTLS.
try() { run tools mt login "$1" "$(address master)" "$2" "$3"; }

let_in() {
	try "$@"
	echo "login: $*"
	assert_status 0
}

refused() {
	try "$@"
	echo "login: $*"
	assert_status 1
	assert_match '^a NO |^-ERR |^535 5\.7\.8|^NO '
}

# --- logging in -------------------------------------------------------------------------------------

@test "a master logs in as a user over IMAP, POP3, ManageSieve and submission" {
	local kind
	for kind in imap pop3 sieve smtp; do
		let_in "$kind" 'anna@example.test*root-of-all' mastersecret
	done
}

@test "the master sees the user's mail" {
	local subject
	subject=$(unique)
	run mail_in master anna@example.test "$subject"
	assert_status 0
	run fetch master 'anna@example.test*root-of-all' mastersecret "$subject"
	assert_status 0
	assert_output "$subject"
	run tools mt pop3 "$(address master)" 'anna@example.test*root-of-all' mastersecret "$subject"
	assert_status 0
	assert_output "$subject"
	run tools mt count "$(address master)" 'ben@example.test*root-of-all' mastersecret
	assert_equal "$output" 0
}

@test "capitals in the login do not matter" {
	let_in imap 'Anna@Example.TEST*Root-of-All' mastersecret
}

@test "the user may be named as who to act for, instead" {
	run tools curl -sSk --login-options AUTH=PLAIN --sasl-authzid anna@example.test --user root-of-all:mastersecret \
		"imaps://$(address master)/"
	assert_status 0
	assert_output INBOX
	run tools curl -sSk --login-options AUTH=PLAIN --sasl-authzid anna@example.test --user root-of-all:wrong \
		"imaps://$(address master)/"
	assert_status 67
}

@test "a wrong password, the user's own password, an unknown master are refused" {
	local kind
	for kind in imap pop3 sieve smtp; do
		refused "$kind" 'anna@example.test*root-of-all' wrong
	done
	refused imap 'anna@example.test*root-of-all' secret1
	refused imap 'anna@example.test*nobody' mastersecret
	refused imap 'anna@example.test*' mastersecret
	refused imap "anna@example.test*x' OR '1'='1" mastersecret
}

@test "an unknown user, an alias, the empty user are refused" {
	refused imap 'nobody@example.test*root-of-all' mastersecret
	refused smtp 'nobody@example.test*root-of-all' mastersecret
	refused imap 'info@example.test*root-of-all' mastersecret
	refused imap '*root-of-all' mastersecret
	refused imap 'root-of-all*root-of-all' mastersecret
}

@test "a master account is no login by itself, an account no master, and users still log in" {
	refused imap root-of-all mastersecret
	refused smtp root-of-all mastersecret
	refused imap 'anna@example.test*ben@example.test' secret2
	let_in imap anna@example.test secret1
	refused imap anna@example.test mastersecret
}

@test "no login without TLS, not even from the container itself" {
	local port kind
	for kind in imap:143 pop3:110 sieve:4190; do
		port=${kind#*:}
		run tools mt plain "${kind%:*}" "$(address master)" "$port" 'anna@example.test*root-of-all' mastersecret
		assert_status 1
	done
	run in_server master bash -c "exec 3<>/dev/tcp/127.0.0.1/143
		printf 'a LOGIN \"anna@example.test*root-of-all\" mastersecret\r\nb LOGOUT\r\n' >&3; timeout 10 cat <&3"
	assert_match '^a NO'
	refute_match '^a OK'
}

# --- submission -------------------------------------------------------------------------------------

@test "Postfix knows the user, not the master: own addresses, and no others" {
	local subject
	subject=$(unique)
	run mail_out master 'anna@example.test*root-of-all' mastersecret ben@example.test "$subject" --from anna@example.test
	assert_status 0
	run fetch master ben@example.test secret2 "$subject"
	assert_status 0
	refute_output root-of-all
	log_matches master 'sasl_username=anna@example\.test$'
	run mail_out master 'anna@example.test*root-of-all' mastersecret bob@other.test "$(unique)" --from info@example.test
	assert_status 0
	run mail_out master 'anna@example.test*root-of-all' mastersecret bob@other.test "$(unique)" --from ben@example.test
	assert_match '553 5.7.1 .*not owned by user anna@example.test'
	run mail_out master 'anna@example.test*root-of-all' mastersecret bob@other.test "$(unique)" --from anna@example.test \
		--port 465 -tlsc
	assert_status 0
}

# --- commands ---------------------------------------------------------------------------------------

@test "add: silent, the login works at once, in a secret file; nothing is reloaded, no session disturbed" {
	local before
	before=$(daemon_pids master)
	"$ENGINE" exec -d "$LAB-tools" mt idle "$(address master)" anna@example.test secret1 /tmp/idle.log
	wait_until 10 tools grep -q idling /tmp/idle.log
	rm -f "$(config master)/dovecot-masters.cf"
	run in_setup dovecot-master add admin secret3
	assert_status 0
	assert_equal "$output" ''
	let_in imap 'anna@example.test*admin' secret3
	assert_equal "$(stat -c %a "$(config master)/dovecot-masters.cf")" 600
	grep -qE '^admin\|\{SHA512-CRYPT\}[$]6[$]' "$(config master)/dovecot-masters.cf"
	run in_setup dovecot-master add second < <(printf 'secret4\nsecret4\n')
	assert_status 0
	let_in smtp 'ben@example.test*second' secret4
	assert_equal "$(daemon_pids master)" "$before"
	run tools cat /tmp/idle.log
	refute_output closed
}

@test "update: the new password counts at once, the old one no longer" {
	run in_setup dovecot-master update ADMIN newsecret
	assert_status 0
	assert_output "'admin'"
	let_in imap 'anna@example.test*admin' newsecret
	refused imap 'anna@example.test*admin' secret3
}

@test "list: plain, as JSON, from a file with comments" {
	echo '# a comment' >>"$(config master)/dovecot-masters.cf"
	run in_setup dovecot-master list
	assert_status 0
	assert_equal "$output" $'* admin\n\n* second'
	run in_setup dovecot-master list --json
	assert_status 0
	assert_equal "$(tr -d ' \n' <<<"$output")" '[{"name":"admin"},{"name":"second"}]'
}

@test "del: several at once, with effect at once; an unknown name is no error; comments stay" {
	run in_setup dovecot-master del second nobody
	assert_status 0
	refused imap 'ben@example.test*second' secret4
	let_in imap 'ben@example.test*admin' newsecret
	run masters
	assert_output '# a comment'
	refute_output second
}

@test "wrong arguments" {
	local name before
	before=$(masters)
	run in_setup dovecot-master add
	assert_status 1
	run in_setup dovecot-master add admin secret
	assert_status 1
	assert_output "'admin' already exists"
	run in_setup dovecot-master update nobody secret
	assert_status 1
	assert_output "'nobody' does not exist"
	for name in '' 'a*b' 'a|b' 'a b' '#a'; do
		run in_setup dovecot-master add "$name" secret
		echo "name: $name"
		assert_status 1
	done
	run in_setup dovecot-master add third < <(printf 'one\ntwo\n')
	assert_status 1
	run in_setup dovecot-master add third < <(printf '\n\n')
	assert_status 1
	run in_setup dovecot-master del
	assert_status 1
	run in_setup dovecot-master remove admin
	[ "$status" -ne 0 ]
	run in_setup dovecot-master add help
	assert_status 0
	assert_output 'setup dovecot-master add admin'
	assert_equal "$(masters)" "$before"
}

@test "the old program names" {
	run in_server master adddovecotmasteruser old secret5
	assert_status 0
	let_in imap 'anna@example.test*old' secret5
	run in_server master updatedovecotmasteruser old secret6
	assert_status 0
	let_in imap 'anna@example.test*old' secret6
	run in_server master listdovecotmasteruser
	assert_output '* old'
	run in_server master deldovecotmasteruser old
	assert_status 0
	refused imap 'anna@example.test*old' secret6
}

@test "two at the same time lose nothing" {
	local i
	for i in 1 2 3 4; do
		in_setup dovecot-master add "many$i" secret7 &
	done
	wait
	for i in 1 2 3 4; do
		let_in imap "anna@example.test*many$i" secret7
	done
	run in_setup dovecot-master del many1 many2 many3 many4
	assert_status 0
}

@test "an edited file counts; a bad line keeps the last good state, is named, and can be mended" {
	local good
	good=$(masters)
	account_line typed secret8 >>"$(config master)/dovecot-masters.cf"
	wait_until 10 tools mt login imap "$(address master)" 'anna@example.test*typed' secret8
	printf '%s\nadmin2|plaintext\n' "$good" >"$(config master)/dovecot-masters.cf"
	wait_until 10 log_matches master 'dovecot-masters\.cf:[0-9]+.*not a hash'
	refute_plaintext
	wait_until 10 is_unhealthy master
	let_in imap 'anna@example.test*typed' secret8
	echo "$good" >"$(config master)/dovecot-masters.cf"
	wait_until 10 is_healthy master
	refused imap 'anna@example.test*typed' secret8
	let_in imap 'anna@example.test*admin' newsecret
}

refute_plaintext() {
	run log_of master
	refute_output plaintext
}

@test "with the container stopped the file is edited, and counts after the start" {
	local image_run=("$ENGINE" run --rm -i --network none -v "$(config master):/tmp/docker-mailserver" "$IMAGE")
	"$ENGINE" stop "$LAB-master" >/dev/null
	run "${image_run[@]}" setup dovecot-master add later secret9
	assert_status 0
	run "${image_run[@]}" setup dovecot-master list
	assert_output '* later'
	server_boot master
	server_ready master
	let_in imap 'anna@example.test*later' secret9
	run "${image_run[@]}" setup dovecot-master del later admin
	assert_status 0
	run in_setup dovecot-master list
	assert_status 0
	wait_until 10 has_no_masters
}

has_no_masters() { ! tools mt login imap "$(address master)" 'anna@example.test*later' secret9; }
