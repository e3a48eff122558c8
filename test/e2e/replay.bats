#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What users and scripts of docker-mailserver know of `setup`, played again: words, arguments, streams, exit statuses,
# list formats, old program names; and that its known defects are not there. One test for each sub-command; what a
# command does to mail and logins is in the files about that.

load lib/e2e

bats_require_minimum_version 1.5.0

setup_file() {
	e2e_start
	server_start rep -e SSL_TYPE=self-signed
}

teardown_file() { e2e_stop; }

teardown() { rm -f "$BATS_TEST_TMPDIR/stdin"; }

cf() { cat "$(config rep)/$1"; }

# call WORD...: `setup` in the running server; standard input is the file $BATS_TEST_TMPDIR/stdin where there is one.
# Sets status, output (standard output) and stderr.
call() {
	local input=$BATS_TEST_TMPDIR/stdin
	[ -e "$input" ] || input=/dev/null
	run --separate-stderr in_server rep setup "$@" <"$input"
}

typed() { printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/stdin"; }

show_call() {
	echo "$1: status $status; standard output:"
	tail -n 20 <<<"$output"
	echo "standard error:"
	tail -n 20 <<<"${stderr?}"
	return 1
} >&2

# done_silently WORD...: status 0, and not a word.
done_silently() {
	call "$@"
	[ "$status" = 0 ] && [ -z "$output$stderr" ] || show_call "$*"
}

# refused PART WORD...: status 1, nothing on standard output, an ERROR line with PART.
refused() {
	local part=$1
	shift
	call "$@"
	[ "$status" = 1 ] && [ -z "$output" ] && grep -F -- "$part" <<<"$stderr" | grep -q '^ERROR ' || show_call "$*"
}

# usage_of WORDS WORD...: too few arguments: status 1, the usage of WORDS on standard output.
usage_of() {
	local words=$1
	shift
	call "$@"
	[ "$status" = 1 ] && grep -qF "setup $words" <<<"$output" && grep -q ^EXAMPLES <<<"$output" &&
		grep -q 'missing: ' <<<"$stderr" || show_call "$*"
}

# says LEVEL PART: the last call said so, on standard error.
says() { grep -F -- "$2" <<<"$stderr" | grep -q "^$1" || show_call "no $1 line with '$2'"; }

# --- general rules ----------------------------------------------------------------------------------

@test "general: overview with and without help, standard output, status 0" {
	for words in '' help --help -h; do
		# shellcheck disable=SC2086
		call $words
		assert_status 0
		assert_output 'email add <email>'
		assert_equal "$stderr" ''
	done
	call --version
	assert_match '^mailserver [^ ]+$'
}

# All rows, as "WORDS|ARGUMENTS".
rows() { in_server rep setup help | sed -n '/^COMMANDS/,/^HELP/s/^    \(.\{40\}\) .*/\1/p' | sed 's/ *$//; s/ *\([[<]\)/|\1/'; }

@test "general: each command explains itself with help, --help and -h on standard output, status 0" {
	rows | grep -q '^email add|'
	run in_server rep bash -c 'while IFS="|" read -r words rest; do
		for help in help --help -h; do
			text=$(setup $words $help 2>/tmp/said </dev/null) || echo "$words $help: status $?"
			[ ! -s /tmp/said ] || echo "$words $help: said $(cat /tmp/said)"
			grep -qF "setup $words" <<<"$text" || echo "$words $help: no usage"
		done
		text=$(setup help $words) && grep -qF "setup $words" <<<"$text" || echo "help $words"
	done' < <(rows)
	assert_status 0
	assert_equal "$output" ''
}

@test "general: too few arguments: the usage on standard output, status 1, and what is missing" {
	# Rows that need an argument.
	rows | grep -q '|<'
	run in_server rep bash -c 'while IFS="|" read -r words rest; do
		text=$(setup $words 2>/tmp/said </dev/null); status=$?
		[ "$status" = 1 ] || echo "$words: status $status"
		grep -qF "setup $words" <<<"$text" || echo "$words: no usage"
		grep -q "^ERROR missing: <" /tmp/said || echo "$words: said $(cat /tmp/said)"
	done' < <(rows | grep -E '\|(\[-[^]]*\] )*<')
	assert_equal "$output" ''
}

@test "general: unknown commands: two plain lines on standard error, status 2" {
	for words in 'emial list' 'email lst' 'email' 'nonsense' 'alias remove x y'; do
		# shellcheck disable=SC2086
		call $words
		assert_status 2
		assert_equal "$output" ''
		assert_equal "$(wc -l <<<"$stderr")" 2
		head -n 1 <<<"$stderr" | grep -qE "'(${words%% *}|$(cut -d' ' -f1,2 <<<"$words"))' " || show_call "$words"
		grep -qF "'setup help'" <<<"$stderr"
		refute_match $'\033'
	done
}

