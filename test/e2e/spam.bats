#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# SpamAssassin: scores, thresholds, Junk, learning, failures.
#
# Scores come from rules of the test's own: a word in the subject is worth a number of points.

load lib/e2e

GTUBE='XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'

RULES='header T_THREE Subject =~ /threepoints/
score T_THREE 3
header T_SEVEN Subject =~ /sevenpoints/
score T_SEVEN 7
header T_NEARLY Subject =~ /nearlyeight/
score T_NEARLY 7.9
header T_EIGHT Subject =~ /eightpoints/
score T_EIGHT 8
header T_STREAM Subject =~ /^stream /
score T_STREAM 3
score EM_ROLEX 7
body BANKING_LAWS /interpreted again/
score BANKING_LAWS 7
body T_ANY /./
score T_ANY 0.001
score MISSING_MID 0
score T_SCC_BODY_TEXT_LINE 0
score NO_RELAYS 0
score RDNS_NONE 0
score HELO_NO_DOMAIN 0
bayes_auto_learn 0'

anna() { fetch mail anna@example.test secret "$@"; }
strict() { fetch strict anna@example.test secret "$@"; }

# A message of many bytes: big_mail BYTES SUBJECT >file
big_mail() {
	printf 'From: bob@other.test\nTo: anna@example.test\nSubject: %s\n\n' "$2"
	head -c "$1" /dev/zero | tr '\0' 'x' | fold -w 76
	echo
}

# Asks Bayes how many messages it has learned: "nspam nham"
learned() {
	in_server "${SERVER:-mail}" setpriv --reuid debian-spamd --regid debian-spamd --clear-groups \
		env HOME=/var/lib/spamassassin sa-learn --dump magic 2>/dev/null |
		awk '/nspam/ {s = $3} /nham/ {h = $3} END {print s + 0, h + 0}'
}

has_learned() { [ "$(learned)" = "$1" ]; }

# imap_do USER FOLDER SUBJECT WHAT TARGET: copy, move, or append of a message
imap_do() {
	tools python3 - "$(address "${SERVER:-mail}")" "$@" <<-'EOF'
		import imaplib, ssl, sys, time
		host, user, folder, subject, what, target = sys.argv[1:]
		tls = ssl.create_default_context(); tls.check_hostname = False; tls.verify_mode = ssl.CERT_NONE
		c = imaplib.IMAP4(host); c.starttls(tls); c.login(user, "secret"); c.select(folder)
		number = c.search(None, "SUBJECT", '"%s"' % subject)[1][0].split()[-1]
		begun = time.monotonic()
		if what == "append":
		    answer = c.append(target, None, None, c.fetch(number, "(BODY.PEEK[])")[1][0][1])
		elif what == "move":
		    answer = c._simple_command("MOVE", number.decode(), target)
		else:
		    answer = c.copy(number, target)
		print(answer[0], "%.2f" % (time.monotonic() - begun))
		sys.exit(answer[0] != "OK")
	EOF
}

spamd_answers() {
	in_server "$1" perl -MIO::Socket::UNIX -e 'alarm 3; my $s = IO::Socket::UNIX->new("/run/spamd/spamd.sock") or exit 1;
		print $s "PING SPAMC/1.2\r\n\r\n"; $_ = <$s>; exit !/PONG/'
}

scan_ready() { wait_until 30 spamd_answers "$1"; }

setup_file() {
	e2e_require_image
	e2e_build_tools
	e2e_start
	local name
	for name in mail strict; do
		account_line anna@example.test secret >"$(config $name)/postfix-accounts.cf"
		printf '%s\n' "$RULES" >"$(config $name)/spamassassin-rules.cf"
	done
	server_create mail --read-only --tmpfs /run --tmpfs /tmp --cap-drop ALL $(printf -- '--cap-add %s ' $E2E_CAPABILITIES) \
		-e ENABLE_SPAMASSASSIN=1 -e SA_TAG=2 -e SA_TAG2=6.31 -e 'SPAM_SUBJECT=[SPAM "ä"] ' -e POSTFIX_MESSAGE_SIZE_LIMIT=20M
	server_create strict -e ENABLE_SPAMASSASSIN=1 -e SPAMASSASSIN_SPAM_TO_INBOX=0 -e SA_TAG=-1000 -e SA_TAG2=6 -e SA_KILL=8 \
		-e MOVE_SPAM_TO_JUNK=0 -e MARK_SPAM_AS_READ=1
	server_boot mail
	server_boot strict
	server_ready mail
	server_ready strict
	scan_ready mail
	scan_ready strict
}

