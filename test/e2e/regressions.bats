#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What broke for users of docker-mailserver when it went from Dovecot 2.3 to 2.4 (its version 16), as its users told in
# public: the same files and settings must work here.
#
#	4767	ENABLE_QUOTAS=1 refuses mail to aliases that forward to outside: "554 5.7.1 Unknown user"
#	4772, 4776	so do catch-alls
#	4763	the documented dovecot.cf for encrypted mailboxes keeps Dovecot from starting, over and over
#	4795	then nobody can log in to send: the socket for logins is missing
#
# And two that follow from the same change: greylisting was skipped for accounts, because quota-status answered OK; mail to a
# full mailbox was accepted and bounced.

load lib/e2e

setup_file() {
	e2e_require_image
	e2e_build_tools
	e2e_start
	local dir
	dir=$(config mail)
	{
		account_line anna@example.test secret
		account_line ben@example.test secret
	} >"$dir/postfix-accounts.cf"
	cat >"$dir/postfix-virtual.cf" <<-'END'
		jeff@example.test jeff@other.test
		both@example.test anna@example.test,jeff@other.test
		@catch.test anna@example.test
		@away.test jeff@other.test
	END
	echo 'ben@example.test:1M' >"$dir/dovecot-quotas.cf"
	# As their documentation had it for 2.3.
	mkdir "$dir/certs"
	tools sh -c 'openssl ecparam -name prime256v1 -genkey | openssl pkey' >"$dir/certs/ecprivkey.pem"
	tools openssl pkey -pubout <"$dir/certs/ecprivkey.pem" >"$dir/certs/ecpubkey.pem"
	cat >"$dir/dovecot.cf" <<-'END'
		mail_plugins = $mail_plugins mail_crypt
		plugin {
		  mail_crypt_global_private_key = </tmp/docker-mailserver/certs/ecprivkey.pem
		  mail_crypt_global_public_key = </tmp/docker-mailserver/certs/ecpubkey.pem
		  mail_crypt_save_version = 2
		}
		service auth {
		  inet_listener {
		    port = 12345
		  }
		}
	END
	server_start mail -e ENABLE_QUOTAS=1 -e ENABLE_POSTGREY=1 -e POSTGREY_DELAY=1
}

teardown_file() { e2e_stop; }

rcpt() { tools swaks --server "$(address mail)" --ehlo mx.other.test --from "$1" --to "$2" --quit-after RCPT; }

# Past greylisting, which is on: the second time it is taken.
deliver() {
	wait_until 15 mail_in mail "$@"
}

@test "4767: an alias to outside is taken, and forwarded" {
	deliver jeff@example.test outside-1
	mx_wait outside-1
	deliver both@example.test outside-2
	mx_wait outside-2
	fetch mail anna@example.test secret outside-2
}

@test "4772, 4776: catch-alls work, to here and to outside" {
	deliver whoever@catch.test caught-1
	fetch mail anna@example.test secret caught-1
	deliver whoever@away.test caught-2
	mx_wait caught-2
}

@test "unknown users are unknown, as before" {
	run rcpt bob@other.test nobody@example.test
	assert_output '550 5.1.1'
}

@test "quota-status never ends the checks: an account is greylisted" {
	run rcpt "$(unique sender)@other.test" anna@example.test
	assert_match '<\*\* 450 '
}

@test "quota-status: a full mailbox is refused while the sender waits, nothing bounces" {
	tools sh -c 'mt bigmail 900000 >/tmp/big'
	local n
	for n in 1 2; do
		big() { tools swaks --server "$(address mail)" --ehlo mx.other.test --from bob@other.test --to ben@example.test --data @/tmp/big >/dev/null; }
		wait_until 15 big
		wait_until 15 queue_is_empty mail
	done
	run rcpt bob@other.test ben@example.test
	assert_output '552 5.2.2'
	run log_of mail
	refute_output 'status=bounced'
}

@test "4763: the dovecot.cf of 2.3 with mail_crypt works, mail is encrypted on disk and read over IMAP" {
	run log_of mail
	assert_match "dovecot.cf:3: 'mail_crypt_global_private_key"
	deliver anna@example.test crypted-1 --body 'the secret word is marzipan'
	run fetch mail anna@example.test secret crypted-1
	assert_output marzipan
	run in_server mail grep -rl marzipan /var/mail/example.test/anna/cur /var/mail/example.test/anna/new
	assert_status 1
	run in_server mail sh -c 'head -qc 9 /var/mail/example.test/anna/*/*W=*'
	assert_output CRYPTED
}

@test "4795: logins to send work with such a file" {
	mail_out mail anna@example.test secret someone@other.test logged-in-1
	mx_wait logged-in-1
	run log_of mail
	refute_output 'no SASL authentication mechanisms'
}

@test "the socket for logins of other containers, without a name as in 2.3: a neighbour checks a password" {
	run tools python3 -c 'if True:
		import base64, socket, sys
		s = socket.create_connection((sys.argv[1], 12345), timeout=10); f = s.makefile("rwb")
		f.write(b"VERSION\t1\t2\nCPID\t77\n"); f.flush()
		lines = []
		while not lines or lines[-1] != b"DONE\n": lines.append(f.readline())
		for n, password in ((1, b"secret"), (2, b"wrong")):
		    word = base64.b64encode(b"\0anna@example.test\0" + password)
		    f.write(b"AUTH\t%d\tPLAIN\tservice=smtp\tsecured\tresp=%s\n" % (n, word)); f.flush()
		    print(f.readline().decode().strip())' "$(address mail)"
	assert_match '^OK	1	user=anna@example.test'
	assert_match '^FAIL	2'
}