@test "general: the nearest known word, flag or choice is named" {
	call emial list
	grep -qF "did you mean 'email'?" <<<"$stderr"
	call email lst
	grep -qF "did you mean 'list'?" <<<"$stderr"
	call email delete x@example.test
	grep -qF "did you mean 'del'?" <<<"$stderr"
	refused "did you mean '--json'?" email list --jsno
	refused "did you mean 'bash'?" completion bahs
	run --separate-stderr in_server rep mailserver healtcheck
	assert_status 64
	grep -qF "did you mean 'healthcheck'?" <<<"$stderr"
	run --separate-stderr in_server rep mailserver config shwo
	assert_status 64
	grep -qF "did you mean 'show'?" <<<"$stderr"
}

@test "general: messages are lines of standard error with a level; LOG_LEVEL filters them" {
	call email add Case@Example.TEST geheim1
	assert_status 0
	assert_equal "$output" ''
	says 'WARN ' "'Case@Example.TEST'"
	says 'WARN ' "'case@example.test'"
	refute_match $'\033'
	run --separate-stderr "$ENGINE" exec -e LOG_LEVEL=error "$LAB-rep" setup email update CASE@example.test geheim2
	assert_status 0
	assert_equal "$stderr" ''
	done_silently email del -n case@example.test || [ -n "$stderr" ]
}

@test "general: a missing config directory is made" {
	run "$ENGINE" run --rm --tmpfs /tmp "$IMAGE" sh -c 'rmdir /tmp/docker-mailserver 2>/dev/null
		setup email add anna@firma.example geheim && cut -d"|" -f1 /tmp/docker-mailserver/postfix-accounts.cf'
	assert_status 0
	assert_equal "$output" anna@firma.example
}

# --- 3.1 to 3.4: email ------------------------------------------------------------------------------

@test "email add" {
	usage_of 'email add' email add
	refused 'is empty' email add '' geheim
	refused "'anna' has no '@'" email add anna geheim
	done_silently email add anna@firma.example geheim
	cf postfix-accounts.cf | grep -qE '^anna@firma\.example\|\{SHA512-CRYPT\}\$6\$[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{86}$'
	refused "'anna@firma.example' already exists" email add anna@firma.example geheim
	refused "'anna@firma.example' already exists" email add ANNA@Firma.example geheim
	done_silently alias add info@firma.example anna@firma.example
	refused "'info@firma.example' is already defined as an alias" email add info@firma.example geheim
	# The words after the password are too many.
	refused 'too many arguments' email add ben@firma.example geheim mehr
	run cf postfix-accounts.cf
	refute_output ben@
}

@test "email add: the password from standard input" {
	# The example: printf 'geheim\ngeheim\n' | docker exec -i mail setup email add …
	typed geheim geheim
	done_silently email add ben@firma.example
	run login rep ben@firma.example geheim
	assert_status 0
	typed geheim anders
	refused 'differ' email add carla@firma.example
	typed '' ''
	refused 'no password' email add carla@firma.example
	typed geheim
	refused 'twice' email add carla@firma.example
	: >"$BATS_TEST_TMPDIR/stdin"
	refused 'no password' email add carla@firma.example
	# One that exists is refused before a password is read.
	typed geheim geheim
	refused 'already exists' email add ben@firma.example
}

@test "email update" {
	usage_of 'email update' email update
	refused "'nobody@firma.example' does not exist" email update nobody@firma.example geheim
	# Checked before a password is asked for.
	refused "'nobody@firma.example' does not exist" email update nobody@firma.example
	done_silently email update ben@firma.example neu
	run login rep ben@firma.example neu
	assert_status 0
	typed neuer neuer
	done_silently email update ben@firma.example
	run login rep ben@firma.example neuer
	assert_status 0
	call email update BEN@firma.example neu
	assert_status 0
	says 'WARN ' "'ben@firma.example'"
}