teardown_file() { e2e_stop; }

@test "SpamAssassin finds nothing to complain of in its own configuration, and trusts this machine alone" {
	run log_of mail
	refute_output 'already been included'
	run in_server mail sh -c 'printf "%s\n" "Received: from x (x [127.0.0.1]) by mail.example.test (Postfix) with ESMTP id A1" \
		"Received: from y (y [10.1.2.3]) by z.test (Postfix) with ESMTP id A2" "Subject: x" "" hello |
		HOME=/tmp spamassassin -L -D received-header,netset -p /dev/null 2>&1'
	assert_output 'relay 127.0.0.1 trusted? yes internal? yes'
	assert_output 'relay 10.1.2.3 trusted? no internal? no'
	refute_output 'already been included'
}

@test "GTUBE is marked and goes to Junk, its subject with the prefix" {
	mail_in mail anna@example.test gtube-1 --body "$GTUBE"
	run anna gtube-1 Junk
	assert_status 0
	assert_match '^X-Spam-Flag: YES'
	assert_match '^X-Spam-Score: 1[0-9]{3}\.[0-9]'
	assert_match '^X-Spam-Level: \*{50}'
	assert_match '^X-Spam-Status: Yes, score='
	assert_match '^Subject: .*=\?utf-8\?'
}

@test "GTUBE is refused where spam is not wanted in the mailbox" {
	run mail_in strict anna@example.test gtube-2 --body "$GTUBE"
	assert_output '550 5.7.1 This looks like spam (score 1'
}

@test "below SA_TAG nothing is added, from it on the headers, from SA_TAG2 on the flag" {
	mail_in mail anna@example.test nopoints-1
	run anna nopoints-1
	assert_status 0
	refute_match '^X-Spam'
	mail_in mail anna@example.test threepoints-1
	run anna threepoints-1
	assert_match '^X-Spam-Flag: NO'
	assert_match '^X-Spam-Score: [234]\.'
	assert_match '^X-Spam-Status: No, score='
	mail_in mail anna@example.test sevenpoints-1
	run anna sevenpoints-1 Junk
	assert_match '^X-Spam-Flag: YES'
	assert_match '^X-Spam-Level: \*{6,8}\s*$'
	assert_output 'T_SEVEN'
}

@test "SA_KILL: refused from there on, just below it delivered; no Junk, but read" {
	run mail_in strict anna@example.test eightpoints-1
	assert_output '550 5.7.1'
	mail_in strict anna@example.test sevenpoints-2
	run strict sevenpoints-2
	assert_match '^X-Spam-Flag: YES'
	mail_in strict anna@example.test nopoints-2
	run strict nopoints-2
	assert_match '^X-Spam-Flag: NO'
	run in_server strict find /var/mail/example.test/anna/cur -name '*:2,S*'
	[ "$(wc -l <<<"$output")" -eq 1 ]
}

@test "X-Spam headers of the sender are not believed, however many" {
	mail_in mail anna@example.test forged-1 --header 'X-Spam-Flag: YES' --header 'X-Spam-Flag: YES' --header 'X-Spam-Score: 99' \
		--header 'X-Spam-Status: Yes, score=99'
	run anna forged-1
	assert_status 0
	refute_match '^X-Spam'
	mail_in mail anna@example.test threepoints-forged --header 'X-Spam-Flag: YES' --header 'X-Spam-Flag: NO'
	run anna threepoints-forged
	[ "$(grep -c '^X-Spam-Flag' <<<"$output")" -eq 1 ]
	assert_match '^X-Spam-Flag: NO'
}

