#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What the ports offer to TLS clients, at both levels: asked with openssl s_client and sslscan, not with the server's own
# `setup tls show`, whose answers are then compared. And what Postfix offers when it is the client.

load lib/e2e

setup_file() {
	e2e_start
	server_start modern -e SSL_TYPE=self-signed -e ENABLE_POP3=1 -e ENABLE_MANAGESIEVE=1 \
		-e MAIL_ACCOUNTS='anna@example.test:secret'
	server_start old -e SSL_TYPE=self-signed -e TLS_LEVEL=intermediate -e ENABLE_POP3=1 -e ENABLE_MANAGESIEVE=1 \
		-e MAIL_ACCOUNTS='anna@example.test:secret'
}

teardown_file() { e2e_stop; }

PORTS='25 110 143 465 587 993 995 4190'

# s_client's option for the port's way into TLS.
starttls() {
	case $1 in
	25 | 587) echo -starttls smtp ;;
	143) echo -starttls imap ;;
	110) echo -starttls pop3 ;;
	4190) echo -starttls sieve ;;
	esac
}

# client NAME PORT [s_client options…]: a handshake, and what came of it.
client() {
	# shellcheck disable=SC2046
	tools timeout 20 openssl s_client -connect "$(address "$1"):$2" $(starttls "$2") "${@:3}" </dev/null 2>&1
}

# The same with everything that the library can do, also what it would not.
weak_client() { client "$1" "$2" "${@:3}" -cipher "${CIPHERS:-ALL}:@SECLEVEL=0"; }

# Asserts that one handshake of the kind works on every port.
accepted_everywhere() {
	local name=$1 wanted=$2 port
	shift 2
	for port in $PORTS; do
		run weak_client "$name" "$port" "$@"
		assert_output "$wanted" || fail "port $port: $*"
	done
}

refused_everywhere() {
	local name=$1 port
	shift
	for port in $PORTS; do
		run weak_client "$name" "$port" "$@"
		assert_match 'Cipher is \(NONE\)' || fail "port $port: $*"
	done
}

suites12() { # NAME PORT: in the order in which the port chooses them
	local rest=ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305
	local chosen
	rest=$rest:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:AES128-GCM-SHA256
	rest=$rest:ECDHE-ECDSA-AES256-CCM:ECDHE-ECDSA-CAMELLIA128-SHA256:AES128-SHA
	while [ -n "$rest" ]; do
		chosen=$(CIPHERS=$rest weak_client "$1" "$2" -tls1_2 | sed -n 's/^New, .*Cipher is //p')
		[ -n "$chosen" ] && [ "$chosen" != '(NONE)' ] || break
		echo "$chosen"
		rest=$(tr : '\n' <<<"$rest" | grep -vxF "$chosen" | paste -sd:)
	done
}

@test "TLS 1.3 and 1.2 on every port, nothing older, at both levels" {
	accepted_everywhere modern 'New, TLSv1.3' -tls1_3
	accepted_everywhere modern 'New, TLSv1.2' -tls1_2
	refused_everywhere modern -tls1_1
	refused_everywhere modern -tls1
	accepted_everywhere old 'New, TLSv1.2' -tls1_2
	refused_everywhere old -tls1_1
	refused_everywhere old -tls1
}

@test "sslscan agrees on every port: protocols, compression, renegotiation, heartbleed" {
	local port option where
	# sslscan doesn't know ManageSieve.
	tools timeout 300 python3 - bridge "$(address modern)" 4190 14190 <"$E2E_DIR/lib/tls.py" >/dev/null 2>&1 3>&- &
	wait_until 10 tools sh -c 'grep -q 0100007F:376E /proc/net/tcp'
	for port in $PORTS; do
		option=$(starttls "$port" | sed 's/-starttls /--starttls-/')
		where=$(address modern):$port
		[ "$port" != 4190 ] || option='' where=127.0.0.1:14190
		# shellcheck disable=SC2086
		run tools timeout 60 sslscan --no-colour --no-check-certificate $option "$where"
		assert_status 0
		assert_match '^TLSv1.0 +disabled' || fail "port $port"
		assert_match '^TLSv1.1 +disabled'
		assert_match '^TLSv1.2 +enabled'
		assert_match '^TLSv1.3 +enabled'
		assert_match '^SSLv2 +disabled'
		assert_match '^SSLv3 +disabled'
		assert_output 'Compression disabled'
		assert_output 'Session renegotiation not supported'
		refute_match '[^t] vulnerable to heartbleed'
		refute_match '^(Accepted|Preferred).*(CBC|RC4|DES|AES...-SHA|CCM8)'
	done
}