@test "email list" {
	local plain='^\* [^ ]+ \( [0-9.]+[KMGTPE]? / ([0-9.]+[KMGTPE]?|~) \) \[[0-9]+%\]$'
	done_silently alias add kontakt@firma.example anna@firma.example,ben@firma.example
	call email list
	assert_status 0
	assert_equal "$stderr" ''
	assert_equal "$(sed -n 1p <<<"$output" | grep -cE "$plain")" 1
	assert_equal "$(sed -n 2p <<<"$output")" '    [ aliases -> info@firma.example, kontakt@firma.example ]'
	assert_equal "$(sed -n 3p <<<"$output")" ''
	assert_equal "$(in_server rep setup email list | grep -c '^$')" "$(cf postfix-accounts.cf | grep -c '|')"
	done_silently quota set anna@firma.example 5G
	call email list
	assert_match '^\* anna@firma\.example \( 0 / 5\.0G \) \[0%\]$'
	# The form that scripts read.
	assert_equal "$(in_server rep setup email list | grep '^\*' | awk '{print $2}')" "$(cf postfix-accounts.cf | grep -o '^[^#|]*')"
	call email list --json
	assert_status 0
	run tools python3 -c 'import json, sys
for x in json.load(sys.stdin):
    if x["address"] == "anna@firma.example":
        print(x["limit"], ",".join(x["aliases"]))' <<<"$output"
	assert_equal "$output" '5368709120 info@firma.example,kontakt@firma.example'
	refused "'nobody@firma.example' does not exist" email list nobody@firma.example
}

@test "email list: nothing to list; quotas off; a server that does not run" {
	run --separate-stderr "$ENGINE" run --rm "$IMAGE" setup email list
	assert_status 1
	assert_equal "$output" ''
	says ERROR "'/tmp/docker-mailserver/postfix-accounts.cf' does not exist"
	run --separate-stderr "$ENGINE" run --rm "$IMAGE" sh -c 'touch /tmp/docker-mailserver/postfix-accounts.cf; setup email list'
	assert_status 1
	says ERROR 'is empty, nothing to list'
	run --separate-stderr "$ENGINE" run --rm -e ENABLE_QUOTAS=0 -v "$(config rep):/tmp/docker-mailserver:ro" "$IMAGE" setup email list
	assert_status 0
	assert_equal "$(head -n 1 <<<"$output")" '* anna@firma.example'
	run --separate-stderr "$ENGINE" run --rm -v "$(config rep):/tmp/docker-mailserver:ro" "$IMAGE" setup email list
	assert_status 0
	assert_equal "$(head -n 1 <<<"$output")" '* anna@firma.example (  /  ) [%]'
	# Comments and empty lines are no accounts.
	run "$ENGINE" run --rm "$IMAGE" sh -c "printf '# x\n\nanna@firma.example|{SHA512-CRYPT}\$6\$a\$b\n' >/tmp/docker-mailserver/postfix-accounts.cf
		setup email list | grep -c '^\*'"
	assert_equal "$output" 1
}

@test "email del" {
	usage_of 'email del' email del
	usage_of 'email del' email del -y
	refused "the option '-x' is unknown" email del -x anna@firma.example
	refused "'nobody@firma.example' does not exist" email del -n nobody@firma.example
	done_silently email add eins@firma.example geheim
	done_silently email add zwei@firma.example geheim
	done_silently email add drei@firma.example geheim
	done_silently alias add liste@firma.example eins@firma.example,anna@firma.example
	done_silently alias add allein@firma.example eins@firma.example
	done_silently quota set eins@firma.example 1M
	# A later address is not looked at when one does not exist.
	call email del -n eins@firma.example nobody@firma.example zwei@firma.example
	assert_status 1
	says 'INFO ' "'eins@firma.example' and associated data (aliases, quotas) deleted"
	says ERROR "'nobody@firma.example' does not exist"
	cf postfix-accounts.cf | grep -q '^zwei@'
	run cf postfix-virtual.cf
	refute_output eins@
	refute_output allein@
	assert_match '^liste@firma\.example anna@firma\.example$'
	run cf dovecot-quotas.cf
	refute_output eins@
	# Large and small letters of the options; the answer read as a line; never used with -y.
	call email del -N zwei@firma.example
	assert_status 0
	typed y
	call email del drei@firma.example
	assert_status 0
	says 'INFO ' 'no mail data'
	done_silently email add vier@firma.example geheim
	call email del -Y vier@firma.example
	assert_status 0
	done_silently email add vier@firma.example geheim
	typed n
	call email del vier@firma.example
	assert_status 0
	says 'INFO ' 'not be deleted'
	refused 'contradict' email del -y -n anna@firma.example
	# No file, no accounts: nothing to do.
	run --separate-stderr "$ENGINE" run --rm "$IMAGE" setup email del -y anna@firma.example
	assert_status 0
	assert_equal "$output$stderr" ''
}

# --- 3.6 to 3.8: alias ------------------------------------------------------------------------------