@test "a message that is too big passes, and says that it was not scanned" {
	big_mail 700000 sevenpoints-big | tools sh -c 'cat >/tmp/big'
	tools swaks --server "$(address mail)" --ehlo mx.other.test --from bob@other.test --to anna@example.test --data @/tmp/big
	run anna sevenpoints-big
	assert_status 0
	assert_match '^X-Spam-Status: No, not scanned: more than 512000 bytes'
	refute_match '^X-Spam-Flag'
}

@test "what users submit is not scored" {
	mail_out mail anna@example.test secret anna@example.test sevenpoints-out
	run anna sevenpoints-out
	assert_status 0
	refute_match '^X-Spam'
}

@test "mail made in the container is not scored" {
	printf 'From: root@example.test\nTo: anna@example.test\nSubject: sevenpoints-local\n\ntext\n' |
		in_server mail sendmail -f root@example.test anna@example.test
	run anna sevenpoints-local
	refute_match '^X-Spam'
}

@test "a mistake in the rules is named with its line; the last good ones stay; a correction is live" {
	local file before
	file=$(config mail)/spamassassin-rules.cf
	cp "$file" "$BATS_TEST_TMPDIR/good"
	printf '%s\nnonsense here\n' "$RULES" >"$file"
	wait_until 30 log_has mail "spamassassin-rules.cf:$(wc -l <"$file"): failed to parse line"
	run in_server mail mailserver healthcheck
	assert_status 1
	assert_output 'spamassassin-rules.cf:'
	mail_in mail anna@example.test sevenpoints-kept
	run anna sevenpoints-kept Junk
	assert_status 0

	before=$(log_lines mail)
	{
		cat "$BATS_TEST_TMPDIR/good"
		printf 'header T_NINE Subject =~ /ninepoints/\nscore T_NINE 9\n'
	} >"$file"
	wait_until 30 log_after_has mail "$before" 'changes are in use: rules for scoring'
	# spamd starts itself again: who comes meanwhile waits.
	wait_until 20 log_after_has mail "$before" 'server started'
	mail_in mail anna@example.test ninepoints-1
	run anna ninepoints-1 Junk
	assert_match '^X-Spam-Score: [89]\.'
}

@test "rules for bodies are tried where they may match; what was changed since counts as it is now" {
	local able
	able=$(log_of mail | grep -o 'bodyfilter: has [0-9]* of [0-9]* rules' | tail -1)
	[[ $able =~ ([0-9]+)\ of\ ([0-9]+) ]]
	[ "${BASH_REMATCH[1]}" -gt 550 ] && [ "${BASH_REMATCH[1]}" -lt "${BASH_REMATCH[2]}" ]
	mail_in mail anna@example.test filter-1 --body 'Do you want a "Rolex"?'
	run anna filter-1 Junk
	assert_match '^X-Spam-Status: .*EM_ROLEX'
	mail_in mail anna@example.test filter-2 --body 'It is interpreted again.'
	run anna filter-2 Junk
	assert_match '^X-Spam-Status: .*BANKING_LAWS'
	mail_in mail anna@example.test filter-3 --body 'Banking laws are long.'
	run anna filter-3
	assert_status 0
}