@test "TLS 1.2 suites: the level's, in the server's order, whatever the client prefers" {
	local port modern='ECDHE-ECDSA-AES128-GCM-SHA256
ECDHE-ECDSA-AES256-GCM-SHA384
ECDHE-ECDSA-CHACHA20-POLY1305'
	for port in $PORTS; do
		assert_equal "$(suites12 modern "$port")" "$modern" || fail "port $port"
		assert_equal "$(suites12 old "$port")" "$modern
ECDHE-ECDSA-AES128-SHA256
ECDHE-ECDSA-AES256-SHA384" || fail "port $port"
	done
}

@test "key exchange: the post-quantum hybrid first, also for clients that have it last" {
	local port group
	for port in $PORTS; do
		run client modern "$port" -groups 'X25519:P-256:P-384:X25519MLKEM768'
		assert_output 'Negotiated TLS1.3 group: X25519MLKEM768' || fail "port $port"
		for group in 'X25519' 'P-256' 'P-384'; do
			run client modern "$port" -groups "$group"
			assert_output 'New, TLSv1.3' || fail "port $port: $group"
		done
		for group in X448 P-521 ffdhe2048 ffdhe3072 MLKEM768 SecP256r1MLKEM768; do
			run client modern "$port" -groups "$group"
			assert_match 'Cipher is \(NONE\)' || fail "port $port: $group"
		done
	done
}

@test "no SHA-1 signature of the key exchange" {
	refused_everywhere modern -tls1_2 -sigalgs ECDSA+SHA1:RSA+SHA1
	refused_everywhere old -tls1_2 -sigalgs ECDSA+SHA1:RSA+SHA1
}

@test "extended master secret on every port" {
	accepted_everywhere modern 'Extended master secret: yes' -tls1_2
}

# talk NAME PORT STEPS [s_client options…]: an open session of s_client; what it printed. STEPS are lines, "WORDS" to wait
# for and "> WORDS" to say; WORDS are extended regular expressions.
talk() {
	local name=$1 port=$2 steps=$3
	shift 3
	# shellcheck disable=SC2046
	tools sh -c 'steps=$1; shift
		dir=$(mktemp -d); mkfifo $dir/in; : >$dir/out
		timeout 20 openssl s_client "$@" <$dir/in >$dir/out 2>&1 & client=$!
		exec 3>$dir/in
		echo "$steps" | while read -r step; do
			case $step in
			"> "*) echo "${step#> }" >&3 ;;
			*) until grep -qE -- "$step" $dir/out; do
				kill -0 $client 2>/dev/null || break
				sleep 0.05
			done ;;
			esac
		done
		exec 3>&-
		wait $client
		cat $dir/out; rm -r $dir' sh "$steps" -connect "$(address "$name"):$port" $(starttls "$port") "$@"
}

@test "no client begins a renegotiation, no early data is taken" {
	local port noop
	for port in $PORTS; do
		# "R" in a line of its own is s_client's wish to renegotiate.
		run talk modern "$port" $'Extended master secret\n> R\nno renegotiation|unexpected|closed|alert' -tls1_2
		assert_output RENEGOTIATING || fail "port $port"
		assert_match 'no renegotiation|unexpected|closed|alert' || fail "port $port"
		# Tickets, which say it, come before the answer.
		case $port in
		143 | 993) noop='a NOOP' ;;
		*) noop=NOOP ;;
		esac
		run talk modern "$port" $'Verify return code\n> '"$noop"$'\n^(250 2|a OK|-ERR|OK.*[Cc]ompleted)' -tls1_3
		assert_match '^(250 2|a OK|-ERR|OK.*[Cc]ompleted)' || fail "port $port"
		refute_match 'Max Early Data: [1-9]' || fail "port $port"
	done
}