@test "alias add, del, list" {
	usage_of 'alias add' alias add
	usage_of 'alias add' alias add post@firma.example
	refused "'anna@firma.example' is already defined as an account" alias add anna@firma.example ben@firma.example
	done_silently alias add post@firma.example anna@firma.example
	refused "'post@firma.example' is already an alias for recipient: 'anna@firma.example'" \
		alias add post@firma.example anna@firma.example
	done_silently alias add post@firma.example ben@firma.example
	cf postfix-virtual.cf | grep -qx 'post@firma.example anna@firma.example,ben@firma.example'
	# A list, also with a blank behind the comma; another server; a whole domain; a bare name.
	done_silently alias add viele@firma.example 'anna@firma.example, bob@other.test'
	cf postfix-virtual.cf | grep -qx 'viele@firma.example anna@firma.example,bob@other.test'
	done_silently alias add @fang.example anna@firma.example
	done_silently alias add webmaster anna@firma.example
	call alias list
	assert_status 0
	assert_equal "$stderr" ''
	assert_match '^\* post@firma\.example anna@firma\.example,ben@firma\.example$'
	assert_match '^\* @fang\.example anna@firma\.example$'
	assert_equal "$(in_server rep setup alias list | sed -n '2~2p' | sort -u)" ''
	call alias list --json
	assert_status 0
	run tools python3 -c 'import json, sys
print([x["recipients"] for x in json.load(sys.stdin) if x["alias"] == "viele@firma.example"])' <<<"$output"
	assert_equal "$output" "[['anna@firma.example', 'bob@other.test']]"

	usage_of 'alias del' alias del
	usage_of 'alias del' alias del post@firma.example
	done_silently alias del post@firma.example anna@firma.example
	cf postfix-virtual.cf | grep -qx 'post@firma.example ben@firma.example'
	done_silently alias del post@firma.example ben@firma.example
	# Unknown ones are no error.
	done_silently alias del post@firma.example ben@firma.example
	done_silently alias del _ bob@other.test
	done_silently alias del _ anna@firma.example
	run cf postfix-virtual.cf
	refute_output anna@
	refute_output bob@
}

@test "alias list: nothing to list" {
	run --separate-stderr "$ENGINE" run --rm "$IMAGE" setup alias list
	assert_status 1
	says ERROR "'/tmp/docker-mailserver/postfix-virtual.cf' does not exist"
	run --separate-stderr "$ENGINE" run --rm "$IMAGE" sh -c 'touch /tmp/docker-mailserver/postfix-virtual.cf; setup alias list'
	assert_status 1
	says ERROR 'is empty, nothing to list'
}

# --- 3.9: quota -------------------------------------------------------------------------------------

@test "quota set, del" {
	usage_of 'quota set' quota set
	refused "'nobody@firma.example' does not exist" quota set nobody@firma.example 5G
	refused "has no '@'" quota set anna 5G
	for value in 5X 5m G 5.5G -1 5GB; do
		refused B quota set anna@firma.example "$value"
	done
	for value in 100B 200k 5M 6G 1T 0; do
		done_silently quota set anna@firma.example "$value"
		cf dovecot-quotas.cf | grep -qx "anna@firma.example:$value"
	done
	assert_equal "$(cf dovecot-quotas.cf | grep -c anna@)" 1
	typed 7M
	done_silently quota set anna@firma.example
	cf dovecot-quotas.cf | grep -qx 'anna@firma.example:7M'
	typed ''
	call quota set anna@firma.example
	assert_status 1
	usage_of 'quota del' quota del
	done_silently quota del anna@firma.example
	run cf dovecot-quotas.cf
	refute_output anna@
	done_silently quota del anna@firma.example
}

@test "quota list" {
	done_silently quota set anna@firma.example 3M
	call quota list
	assert_status 0
	assert_match '^\* anna@firma\.example .*3M'
	call quota list --json
	assert_status 0
	run tools python3 -c 'import json, sys; print("anna@firma.example" in json.dumps(json.load(sys.stdin)))' <<<"$output"
	assert_equal "$output" True
	done_silently quota del anna@firma.example
}

# --- 3.13: relay ------------------------------------------------------------------------------------

@test "relay add-domain, exclude-domain" {
	usage_of 'relay add-domain' relay add-domain
	usage_of 'relay add-domain' relay add-domain firma.example
	usage_of 'relay exclude-domain' relay exclude-domain
	refused 'is empty' relay add-domain '' relay.test
	refused 'is empty' relay add-domain firma.example ''
	refused 'is empty' relay exclude-domain ''
	refused "'0' is not a port" relay add-domain firma.example relay.test 0
	done_silently relay add-domain firma.example relay.test
	cf postfix-relaymap.cf | grep -qx '@firma.example \[relay.test\]:25'
	# The same key: replaced.
	done_silently relay add-domain firma.example relay.test 587
	assert_equal "$(cf postfix-relaymap.cf)" '@firma.example [relay.test]:587'
	done_silently relay exclude-domain zwei.example
	cf postfix-relaymap.cf | grep -qx '@zwei.example \{0,1\}'
	done_silently relay exclude-domain firma.example
	assert_equal "$(cf postfix-relaymap.cf | grep -c firma.example)" 1
	# What there was no command for.
	done_silently relay del-domain firma.example
	done_silently relay del-domain zwei.example
	run cf postfix-relaymap.cf
	refute_output example
}