# verdicts DIRECTORY: what SpamAssassin with this configuration finds in texts made of phrases, a line for each text
verdicts() {
	in_server mail perl - "$1" <<-'EOF'
		use Mail::SpamAssassin;
		my $sa = Mail::SpamAssassin->new({ site_rules_filename => $ARGV[0], userprefs_filename => '/dev/null', dont_copy_prefs => 1,
			local_tests_only => 1, home_dir_for_helpers => '/tmp' });
		my @phrases = split /\n/, <<'END';
		Do you want a "Rolex"? Order now, no prescription needed!
		V1AGRA and c.i.a.l.i.s, xan@x, Ph@rmacy, v\xefagra for you
		I am contacting you on behalf of the late Mr. Smith, who left a sum of US$12,500,000.00 (twelve million dollars).
		Fill in the form: 1. Full name: ____ 2. Address: ____ 3. Phone number: ____ 4. Date of birth: ____ 5. Occupation: ____
		Your name, home address, telephone number, age, sex, country, occupation
		You have won the international lottery, contact our claims agent for your winning number batch
		your m\xc3\xa1ilbox is full, verify your acc\xd0\xbeunt to avoid deactivation
		I recorded you through your webcam while you were on p0rn sites; pay me in b1tcoin within 48 hours
		Lose weight while you sleep. This is not spam. Click here to unsubscribe.
		Please see the minutes of our meeting on Thursday, and tell me whether you agree.
		Refinance now at a f1xed rate of 3.5%, save up to 90% on 0EM s0ftware!!!
		U.n.s.u.b.s.c.r.i.b.e &#1072;&#x430; \xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 \xf0\x9d\x90\x82
		Dear friend, as next of kin you get 30% of the funds in my security company in London, strictly confidential
		This message was created automatically by mail delivery software. A message that you sent could not be delivered
		XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X
		END
		s/\\x(..)/chr hex $1/ge for @phrases;
		srand 7;
		for my $n (1 .. 60) {
			my $body = join '', map { $phrases[rand @phrases] . ("\n\n", ' ', "\n")[rand 3] } 1 .. 1 + $n % 7;
			$body = join '', map { rand() < 0.05 ? uc : $_ } split //, $body if $n % 3 == 0;
			my $type = $n % 2 ? 'text/plain' : 'text/html';
			my $mail = $sa->parse("From: bob\@other.test\nTo: anna\@example.test\nSubject: $n $phrases[rand @phrases]\n"
				. "Mime-Version: 1.0\nContent-Type: $type; charset=utf-8\n\n$body\n", 1);
			my $status = $sa->check($mail);
			printf "%d %.3f %s %s\n", $n, $status->get_score, $status->get_names_of_tests_hit, $status->get_names_of_subtests_hit('dbg');
			$status->finish;
			$mail->finish;
		}
	EOF
}

@test "the verdict is the same as when every rule is tried on every line" {
	in_server mail sh -c 'cp -rL /etc/spamassassin /tmp/every && sed -i "/MailServer::/d" /tmp/every/*.pre'
	verdicts /tmp/every >"$BATS_TEST_TMPDIR/every"
	verdicts /etc/spamassassin >"$BATS_TEST_TMPDIR/filtered"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/every")" -eq 60 ]
	grep -q 'FUZZY_' "$BATS_TEST_TMPDIR/every" && grep -q '__FILL_THIS_FORM' "$BATS_TEST_TMPDIR/every"
	assert_equal "$(cat "$BATS_TEST_TMPDIR/filtered")" "$(cat "$BATS_TEST_TMPDIR/every")"
}

# What spamd has said about connections without a message.
empty_connections() { log_of mail | grep -c 'closed before headers' || :; }

@test "spamd is asked once for a message" {
	local before
	before=$(empty_connections)
	mail_in mail anna@example.test threepoints-once
	run anna threepoints-once
	assert_match '^X-Spam-Score: [234]\.'
	assert_equal "$(empty_connections)" "$before"
}

