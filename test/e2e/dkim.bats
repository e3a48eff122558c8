#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# OpenDKIM: who is signed with what, keys that come while mail flows, what is said about incoming mail, and what
# happens when the signer is gone. Signatures are verified by dkimpy in the tools container.

load lib/e2e

setup_file() {
	e2e_start
	make_key dkim example.test mail
	make_tables dkim 'mail example.test'
	# What the other side signs with. The resolver inside OpenDKIM believes in no .test.
	tools openssl genrsa -out /srv/bob.pem 2048 2>/dev/null
	publish_key bob._domainkey.signed.example /srv/bob.pem
	publish_key mail._domainkey.example.test /config/dkim/opendkim/keys/example.test/mail.private
	server_start dkim -e SSL_TYPE=self-signed \
		-e MAIL_ACCOUNTS='anna@example.test:secret1 nina@nokey.test:secret2 ed@ed.test:secret3 live@live.test:secret4'
}

teardown_file() { e2e_stop; }

# make_key SERVER DOMAIN SELECTOR [genpkey options…]: a key as an administrator makes it by hand.
make_key() {
	local dir=/config/$1/opendkim/keys/$2 file=$3.private
	shift 3
	[ $# -gt 0 ] || set -- -algorithm RSA -pkeyopt rsa_keygen_bits:2048
	config "${dir#/config/}" >/dev/null
	tools sh -euc 'umask 077; cd "$1"; file=$2; shift 2; openssl genpkey "$@" -out "$file.new" 2>/dev/null
		mv "$file.new" "$file"' - "$dir" "$file" "$@"
}

# make_tables SERVER 'SELECTOR DOMAIN'…: the tables of docker-mailserver with these keys.
make_tables() {
	local server=$1 dir selector domain keys='' rules=''
	dir=$(config "$1")/opendkim
	shift
	for one in "$@"; do
		read -r selector domain <<<"$one"
		keys+="$selector._domainkey.$domain $domain:$selector:/etc/opendkim/keys/$domain/$selector.private"$'\n'
		rules+="*@$domain $selector._domainkey.$domain"$'\n'
	done
	printf '127.0.0.1\nlocalhost\n' >"$dir/TrustedHosts"
	printf %s "$rules" >"$dir/SigningTable"
	printf %s "$keys" >"$dir/KeyTable.new"
	mv "$dir/KeyTable.new" "$dir/KeyTable"
	[ -n "$server" ]
}

# publish_key NAME KEY: its record, in strings of at most 255 bytes, in place of an older one.
publish_key() {
	local record
	record=$(tools dkimcheck record "$2")
	tools sed -i "/^txt-record=$1,/d" /etc/dnsmasq.conf
	if [ ${#record} -gt 200 ]; then
		dns_add <<<"txt-record=$1,\"${record:0:200}\",\"${record:200:200}\",\"${record:400}\""
	else
		dns_add <<<"txt-record=$1,\"$record\""
	fi
}

# signed SUBJECT: what dkimpy says about the message that mx.other.test got.
signed() {
	local number
	number=$(mx_wait "$1")
	run tools dkimcheck verify "$number.eml"
}

submit() { # PORT USER PASSWORD SUBJECT [swaks options…]
	local port=$1 user=$2 password=$3 subject=$4 tls=-tls
	shift 4
	[ "$port" = 587 ] || tls=-tlsc
	run mail_out dkim "$user" "$password" bob@other.test "$subject" --port "$port" "$tls" "$@"
	assert_status 0
}

# --- signing ----------------------------------------------------------------------------------------

@test "mail of users is signed on 587 and 465, and an independent verifier agrees" {
	local port subject
	for port in 587 465; do
		subject=$(unique)
		submit "$port" anna@example.test secret1 "$subject"
		signed "$subject"
		assert_status 0
		assert_match '^pass d=example.test s=mail a=rsa-sha256 '
		assert_match 'h=.*from.*:from'
		assert_match 'h=.*subject'
		assert_match 'h=.*message-id'
	done
}

@test "a message whose first header is From: is signed as well" {
	local subject
	subject=$(unique)
	printf 'From: anna@example.test\nTo: bob@other.test\nSubject: %s\nDate: Fri, 27 Nov 2026 10:00:00 +0000\n\nbody\n' "$subject" |
		tools swaks --server "$(address dkim)" --port 587 -tls --auth PLAIN --auth-user anna@example.test \
			--auth-password secret1 --from anna@example.test --to bob@other.test --data -
	signed "$subject"
	assert_status 0
	assert_match '^pass d=example.test s=mail '
}

@test "mail made in the container is signed" {
	local subject
	subject=$(unique)
	printf 'From: anna@example.test\nSubject: %s\n\nfrom cron\n' "$subject" |
		in_server dkim sendmail -f anna@example.test bob@other.test
	signed "$subject"
	assert_status 0
	assert_match '^pass d=example.test s=mail '
}

@test "a domain without a key: unsigned, and said once at the start with the command that makes one" {
	local subject
	subject=$(unique)
	submit 587 nina@nokey.test secret2 "$subject"
	signed "$subject"
	assert_equal "$output" none
	run log_of dkim
	assert_match 'they have no key: ed\.test,live\.test,nokey\.test'
	assert_output 'setup config dkim domain ed.test,live.test,nokey.test'
	[ "$(grep -c 'they have no key' <<<"$output")" -eq 1 ]
	run in_server dkim mailserver config check
	assert_output 'they have no key'
}

@test "the keys are the signer's alone" {
	run in_server dkim sh -c 'cd /etc/opendkim && stat -L -c "%U %a %n" KeyTable keys keys/example.test keys/example.test/mail.private'
	assert_status 0
	assert_equal "$output" "opendkim 600 KeyTable
opendkim 700 keys
opendkim 700 keys/example.test
opendkim 600 keys/example.test/mail.private"
	publish_key mail._domainkey.tried.example /config/dkim/opendkim/keys/example.test/mail.private
	run in_server dkim opendkim-testkey -vv -d tried.example -s mail -k /etc/opendkim/keys/example.test/mail.private
	assert_status 0
	assert_output 'key not secure' # found and right; DNSSEC is none here
}

# --- live -------------------------------------------------------------------------------------------

@test "a key added by hand is used at once, and no mail is put off meanwhile" {
	local subject mark stop=/srv/stop
	subject=$(unique)
	make_key dkim live.test new
	publish_key new._domainkey.live.test /config/dkim/opendkim/keys/live.test/new.private
	mark=$(log_lines dkim)
	tools rm -f $stop
	tools mt stream "$(address dkim)" anna@example.test /srv/stream.log $stop &
	make_tables dkim 'mail example.test' 'new live.test'
	wait_until 10 log_after_has dkim "$mark" 'changes are in use: DKIM keys'
	submit 587 live@live.test secret4 "$subject"
	tools touch $stop
	wait
	signed "$subject"
	assert_status 0
	assert_match '^pass d=live.test s=new '
	run log_after dkim "$mark"
	refute_output milter-reject
	refute_output 'status=deferred'
	run tools grep -vE ' sent$|^end ' /srv/stream.log
	assert_equal "$output" ''
}

@test "a new key under the same selector is used without a word about tables" {
	local subject mark
	subject=$(unique)
	mark=$(log_lines dkim)
	make_key dkim example.test mail
	make_tables dkim 'mail example.test' 'new live.test'
	publish_key mail._domainkey.example.test /config/dkim/opendkim/keys/example.test/mail.private
	wait_until 10 log_after_has dkim "$mark" 'changes are in use: DKIM keys'
	submit 587 anna@example.test secret1 "$subject"
	signed "$subject"
	assert_status 0
}

@test "a bad table, a missing key: file and line are named, the last good state signs, also after a restart" {
	local subject mark dir
	dir=$(config dkim)/opendkim
	mark=$(log_lines dkim)
	printf 'gone._domainkey.example.test example.test:gone:/etc/opendkim/keys/example.test/gone.private\nrubbish\n' >>"$dir/KeyTable"
	wait_until 10 log_after_has dkim "$mark" 'LAST GOOD COPIES'
	run log_after dkim "$mark"
	assert_match "opendkim/KeyTable:3: no key '/etc/opendkim/keys/example.test/gone.private': No such file"
	assert_output 'opendkim/KeyTable:4: the line has one word'
	run in_server dkim mailserver healthcheck
	assert_status 1
	subject=$(unique)
	submit 587 anna@example.test secret1 "$subject"
	signed "$subject"
	assert_status 0
	"$ENGINE" restart "$LAB-dkim" >/dev/null
	server_boot dkim
	wait_until 60 is_ready dkim
	subject=$(unique)
	submit 587 anna@example.test secret1 "$subject"
	signed "$subject"
	assert_status 0
	make_tables dkim 'mail example.test' 'new live.test'
	wait_until 10 is_healthy dkim
}

@test "all keys Ed25519: they sign; beside RSA they do not, and that is said" {
	local subject
	make_key ed ed.test ed -algorithm ed25519
	make_tables ed 'ed ed.test'
	publish_key ed._domainkey.ed.test /config/ed/opendkim/keys/ed.test/ed.private
	server_start ed -e SSL_TYPE=self-signed -e MAIL_ACCOUNTS='ed@ed.test:secret3'
	subject=$(unique)
	run mail_out ed ed@ed.test secret3 bob@other.test "$subject"
	assert_status 0
	signed "$subject"
	assert_status 0
	assert_match '^pass d=ed.test s=ed a=ed25519-sha256 '
	make_key ed ed.test mail
	make_tables ed 'ed ed.test' 'mail ed.test'
	publish_key mail._domainkey.ed.test /config/ed/opendkim/keys/ed.test/mail.private
	wait_until 10 log_has ed 'does not sign beside RSA keys'
	subject=$(unique)
	run mail_out ed ed@ed.test secret3 bob@other.test "$subject"
	signed "$subject"
	assert_status 0
	assert_equal "$(grep -c . <<<"$output")" 1
	assert_match '^pass d=ed.test s=mail a=rsa-sha256 '
	server_remove ed
}

# --- checking ---------------------------------------------------------------------------------------

# incoming SUBJECT FILE: a message in the tools container, sent as it is; the message that was delivered in $output
incoming() {
	run tools swaks --server "$(address dkim)" --ehlo mx.other.test --from bob@other.test --to anna@example.test --data "@$2"
	assert_status 0
	run fetch dkim anna@example.test secret1 "$1"
	assert_status 0
}

compose() { # SUBJECT [extra header lines…]: into /srv/plain.eml
	tools sh -c 'cat >/srv/plain.eml' < <(
		printf 'From: bob@other.test\nTo: anna@example.test\nSubject: %s\nDate: Fri, 27 Nov 2026 10:00:00 +0000\n' "$1"
		shift
		[ $# -eq 0 ] || printf '%s\n' "$@"
		printf '\nThe text.\n'
	)
}

@test "incoming: good, broken and no signature; results carry the host name" {
	local subject
	subject=$(unique)
	compose "$subject"
	tools sh -c 'dkimcheck sign signed.example bob /srv/bob.pem /srv/plain.eml >/srv/signed.eml'
	incoming "$subject" /srv/signed.eml
	assert_match '^Authentication-Results: mail.example.test;'
	assert_output 'dkim=pass'
	subject=$(unique)
	compose "$subject"
	tools sh -c 'dkimcheck sign signed.example bob /srv/bob.pem /srv/plain.eml | sed "s/^The text/Another text/" >/srv/broken.eml'
	incoming "$subject" /srv/broken.eml
	assert_output 'dkim=fail'
	subject=$(unique)
	compose "$subject"
	incoming "$subject" /srv/plain.eml
	assert_output 'dkim=none'
}

@test "incoming, many at a time: every signature is checked, none is put off" {
	local record mark
	record=$(tools dkimcheck record /srv/bob.pem)
	# No name below test.: the resolver in OpenDKIM answers these itself.
	dns_add <<-END
		mx-host=bench-of-tests.com,mx.other.test,10
		txt-record=bob._domainkey.bench-of-tests.com,"${record:0:200}","${record:200}"
	END
	server_start many -e MAIL_ACCOUNTS='user1@d1.example.test:secret'
	printf 'From: bob@bench-of-tests.com\nTo: user1@d1.example.test\nSubject: many\nDate: Fri, 27 Nov 2026 10:00:00 +0000\n\ntext\n' |
		tools sh -c 'cat >/srv/many.eml; dkimcheck sign bench-of-tests.com bob /srv/bob.pem /srv/many.eml >/srv/many-signed.eml'
	wait_until 30 send_many 1 1
	mark=$(log_lines many)
	run send_many 200 16
	assert_status 0
	run log_after many "$mark"
	assert_equal "$(grep -c 'DKIM verification successful' <<<"$output")" 200
	refute_output milter-reject
	refute_output unbound
	refute_output 'exited: opendkim'
	server_remove many
}

# send_many MESSAGES SESSIONS: all are taken.
send_many() {
	tools python3 - smtp --host "$(address many)" --file /srv/many-signed.eml --sender bob@bench-of-tests.com \
		--mailboxes 1 --messages "$1" --sessions "$2" <"$ROOT_DIR/test/bench/load.py" | grep '"refused": 0,.*"missing": 0'
}

@test "forged results in our name are removed, those of others stay" {
	local subject
	subject=$(unique)
	compose "$subject" 'Authentication-Results: mail.example.test; dkim=pass header.d=forged.test' \
		'Authentication-Results: MAIL.example.TEST 1; dmarc=pass header.from=forged.test' \
		'Authentication-Results: mail.example.test (comment); spf=pass smtp.mailfrom=forged.test' \
		'Authentication-Results: relay.other.test; dkim=pass header.d=kept.test'
	incoming "$subject" /srv/plain.eml
	refute_output forged.test
	assert_output kept.test
}

@test "a user can't bring results along either" {
	local subject number
	subject=$(unique)
	submit 587 anna@example.test secret1 "$subject" --header 'Authentication-Results: mail.example.test; dkim=pass header.d=forged.test'
	number=$(mx_wait "$subject")
	run tools cat "$number.eml"
	refute_output forged.test
}

@test "mail over many connections at once: the signer stays, none is put off" {
	local pid
	pid=$(pid_of dkim opendkim)
	run tools mt burst "$(address dkim)" live@live.test 400 20
	assert_status 0
	assert_equal "$(pid_of dkim opendkim)" "$pid"
}

# --- when it fails ----------------------------------------------------------------------------------

@test "the signer's socket gone: mail is put off with 4xx, health says so, afterwards all is well" {
	local pid
	pid=$(pid_of dkim opendkim)
	in_server dkim mv /run/opendkim/opendkim.sock /run/opendkim/away
	run mail_in dkim anna@example.test "$(unique)"
	assert_match '<\*\* +4[0-9][0-9] '
	run mail_out dkim anna@example.test secret1 bob@other.test "$(unique)"
	assert_match '<\*\* +4[0-9][0-9] '
	run in_server dkim mailserver healthcheck
	assert_status 1
	assert_output opendkim
	in_server dkim mv /run/opendkim/away /run/opendkim/opendkim.sock
	wait_until 10 is_healthy dkim
	assert_equal "$(pid_of dkim opendkim)" "$pid"
}

@test "the signer hangs: mail is put off with 4xx, health says so, and it is ended and started again" {
	local pid
	pid=$(pid_of dkim opendkim)
	in_server dkim kill -STOP "$pid"
	run mail_in dkim anna@example.test "$(unique)" --timeout 100
	assert_match '<\*\* +4[0-9][0-9] '
	wait_until 130 is_healthy dkim
	[ "$(pid_of dkim opendkim)" != "$pid" ]
}

@test "the signer killed: restarted by itself, and mail is signed again" {
	local pid subject
	pid=$(pid_of dkim opendkim)
	in_server dkim kill -KILL "$pid"
	wait_until 15 is_healthy dkim
	[ "$(pid_of dkim opendkim)" != "$pid" ]
	subject=$(unique)
	submit 587 anna@example.test secret1 "$subject"
	signed "$subject"
	assert_status 0
}

@test "ENABLE_OPENDKIM=0: no signer, no milter, nothing signed" {
	local subject
	make_key off example.test mail
	make_tables off 'mail example.test'
	server_start off -e SSL_TYPE=self-signed -e ENABLE_OPENDKIM=0 -e MAIL_ACCOUNTS='anna@example.test:secret1'
	run in_server off pgrep -x opendkim
	assert_status 1
	subject=$(unique)
	run mail_out off anna@example.test secret1 bob@other.test "$subject"
	assert_status 0
	signed "$subject"
	assert_equal "$output" none
	server_remove off
}

# --- setup config dkim ------------------------------------------------------------------------------

# publish_printed NAME: the value that the command printed for NAME, as an administrator pastes it.
publish_printed() {
	local value
	value=$(grep -A1 "^$1  TXT" <<<"$output" | tail -n 1)
	tools sed -i "/^txt-record=$1,/d" /etc/dnsmasq.conf
	dns_add <<<"txt-record=$1,\"${value:0:200}\",\"${value:200:200}\",\"${value:400}\""
}

@test "config dkim: keys for all domains sign the next message; what is printed is the record that fits" {
	local subject domain
	server_start make -e SSL_TYPE=self-signed -e MAIL_ACCOUNTS='anna@one.test:secret1 ben@two.test:secret2'
	run in_server make setup config dkim
	assert_status 0
	assert_output 'mail._domainkey.one.test  TXT'
	assert_output 'mail._domainkey.two.test  TXT'
	assert_match '^mail\._domainkey.IN.TXT.\( "v=DKIM1; h=sha256; k=rsa; "'
	publish_printed mail._domainkey.one.test
	publish_printed mail._domainkey.two.test
	for domain in anna:one:secret1 ben:two:secret2; do
		IFS=: read -r user domain password <<<"$domain"
		subject=$(unique)
		run mail_out make "$user@$domain.test" "$password" bob@other.test "$subject"
		assert_status 0
		signed "$subject"
		assert_status 0
		assert_match "^pass d=$domain.test s=mail a=rsa-sha256 "
	done
	run stat -c '%a' "$(config make)/opendkim/keys/one.test/mail.private" "$(config make)/opendkim/keys/one.test/mail.txt"
	assert_equal "$output" $'600\n600'
	[ "$(stat -c %u:%g "$(config make)/opendkim/keys/one.test/mail.private")" = "$(stat -c %u:%g "$(config make)/opendkim")" ]
}

@test "config dkim: at once, while mail flows" {
	local subject mark printed
	mark=$(log_lines make)
	tools rm -f /srv/stop
	tools mt stream "$(address make)" anna@one.test /srv/stream.log /srv/stop &
	in_server make setup email add carla@three.test secret3
	run in_server make setup config dkim domain three.test selector now
	assert_status 0
	printed=$output
	subject=$(unique)
	run mail_out make carla@three.test secret3 bob@other.test "$subject"
	assert_status 0
	tools touch /srv/stop
	wait
	output=$printed
	publish_printed now._domainkey.three.test
	signed "$subject"
	assert_status 0
	assert_match '^pass d=three.test s=now '
	run log_after make "$mark"
	refute_output milter-reject
	run tools grep -vE ' sent$|^end ' /srv/stream.log
	assert_equal "$output" ''
}

@test "config dkim: a key that is there stays; --force makes a new one" {
	local before
	before=$(cat "$(config make)/opendkim/keys/one.test/mail.private")
	run in_server make setup config dkim domain one.test keysize 4096
	assert_status 0
	assert_output 'and stays'
	assert_equal "$(cat "$(config make)/opendkim/keys/one.test/mail.private")" "$before"
	run in_server make setup config dkim keysize 1024 domain one.test --force
	assert_status 0
	[ "$(cat "$(config make)/opendkim/keys/one.test/mail.private")" != "$before" ]
	publish_printed mail._domainkey.one.test
	local subject
	subject=$(unique)
	run mail_out make anna@one.test secret1 bob@other.test "$subject"
	signed "$subject"
	assert_status 0
}

@test "config dkim: a new selector waits behind the old one until its line goes" {
	local subject mark
	run in_server make setup config dkim selector next domain two.test
	assert_status 0
	assert_output 'that one signs'
	publish_printed next._domainkey.two.test
	mark=$(log_lines make)
	in_server make sed -i '/@two.test mail\./d' /tmp/docker-mailserver/opendkim/SigningTable
	wait_until 10 log_after_has make "$mark" 'changes are in use: DKIM keys'
	subject=$(unique)
	run mail_out make ben@two.test secret2 bob@other.test "$subject"
	signed "$subject"
	assert_status 0
	assert_match '^pass d=two.test s=next '
}

@test "config dkim list, plain and as JSON; the old program name" {
	run in_server make setup config dkim list
	assert_status 0
	assert_match '^\* one\.test mail \(rsa, 1024 bits\)'
	assert_output '[ signs -> *@two.test ]'
	run in_server make setup config dkim list --json
	assert_status 0
	run tools python3 -c 'import json,sys; print(sorted(x["domain"]+" "+x["selector"] for x in json.load(sys.stdin)))' <<<"$output"
	assert_equal "$output" "['one.test mail', 'three.test now', 'two.test mail', 'two.test next']"
	run in_server make open-dkim domain one.test
	assert_status 0
	assert_output 'mail._domainkey.one.test  TXT'
}

@test "config dkim: wrong arguments" {
	local words
	for words in keysize 'keysize 512' 'keysize x' selector 'selector a/b' domain 'domain nodot' 'keytype dsa' \
		'keytype ed25519 keysize 4096' 'one.test' 'domain one.test more'; do
		# shellcheck disable=SC2086
		run in_server make setup config dkim $words
		echo "words: $words"
		assert_status 1
		[ -n "$output" ]
	done
	run in_server make setup config dkim help
	assert_status 0
	assert_output 'setup config dkim selector 2026b domain example.com'
}

@test "config dkim: refused when the tables are broken, and nothing is left behind" {
	local table
	table=$(config make)/opendkim/KeyTable
	cp "$table" "$LAB_DIR/KeyTable"
	echo rubbish >>"$table"
	wait_until 10 log_has make 'LAST GOOD COPIES'
	run in_server make setup config dkim domain four.test
	assert_status 1
	assert_output 'opendkim/KeyTable'
	[ ! -e "$(config make)/opendkim/keys/four.test" ]
	grep -qx rubbish "$table"
	cat "$LAB_DIR/KeyTable" >"$table"
	wait_until 10 is_healthy make
	server_remove make
}

@test "config dkim: without a running server, Ed25519, for the owner of the directory" {
	local dir
	dir=$(config alone)
	tools sh -c 'mkdir -p /config/alone/opendkim && chown 1234:1235 /config/alone/opendkim'
	run "$ENGINE" run --rm -v "$dir:/tmp/docker-mailserver" "$IMAGE" setup config dkim keytype ed25519 domain solo.test
	assert_status 0
	assert_output 'k=ed25519; p='
	run tools stat -c '%u:%g %a' /config/alone/opendkim/keys/solo.test/mail.private /config/alone/opendkim/KeyTable
	assert_equal "$output" $'1234:1235 600\n1234:1235 644'
	run "$ENGINE" run --rm -v "$LAB_DIR/config/none:/tmp/docker-mailserver" "$IMAGE" setup config dkim
	assert_status 0
	assert_output 'no keys to make'
}