@test "Dovecot gives no tickets in TLS 1.2: its processes live as long as the key would" {
	local port
	for port in 110 143 993 995 4190; do
		run client modern "$port" -tls1_2
		assert_output 'New, TLSv1.2'
		refute_output 'TLS session ticket:' || fail "port $port"
	done
	run in_server modern postconf -h smtpd_tls_session_cache_timeout
	assert_output 3600s
}

@test "commands that are sent in clear text behind STARTTLS are not carried out" {
	local line name
	for name in modern old; do
		while read -r line; do
			# shellcheck disable=SC2086
			run tools timeout 60 inject ${line% *} "$(address "$name")" ${line#* }
			assert_match '^(refused|closed|ignored)$' || fail "$line"
		done <<<$'smtp 25\nsmtp 587\nimap 143\npop3 110\nsieve 4190'
	done
	# LMTP is a local socket.
	run in_server modern python3 -c "$(cat "$E2E_DIR/tools/bin/inject")" lmtp /run/dovecot/lmtp
	assert_match '^(refused|closed|ignored)$'
}

@test "setup tls show says the same, in words and as JSON" {
	run in_server modern setup tls show
	assert_status 0
	assert_output 'port 25, 110, 143, 465, 587, 993, 995, 4190'
	assert_match '^  protocols +TLSv1.3 TLSv1.2 +sufficient$'
	assert_match '^  groups +X25519MLKEM768 x25519 secp256r1 secp384r1 +good$'
	assert_match 'extended master secret: yes, renegotiation by clients: no +good$'
	assert_match '^  renegotiation +secure +good$'
	refute_output 'phase out'
	refute_output insufficient
	run in_server old setup tls show
	assert_match 'ECDHE-ECDSA-CHACHA20-POLY1305'
	assert_output 'phase out'
	run in_server modern setup tls show --json
	assert_status 0
	run python3 -c 'import json, sys
ports = json.load(sys.stdin)
print([x["port"] for x in ports])
print({r["offers"] for x in ports for r in x["rows"] if r["row"] == "groups"})' <<<"$output"
	assert_output '[25, 110, 143, 465, 587, 993, 995, 4190]'
	assert_output "{'X25519MLKEM768 x25519 secp256r1 secp384r1'}"
}

@test "what setup tls show sees is what is there: a level that is weakened by hand shows" {
	server_start weak -e SSL_TYPE=self-signed -e MAIL_ACCOUNTS='anna@example.test:secret'
	printf '%s\n' 'tls_high_cipherlist = ALL:@SECLEVEL=0' 'smtpd_tls_protocols = >=TLSv1' \
		'tls_ssl_options = 0' 'tls_config_file = default' 'tls_config_name =' >"$(config weak)/postfix-main.cf"
	wait_until 20 log_has weak 'changes are in use: settings of the daemons'
	run in_server weak setup tls show
	assert_match '^port 25$|^port 25, 587|^port 25,'
	assert_match 'TLSv1.1'
	assert_match '^  protocols .*insufficient$'
	assert_match '^  SHA-1 signatures +made +insufficient$'
	server_remove weak
}

@test "as a client Postfix offers the hybrid group and x25519 at once, and nothing older than TLS 1.2" {
	tools sh -c 'cd /tmp && (openssl s_server -accept 2525 -key /srv/mx/key.pem -cert /srv/mx/cert.pem -trace -quiet \
		>hello </dev/null 2>&1 &)'
	wait_until 10 tools grep -q :09DD /proc/net/tcp /proc/net/tcp6
	run in_server modern timeout 20 posttls-finger -w -l encrypt -p '>=TLSv1.2' "[$(address tools)]:2525"
	assert_output 'key-exchange X25519MLKEM768'
	run tools sed -n '/ClientHello/,/Sent TLS Record/p' /tmp/hello
	assert_output 'extended_master_secret'
	run tools sh -c 'sed -n "/ClientHello/,/Sent TLS Record/p" /tmp/hello | grep -A4 "extension_type=key_share" | grep NamedGroup'
	assert_output 'X25519MLKEM768 (4588)'
	assert_output 'x25519 (29)'
	run tools sh -c 'sed -n "/ClientHello/,/Sent TLS Record/p" /tmp/hello | grep -A6 "extension_type=supported_groups"'
	assert_output 'secp256r1 (P-256) (23)'
	refute_output ffdhe
}

# --- TLSA -------------------------------------------------------------------------------------------

# The digest as openssl computes it from a certificate.
spki_digest() { openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1; }

@test "setup tls dane: the digest that openssl computes, for every port, and a DANE client accepts it" {
	local digest port
	digest=$(in_server modern cat /run/mailserver/live/tls/cert.pem | spki_digest)
	run in_server modern setup tls dane
	assert_status 0
	for port in $PORTS; do
		assert_match "^_$port\._tcp\.mail\.example\.test\. IN TLSA 3 1 1 $digest\$"
	done
	for port in 25 465 993; do
		run client modern "$port" -dane_tlsa_domain mail.example.test -dane_tlsa_rrdata "3 1 1 $digest"
		assert_output 'Verification: OK' || fail "port $port"
	done
	run client modern 25 -dane_tlsa_domain mail.example.test -dane_tlsa_rrdata "3 1 1 ${digest/%????/0000}"
	refute_output 'Verification: OK'
}

@test "setup tls dane: the next key from a key, a request or a certificate, once; JSON; mistakes" {
	local digest
	in_server modern sh -eu -c 'cd /tmp && openssl ecparam -name prime256v1 -genkey -noout -out next.key 2>/dev/null
		openssl req -x509 -key next.key -subj /CN=next -days 2 -out next.pem
		openssl req -new -key next.key -subj /CN=next -out next.csr
		openssl pkey -in next.key -pubout -out next.pub; echo nothing >no.pem'
	digest=$(in_server modern cat /tmp/next.pem | spki_digest)
	run in_server modern setup tls dane /tmp/next.key /tmp/next.csr /tmp/next.pem /tmp/next.pub
	assert_status 0
	assert_output 'next key (/tmp/next.key)'
	assert_equal "$(grep -c "^_25\._tcp\..* 3 1 1 $digest\$" <<<"$output")" 1
	run in_server modern setup tls dane /tmp/next.csr
	assert_match "^_25\._tcp\.mail\.example\.test\. IN TLSA 3 1 1 $digest\$"
	run in_server modern setup tls dane --json /tmp/next.pub
	run python3 -c 'import json, sys
print([(x["name"], x["key"], x["usage"], x["selector"], x["matching"], x["data"]) for x in json.load(sys.stdin) if x["port"] == 25][1])' <<<"$output"
	assert_output "('_25._tcp.mail.example.test.', 'next', 3, 1, 1, '$digest')"
	run in_server modern setup tls dane /tmp/no.pem
	assert_status 1
	assert_output '/tmp/no.pem holds no certificate, certificate request or key in PEM form'
	run in_server modern setup tls dane /tmp/none.pem
	assert_status 1
	assert_output '/tmp/none.pem'
}

@test "setup tls in a container where no server runs: TLSA from the files, no show" {
	in_server modern cat /tmp/docker-mailserver/ssl/mail.example.test-cert.pem >"$LAB_DIR/cert.pem"
	run "$ENGINE" run --rm --hostname mail.example.test -e SSL_TYPE=self-signed \
		-v "$(config modern):/tmp/docker-mailserver:ro" "$IMAGE" setup tls dane
	assert_status 0
	assert_match "^_25\._tcp\.mail\.example\.test\. IN TLSA 3 1 1 $(spki_digest <"$LAB_DIR/cert.pem")\$"
	run "$ENGINE" run --rm --hostname mail.example.test "$IMAGE" setup tls show
	assert_status 1
	assert_output 'the server is not running here'
}