@test "relay add-auth" {
	usage_of 'relay add-auth' relay add-auth
	usage_of 'relay add-auth' relay add-auth firma.example
	refused 'is empty' relay add-auth '' user geheim
	refused 'is empty' relay add-auth firma.example '' geheim
	done_silently relay add-domain firma.example relay.test 587
	done_silently relay add-auth firma.example user 'ge:heim'
	cf postfix-sasl-password.cf | grep -qxF '@firma.example user:ge:heim'
	typed neu neu
	done_silently relay add-auth firma.example user
	assert_equal "$(cf postfix-sasl-password.cf)" '@firma.example user:neu'
	typed eins zwei
	refused 'differ' relay add-auth firma.example user
	assert_equal "$(stat -c %a "$(config rep)/postfix-sasl-password.cf")" 600
	call relay list
	assert_status 0
	assert_output relay.test
	refute_output neu
	call relay list --json
	assert_status 0
	refute_output '"neu"'
	run tools python3 -m json.tool <<<"$output"
	assert_status 0
	done_silently relay del-auth firma.example
	done_silently relay del-domain firma.example
	run in_server rep addrelayhost zwei.example relay.test
	assert_status 0
	run in_server rep excluderelaydomain zwei.example
	assert_status 0
	done_silently relay del-domain zwei.example
}

# --- 3.11: config dkim ------------------------------------------------------------------------------

@test "config dkim" {
	local keys first
	keys="$(config rep)/opendkim/keys"
	refused "'keysize' needs a value" config dkim keysize
	refused "'selector' needs a value" config dkim selector
	refused "512" config dkim keysize 512
	call config dkim unsinn 5
	assert_status 1
	assert_output 'setup config dkim'
	says ERROR 'unsinn 5'
	call config dkim domain firma.example,zwei.example
	assert_status 0
	says 'INFO ' "Creating DKIM private key '/tmp/docker-mailserver/opendkim/keys/firma.example/mail.private'"
	assert_match '^mail\._domainkey\.firma\.example '
	assert_match '^v=DKIM1; h=sha256; k=rsa; p='
	for first in firma zwei; do
		assert_equal "$(stat -c %a "$keys/$first.example/mail.private" "$keys/$first.example/mail.txt" | sort -u)" 600
		grep -qE '^mail\._domainkey[[:blank:]]+IN[[:blank:]]+TXT[[:blank:]]+\( "v=DKIM1; h=sha256; k=rsa; "' "$keys/$first.example/mail.txt"
		grep -qx "mail._domainkey.$first.example $first.example:mail:/etc/opendkim/keys/$first.example/mail.private" "$keys/../KeyTable"
		grep -qx "\*@$first.example mail._domainkey.$first.example" "$keys/../SigningTable"
	done
	assert_equal "$(cat "$keys/../TrustedHosts")" $'127.0.0.1\nlocalhost'
	run tools openssl rsa -in "/config/rep/opendkim/keys/firma.example/mail.private" -noout -text
	assert_output '2048 bit'
	# A key that is there stays, whatever its size.
	first=$(sha256sum <"$keys/firma.example/mail.private")
	call config dkim keysize 4096 domain firma.example
	assert_status 0
	assert_equal "$(sha256sum <"$keys/firma.example/mail.private")" "$first"
	# The words in any order.
	call config dkim selector zwei domain firma.example keysize 1024
	assert_status 0
	run tools openssl rsa -in "/config/rep/opendkim/keys/firma.example/zwei.private" -noout -text
	assert_output '1024 bit'
	call config dkim list
	assert_status 0
	assert_match '^\* firma\.example mail '
	run --separate-stderr in_server rep open-dkim selector drei domain zwei.example keysize 1024
	assert_status 0
	[ -s "$keys/zwei.example/drei.private" ]
	# Nobody to make a key for.
	run --separate-stderr "$ENGINE" run --rm "$IMAGE" setup config dkim
	assert_status 0
	says 'WARN ' 'No entries found, no keys to make'
	rm -r "$(config rep)/opendkim"
	wait_until 10 is_healthy rep
}

# --- 3.14, 3.15: fail2ban, debug --------------------------------------------------------------------

@test "fail2ban: arguments are checked, and what is not there says so with status 1" {
	local words
	for words in '' status log 'ban 192.0.2.1' 'unban 2001:db8::1'; do
		# shellcheck disable=SC2086
		refused 'not in this image' fail2ban $words
	done
	refused "'192.0.2' is not an IP address" fail2ban ban 192.0.2
	call fail2ban ban
	assert_status 1
	assert_output 'setup fail2ban ban'
	refused "'fail2ban bann' is not known; did you mean 'ban'?" fail2ban bann
	call fail2ban help
	assert_status 0
	assert_output 'fail2ban unban'
}