# What is there before the first message is there after it, and spamd has no copy of it. An empty list of dependent rules is
# none, and a path found is the same again.
@test "messages leave the configuration and the methods of spamd as they are" {
	run in_server mail perl - <<-'EOF'
		use Mail::SpamAssassin;
		use Data::Dumper;
		($Data::Dumper::Sortkeys, $Data::Dumper::Indent, $Data::Dumper::Maxdepth) = (1, 1, 4);
		my $sa = Mail::SpamAssassin->new({ site_rules_filename => '/etc/spamassassin', userprefs_filename => '/dev/null',
			dont_copy_prefs => 1, local_tests_only => 1, home_dir_for_helpers => '/tmp' });
		$sa->compile_now(0, 1);
		my $conf = $sa->{conf};
		my @words = qw(money Rolex please threepoints $12,500,000 click http://other.test/x?y=1 meeting 1. name: address: V1AGRA);
		sub state_of { join '', map { Dumper($_, ref $conf->{$_} eq 'CODE' ? 'code' : $conf->{$_}) =~ s/^ *'[^']+' => \{\},?\n//mgr }
			grep { !/^(?:main|parser|plugins|eval_plugins|registered_commands|sed_path_cache)$/ } sort keys %$conf }
		sub methods { join ' ', map { my $code = Mail::SpamAssassin::PerMsgStatus->can($_); $code ? "$_=$code" : () } sort keys %{ $conf->{eval_plugins} } }
		my ($before, $methods, %scores) = (state_of(), methods());
		for my $n (1 .. 20) {
			my $text = join ' ', map { $words[($_ * $n) % @words] } 1 .. 60;
			my $mail = $sa->parse("From: b\@other.test\nTo: anna\@example.test\nSubject: $words[$n % @words]\n\n$text\n", 1);
			my $status = $sa->check($mail);
			$scores{ $status->get_score }++;
			$status->finish;
			$mail->finish;
		}
		print "different scores\n" if keys %scores > 2;
		print "same configuration\n" if state_of() eq $before && length $before > 100000;
		print "same methods\n" if methods() eq $methods && ($methods =~ tr/=//) > 100;
		my %backup;
		print "no copy\n" if $sa->copy_config(undef, \%backup) && $sa->copy_config(\%backup, undef) && !%backup;
	EOF
	assert_status 0
	assert_output 'different scores'
	assert_output 'same configuration'
	assert_output 'same methods'
	assert_output 'no copy'
}

@test "what users put into Junk is learned as spam, by COPY, MOVE and APPEND; what they take out as ham" {
	local n s h
	for n in copy move append; do
		mail_in mail anna@example.test "learn-$n" --body "words of $n $(unique) that nobody else has $RANDOM"
		anna "learn-$n" >/dev/null
	done
	read -r s h <<<"$(learned)"
	run imap_do anna@example.test INBOX learn-copy copy Junk
	assert_status 0
	wait_until 20 has_learned "$((s + 1)) $h"
	imap_do anna@example.test INBOX learn-move move Junk
	wait_until 20 has_learned "$((s + 2)) $h"
	imap_do anna@example.test INBOX learn-append append Junk
	wait_until 20 has_learned "$((s + 3)) $h"
	imap_do anna@example.test Junk learn-copy copy INBOX
	wait_until 20 has_learned "$((s + 2)) $((h + 1))"
	imap_do anna@example.test Junk learn-move move INBOX
	wait_until 20 has_learned "$((s + 1)) $((h + 2))"
}

@test "another mail user: what users sort is learned as well" {
	local s h SERVER=uid
	echo "$RULES" >"$(config uid)/spamassassin-rules.cf"
	server_start uid -e MAIL_ACCOUNTS='anna@example.test:secret' -e ENABLE_SPAMASSASSIN=1 -e DMS_VMAIL_UID=5555 -e DMS_VMAIL_GID=5556
	wait_until 60 in_server uid sh -c '[ -S /run/spamd/spamd.sock ]'
	mail_in uid anna@example.test learn-uid --body "words $(unique) that nobody else has"
	fetch uid anna@example.test secret learn-uid >/dev/null
	read -r s h <<<"$(learned)"
	run imap_do anna@example.test INBOX learn-uid move Junk
	assert_status 0
	wait_until 20 has_learned "$((s + 1)) $h"
	run imap_do anna@example.test Junk learn-uid move INBOX
	wait_until 20 has_learned "$s $((h + 1))"
	run in_server uid sh -c 'ls /var/mail-state/spool-spam-learn; stat -c "%U %a" /var/mail-state/spool-spam-learn'
	assert_equal "$output" 'spamass-milter 700'
	server_remove uid
}

@test "what is thrown away is not learned" {
	local before
	mail_in mail anna@example.test learn-trash --body "words $(unique)"
	anna learn-trash >/dev/null
	before=$(learned)
	imap_do anna@example.test INBOX learn-trash move Trash
	imap_do anna@example.test Junk learn-append move Trash
	# Something that is learned, behind it.
	mail_in mail anna@example.test learn-after --body "words $(unique)"
	anna learn-after >/dev/null
	imap_do anna@example.test INBOX learn-after move Junk
	wait_until 20 has_learned "$((${before% *} + 1)) ${before#* }"
}

@test "learning waits for spamd, the user does not" {
	local before
	mail_in mail anna@example.test learn-late --body "words $(unique)"
	anna learn-late >/dev/null
	before=$(learned)
	in_server mail pkill -STOP -u debian-spamd
	run imap_do anna@example.test INBOX learn-late move Junk
	in_server mail pkill -CONT -u debian-spamd
	assert_status 0
	[[ ${output##* } < 2 ]]
	wait_until 20 has_learned "$((${before% *} + 1)) ${before#* }"
}

# Sends messages one after the other until told to stop; what was not accepted with 2xx must have been put off with 4xx.
@test "spamd killed again and again, and stopped: mail is put off with 4xx, never passes unscanned, all accounted for" {
	local i accepted
	tools sh -c 'rm -f /tmp/stop /tmp/stream; MT_WAIT=60 mt stream "$0" anna@example.test /tmp/stream /tmp/stop >/dev/null 2>&1 &' "$(address mail)"
	wait_until 20 tools test -s /tmp/stream
	for i in 1 2 3; do
		in_server mail pkill -KILL -u debian-spamd
		wait_until 40 spamd_answers mail
	done
	in_server mail pkill -STOP -u debian-spamd
	run tools swaks --server "$(address mail)" --timeout 3 --ehlo mx.other.test --from bob@other.test --to anna@example.test --header 'Subject: sevenpoints-stopped'
	refute_output 'queued as'
	run in_server mail mailserver healthcheck
	assert_status 1
	assert_output 'spam filter'
	in_server mail pkill -CONT -u debian-spamd
	wait_until 30 spamd_answers mail
	tools touch /tmp/stop
	wait_until 90 tools grep -q '^end' /tmp/stream
	run tools cat /tmp/stream
	refute_match '^[0-9]+ 5'
	assert_match '^[0-9]+ .*4[0-9][0-9]'
	wait_until 60 queue_is_empty mail
	# Every accepted one is there, and none without a score.
	accepted=$(sed -n 's/^\([0-9]*\) sent$/\1/p' <<<"$output")
	[ -n "$accepted" ]
	in_server mail sh -c 'grep -rlE "^Subject: stream " /var/mail/example.test/anna/new /var/mail/example.test/anna/cur | xargs -r grep -L "^X-Spam-Score: "' >"$BATS_TEST_TMPDIR/unscanned" || :
	assert_equal "$(cat "$BATS_TEST_TMPDIR/unscanned")" ''
	in_server mail sh -c 'cat /var/mail/example.test/anna/new/* /var/mail/example.test/anna/cur/* 2>/dev/null | tr -d "\r"' |
		sed -n 's/^Subject: stream //p' | sort -u >"$BATS_TEST_TMPDIR/there"
	for i in $accepted; do
		grep -qx "$i" "$BATS_TEST_TMPDIR/there" || fail "stream $i was accepted and is not there"
	done
	mail_in mail anna@example.test sevenpoints-again
	run anna sevenpoints-again Junk
	assert_status 0
	wait_until 60 queue_is_empty mail
}

@test "without spamd: 4xx; the milter killed in the middle: 4xx; both are back by themselves" {
	local out
	in_server mail supervisorctl stop spamassassin
	run mail_in mail anna@example.test sevenpoints-down
	assert_output ' 4'
	refute_output 'queued as'
	run in_server mail mailserver healthcheck
	assert_status 1
	assert_output 'spam filter'
	in_server mail supervisorctl start spamassassin
	scan_ready mail
	wait_until 20 is_healthy mail

	tools sh -c 'cat >/tmp/cut.py; python3 /tmp/cut.py "$0" >/tmp/answers 2>&1 &' "$(address mail)" <<-'EOF'
		import os, socket, sys, time
		f = socket.create_connection((sys.argv[1], 25), timeout=60).makefile("rwb")
		def ask(text):
		    if text:
		        f.write(text); f.flush()
		    line = f.readline()
		    while line[3:4] == b"-":
		        line = f.readline()
		    print(line.decode(), flush=True, end="")
		for text in (b"", b"EHLO mx.other.test\r\n", b"MAIL FROM:<bob@other.test>\r\n", b"RCPT TO:<anna@example.test>\r\n", b"DATA\r\n"):
		    ask(text)
		while not os.path.exists("/tmp/go"):
		    time.sleep(0.05)
		ask(b"Subject: sevenpoints-cut\r\n\r\ntext\r\n.\r\n")
	EOF
	wait_until 20 tools grep -q '^354' /tmp/answers
	in_server mail pkill -KILL -f 'mailserver spam-milter'
	tools touch /tmp/go
	wait_until 20 tools grep -qE '^4[0-9][0-9] ' /tmp/answers
	mail_in mail anna@example.test sevenpoints-back
	run anna sevenpoints-back Junk
	assert_status 0
}

@test "what docker-mailserver has learned is taken over" {
	local n
	in_server mail sh -c 'cat /var/lib/spamassassin/.spamassassin/bayes_toks' >"$BATS_TEST_TMPDIR/toks"
	in_server mail sh -c 'cat /var/lib/spamassassin/.spamassassin/bayes_seen' >"$BATS_TEST_TMPDIR/seen"
	n=$(learned)
	mkdir -p "$LAB_DIR/old/lib-amavis/.spamassassin"
	cp "$BATS_TEST_TMPDIR/toks" "$LAB_DIR/old/lib-amavis/.spamassassin/bayes_toks"
	cp "$BATS_TEST_TMPDIR/seen" "$LAB_DIR/old/lib-amavis/.spamassassin/bayes_seen"
	account_line anna@example.test secret >"$(config old)/postfix-accounts.cf"
	server_start old -e ENABLE_SPAMASSASSIN=1 -v "$LAB_DIR/old:/var/mail-state"
	run in_server old setpriv --reuid debian-spamd --regid debian-spamd --clear-groups env HOME=/var/lib/spamassassin sa-learn --dump magic
	assert_match "0 +${n% *} +0 +non-token data: nspam"
	server_remove old
}

@test "new rules that can't be fetched leave the old ones, and the log says so" {
	run in_server mail setpriv --reuid debian-spamd --regid debian-spamd --clear-groups spam-update --now
	assert_status 1
	wait_until 10 log_matches mail 'spam-update.*(the old rules stay)'
	run log_of mail
	refute_output "can't import the key"
	run in_server mail pgrep -x gpg-agent
	assert_status 1
	mail_in mail anna@example.test sevenpoints-old-rules
	run anna sevenpoints-old-rules Junk
	assert_status 0
}

@test "ENABLE_AMAVIS=0 turns scanning off; nothing of it runs" {
	account_line anna@example.test secret >"$(config off)/postfix-accounts.cf"
	server_start off -e ENABLE_SPAMASSASSIN=1 -e ENABLE_AMAVIS=0
	[ "$(log_of off | grep -c 'ENABLE_SPAMASSASSIN=1 has no effect: mail is not scanned')" -eq 1 ]
	mail_in off anna@example.test gtube-3 --body "$GTUBE"
	run fetch off anna@example.test secret gtube-3
	assert_status 0
	refute_match '^X-Spam'
	run in_server off pgrep -u debian-spamd
	assert_status 1
	server_remove off
}