@test "debug" {
	local before
	before=$(in_server rep cat /var/log/mail/mail.log | wc -l)
	[ "$before" -gt 0 ]
	call debug show-mail-logs
	assert_status 0
	[ "$(wc -l <<<"$output")" -ge "$before" ]
	grep -q 'is up and running' <<<"$output"
	# One quoted line, as it had to be; words, as one would type them.
	call debug login "ls -d /etc /usr | tail -n 1"
	assert_equal "$output" /usr
	call debug login ls -d /etc '/no such'
	assert_status 2
	assert_equal "$output" /etc
	grep -qF '/no such' <<<"$stderr"
	call debug login 'exit 7'
	assert_status 7
	run in_server rep sh -c 'setup debug login no-such-program x; echo "status $?"'
	assert_output "can't run 'no-such-program'"
	assert_output 'status 127'
	typed 'echo from the shell' 'exit 3'
	call debug login
	assert_status 3
	assert_equal "$output" 'from the shell'
	run on_terminal rep 'expect=# ' 'send=echo $((40 + 2))\r' 'expect=42' 'expect=# ' 'send=exit\r' -- setup debug login
	assert_status 0
	refused 'not in this image' debug fetchmail
	refused 'not in this image' debug getmail
	run --separate-stderr "$ENGINE" run --rm "$IMAGE" setup debug show-mail-logs
	assert_status 1
	says ERROR "'/var/log/mail/mail.log' does not exist"
}

# --- 4: old program names ---------------------------------------------------------------------------

@test "old program names: all are there, explain themselves, and do the same" {
	run in_server rep bash -c 'for name in addmailuser updatemailuser delmailuser listmailuser addalias delalias listalias \
		setquota delquota adddovecotmasteruser updatedovecotmasteruser deldovecotmasteruser listdovecotmasteruser \
		restrict-access addrelayhost addsaslpassword excluderelaydomain open-dkim rspamd-dkim fail2ban \
		debug-fetchmail debug-getmail; do
		text=$($name help 2>&1 </dev/null) || echo "$name: status $?"
		grep -q "^USAGE" <<<"$text" || echo "$name: no usage"
	done'
	assert_equal "$output" ''
	run --separate-stderr in_server rep addmailuser alt@firma.example geheim
	assert_status 0
	assert_equal "$output$stderr" ''
	run --separate-stderr in_server rep addmailuser alt@firma.example geheim
	assert_status 1
	run --separate-stderr in_server rep addmailuser
	assert_status 1
	assert_output 'setup email add'
	run in_server rep sh -c 'listmailuser | grep "^\* alt@"'
	assert_status 0
	run in_server rep setquota alt@firma.example 1G
	assert_status 0
	run in_server rep addalias neu@firma.example alt@firma.example
	assert_status 0
	run in_server rep sh -c 'listalias | grep -cF "* neu@firma.example alt@firma.example"'
	assert_equal "$output" 1
	run in_server rep delmailuser -y alt@firma.example
	assert_status 0
	run in_server rep fail2ban status
	assert_status 1
}

@test "other programs that guides call are there" {
	run in_server rep dms-healthcheck
	assert_status 0
	run in_server rep sh -c "ss --listening --ipv4 --tcp | grep --silent ':smtp'"
	assert_status 0
	run in_server rep supervisorctl status
	assert_status 0
	assert_match '^postfix +RUNNING'
	assert_match '^dovecot +RUNNING'
	run in_server rep sh -c 'for p in doveadm doveconf sievec postconf postqueue postsuper postmap postcat mailq sendmail \
		swaks openssl dig nc less curl ss ip ps bash; do command -v "$p" >/dev/null || echo "$p"; done'
	assert_equal "$output" ''
}

# --- 6: defects that are gone -----------------------------------------------------------------------

@test "an alias in other letters is the same alias" {
	done_silently alias add gross@firma.example anna@firma.example
	done_silently alias add GROSS@firma.example ben@firma.example
	cf postfix-virtual.cf | grep -qx 'gross@firma.example anna@firma.example,ben@firma.example'
	refused 'already an alias' alias add Gross@Firma.example BEN@firma.example
	done_silently alias del GROSS@firma.example Anna@firma.example
	cf postfix-virtual.cf | grep -qx 'gross@firma.example ben@firma.example'
	done_silently quota set ANNA@firma.example 1G
	cf dovecot-quotas.cf | grep -qx 'anna@firma.example:1G'
	done_silently quota del Anna@firma.example
}

@test "names that begin or end alike are different names" {
	done_silently alias add anna2@firma.example.org anna@firma.example
	done_silently email add anna2@firma.example geheim
	done_silently alias add kurz@firma.ex anna@firma.example
	done_silently alias add anna@firma.ex anna@firma.example
	done_silently email add ruanna@firma.example geheim
	call email del -n ruanna@firma.example anna2@firma.example
	assert_status 0
	cf postfix-accounts.cf | grep -q '^anna@firma.example|'
	run cf postfix-virtual.cf
	assert_match '^anna2@firma\.example\.org anna@firma\.example$'
}

@test "signs that regular expressions know are letters like others" {
	done_silently alias add 'a.b@firma.example' anna@firma.example
	done_silently alias add 'axb@firma.example' ben@firma.example
	done_silently alias add 'a.b@firma.example' ben@firma.example
	cf postfix-virtual.cf | grep -qxF 'a.b@firma.example anna@firma.example,ben@firma.example'
	cf postfix-virtual.cf | grep -qxF 'axb@firma.example ben@firma.example'
	done_silently alias add 'plus@firma.example' 'anna+work@firma.example'
	done_silently alias del 'plus@firma.example' 'anna+work@firma.example'
	run cf postfix-virtual.cf
	refute_output plus@
	done_silently alias del 'a.b@firma.example' ben@firma.example
	cf postfix-virtual.cf | grep -qxF 'axb@firma.example ben@firma.example'
}

# --- containers that run, stand still, or come and go -----------------------------------------------

@test "docker exec with and without a terminal and standard input" {
	local options
	for options in '' -i -t; do
		# shellcheck disable=SC2086
		run "$ENGINE" exec $options "$LAB-rep" setup email add "exec$options@firma.example" geheim </dev/null
		assert_status 0
		# shellcheck disable=SC2086
		run "$ENGINE" exec $options "$LAB-rep" setup email add "exec$options@firma.example" geheim </dev/null
		assert_status 1
		assert_output 'already exists'
	done
	# With -t the container's standard error is a terminal: colours, and the word about the argument.
	run "$ENGINE" exec -t "$LAB-rep" setup email update exec@firma.example geheim </dev/null
	assert_status 0
	assert_match $'\033\\[1;33mWARN '
	call email del -n exec@firma.example exec-i@firma.example exec-t@firma.example
	assert_status 0
}

@test "a container that stands still: setup.sh, and a container for one command, change the files; the start uses them" {
	local dir
	dir=$(config still)
	server_create still -e SSL_TYPE=self-signed
	run --separate-stderr "$ENGINE" exec "$LAB-still" setup email list
	[ "$status" -ne 0 ]
	run --separate-stderr "$ENGINE" run --rm -v "$dir:/tmp/docker-mailserver" "$IMAGE" setup email add anna@firma.example geheim
	assert_status 0
	assert_equal "$output$stderr" ''
	run --separate-stderr "$ENGINE" run --rm -i -v "$dir:/tmp/docker-mailserver" "$IMAGE" setup email add ben@firma.example \
		< <(printf 'geheim\ngeheim\n')
	assert_status 0
	run --separate-stderr "$ROOT_DIR/setup.sh" -c "$LAB-still" alias add info@firma.example ben@firma.example </dev/null
	assert_status 0
	assert_equal "$output$stderr" ''
	run --separate-stderr "$ROOT_DIR/setup.sh" -c "$LAB-still" email del -y nobody@firma.example </dev/null
	assert_status 1
	says ERROR "'nobody@firma.example' does not exist"
	run --separate-stderr "$ROOT_DIR/setup.sh" -c "$LAB-still" emial </dev/null
	assert_status 2
	run cat "$dir/postfix-accounts.cf"
	assert_equal "$(cut -d'|' -f1 <<<"$output")" $'anna@firma.example\nben@firma.example'
	server_boot still
	server_ready still
	run login still ben@firma.example geheim
	assert_status 0
	run mail_in still info@firma.example "$(unique)"
	assert_status 0
	# A container for one command beside the one that runs: the latter sees the change.
	run "$ENGINE" run --rm -v "$dir:/tmp/docker-mailserver" "$IMAGE" setup email add spaet@firma.example geheim
	assert_status 0
	wait_until 5 login still spaet@firma.example geheim
	server_remove still
}

@test "what is changed while the server starts is in force when it is ready" {
	local i
	server_create early -e SSL_TYPE=self-signed
	"$ENGINE" start "$LAB-early" >/dev/null
	for i in 1 2 3; do
		run --separate-stderr in_server early setup email add "early$i@firma.example" "geheim$i" </dev/null
		assert_status 0
		assert_equal "$output$stderr" ''
	done
	server_boot early
	server_ready early
	for i in 1 2 3; do
		run login early "early$i@firma.example" "geheim$i"
		assert_status 0
	done
	server_remove early
}

@test "a change that the server can't take leaves the files as they were, and says why" {
	local before
	before=$(cf postfix-accounts.cf)
	# Somebody's open transaction on the account table, for longer than anybody waits.
	in_server rep bash -c 'mv /run/mailserver/live /run/mailserver/away'
	call email add fremd@firma.example geheim
	in_server rep bash -c 'mv /run/mailserver/away /run/mailserver/live'
	assert_status 1
	says ERROR 'the files are as they were'
	assert_equal "$(cf postfix-accounts.cf)" "$before"
	wait_until 20 is_healthy rep
	done_silently email add fremd@firma.example geheim
	run login rep fremd@firma.example geheim
	assert_status 0
}

@test "twenty accounts and twenty recipients of one alias at the same time: nothing is lost" {
	local i jobs=()
	done_silently alias add alle@firma.example anna@firma.example
	for i in {1..20}; do
		in_server rep setup email add "viel$i@firma.example" "geheim$i" </dev/null &
		jobs+=($!)
		in_server rep setup alias add alle@firma.example "viel$i@firma.example" </dev/null &
		jobs+=($!)
	done
	for i in "${jobs[@]}"; do wait "$i"; done
	assert_equal "$(cf postfix-accounts.cf | grep -c '^viel')" 20
	assert_equal "$(cf postfix-virtual.cf | grep '^alle@' | tr ', ' '\n\n' | grep -c '^viel')" 20
	for i in {1..20}; do
		run login rep "viel$i@firma.example" "geheim$i"
		assert_status 0
	done
}

# --- passwords --------------------------------------------------------------------------------------

@test "at a terminal the password is asked for twice and not shown" {
	run on_terminal rep 'expect=Enter Password: ' 'send=sehr geheim\r' 'expect=Confirm Password: ' 'send=sehr geheim\r' \
		-- setup email add tippt@firma.example
	assert_status 0
	refute_output 'sehr'
	refute_output 'arguments can be seen'
	run login rep tippt@firma.example 'sehr geheim'
	assert_status 0
	run on_terminal rep 'expect=Enter Password: ' 'send=eins\r' 'expect=Confirm Password: ' 'send=zwei\r' \
		-- setup email add tippt2@firma.example
	assert_status 1
	assert_output 'differ'
	run on_terminal rep 'expect=Enter Password: ' 'send=\r' -- setup email add tippt2@firma.example
	assert_status 1
	# Interrupted, the terminal shows again what is typed.
	run on_terminal rep 'expect=# ' 'send=setup email add tippt2@firma.example\r' 'expect=Enter Password: ' 'send=x\x03' \
		'expect=# ' 'send=echo seen\r' 'expect=echo seen' 'expect=seen' 'expect=# ' 'send=stty | grep -c -- -echo; exit\r' \
		'expect=0' -- bash --norc -i
	run cf postfix-accounts.cf
	refute_output tippt2
}

@test "a password as an argument: a word about it at a terminal, and gone from the process list while it is hashed" {
	run on_terminal rep -- setup email update tippt@firma.example 'offen sichtbar'
	assert_status 0
	assert_output 'arguments can be seen by others'
	# The command stops behind the hash, at the lock that somebody holds: what it does then is seen by all.
	run in_server rep bash -c '
		exec 3</tmp/docker-mailserver; flock 3
		setup email update tippt@firma.example "ganz-geheim-$((6 * 7))" 3<&- &
		pid=$!
		for ((i = 0; i < 500; i++)); do
			seen=$(tr "\0" " " <"/proc/$pid/cmdline")
			[[ $seen != "setup email update tippt@firma.example"* || $seen == *ganz-geheim-42* ]] || break
			sleep 0.01
		done
		echo "seen: $seen"
		tr "\0" "\n" <"/proc/$pid/environ" | grep -c ganz-geheim
		exec 3<&-
		wait "$pid"'
	assert_status 0
	assert_output 'seen: setup email update tippt@firma.example'
	refute_output ganz-geheim
	run login rep tippt@firma.example ganz-geheim-42
	assert_status 0
	run log_of rep
	refute_output ganz-geheim
}

@test "setup.sh hands a password on from standard input" {
	run --separate-stderr "$ROOT_DIR/setup.sh" -c "$LAB-rep" email update tippt@firma.example < <(printf 'durch\ndurch\n')
	assert_status 0
	assert_equal "$output$stderr" ''
	run login rep tippt@firma.example durch
	assert_status 0
	# No line ends of a terminal.
	run "$ROOT_DIR/setup.sh" -c "$LAB-rep" alias list </dev/null
	refute_match $'\r'
}
