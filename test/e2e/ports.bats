#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The table of ports and encryption in docs/ports.md, row by row in each of its columns; what TLS offers.
#
# SOURCES  RFC 8314, RFC 3207, RFC 9051 section 6.2.1, RFC 2595, RFC 5804; NCSC-NL TLS guidelines of 2025

load lib/e2e

ACCOUNT=anna@example.test

setup_file() {
	e2e_start
	local common=(-e ENABLE_POP3=1 -e ENABLE_MANAGESIEVE=1 -e MAIL_ACCOUNTS="$ACCOUNT:secret1")
	server_create none "${common[@]}"
	server_create cert "${common[@]}" -e SSL_TYPE=self-signed
	server_create implicit "${common[@]}" -e SSL_TYPE=self-signed -e TLS_MODE=implicit
	server_create starttls "${common[@]}" -e SSL_TYPE=self-signed -e TLS_MODE=starttls
	server_create both "${common[@]}" -e TLS_MODE=both -e TLS_LEVEL=intermediate
	server_create few -e MAIL_ACCOUNTS="$ACCOUNT:secret1" -e SSL_TYPE=self-signed
	for name in none cert implicit starttls both few; do server_boot "$name"; done
	for name in none cert implicit starttls both few; do server_ready "$name"; done
}

teardown_file() { e2e_stop; }

# assert_ports NAME, the table on standard input
assert_ports() {
	local wanted is
	wanted=$(tr -s ' ')
	is=$(tools mt ports "$(address "$1")" "$ACCOUNT" secret1 <<<"$wanted")
	assert_equal "$is" "$wanted"
}

# Handshake with a port: handshake NAME PORT PROTOCOL|tls [s_client options…]
handshake() {
	local name=$1 port=$2 protocol=$3
	shift 3
	[ "$protocol" = tls ] || set -- "$@" -starttls "$protocol"
	tools timeout 20 openssl s_client -brief -connect "$(address "$name"):$port" \
		-servername mail.example.test "$@" </dev/null 2>&1
}

assert_handshake() {
	run handshake "$@"
	assert_output 'CONNECTION ESTABLISHED'
}

refute_handshake() {
	run handshake "$@"
	refute_output 'CONNECTION ESTABLISHED'
	# The server must have said no; a port that does not answer proves nothing.
	assert_match 'alert|no protocols available'
}

# The ports that carry passwords, with what s_client calls their protocol.
PASSWORD_PORTS='465 tls
587 smtp
143 imap
993 tls
110 pop3
995 tls
4190 sieve'

@test "no certificate configured: STARTTLS ports only, required before login" {
	assert_ports none <<-'END'
		25   smtp       starttls no-login
		587  submission starttls login
		465  submission closed
		143  imap       starttls login
		993  imap       closed
		110  pop3       starttls login
		995  pop3       closed
		4190 sieve      starttls login
	END
}

@test "certificate configured: implicit TLS beside STARTTLS" {
	assert_ports cert <<-'END'
		25   smtp       starttls no-login
		587  submission starttls login
		465  submission implicit login
		143  imap       starttls login
		993  imap       implicit login
		110  pop3       starttls login
		995  pop3       implicit login
		4190 sieve      starttls login
	END
}

@test "TLS_MODE=implicit: implicit TLS only" {
	assert_ports implicit <<-'END'
		25   smtp       starttls no-login
		587  submission closed
		465  submission implicit login
		143  imap       closed
		993  imap       implicit login
		110  pop3       closed
		995  pop3       implicit login
		4190 sieve      starttls login
	END
}

@test "TLS_MODE=starttls: as without certificate, although one is configured" {
	assert_ports starttls <<-'END'
		25   smtp       starttls no-login
		587  submission starttls login
		465  submission closed
		143  imap       starttls login
		993  imap       closed
		110  pop3       starttls login
		995  pop3       closed
		4190 sieve      starttls login
	END
}

@test "TLS_MODE=both: as with certificate, although none is configured" {
	assert_ports both <<-'END'
		25   smtp       starttls no-login
		587  submission starttls login
		465  submission implicit login
		143  imap       starttls login
		993  imap       implicit login
		110  pop3       starttls login
		995  pop3       implicit login
		4190 sieve      starttls login
	END
}

@test "POP3 and ManageSieve are closed unless enabled" {
	assert_ports few <<-'END'
		25   smtp       starttls no-login
		465  submission implicit login
		993  imap       implicit login
		110  pop3       closed
		995  pop3       closed
		4190 sieve      closed
	END
}

@test "no other port listens on the container's addresses" {
	run in_server cert ss -Hltn
	assert_status 0
	local open
	open=$(awk '$4 !~ /^(127\.|\[::1\])/ { sub(/.*:/, "", $4); print $4 }' <<<"$output" | sort -nu | xargs)
	assert_equal "$open" '25 110 143 465 587 993 995 4190'
}

@test "port 25 takes mail without TLS" {
	run mail_in cert "$ACCOUNT" "$(unique plain)"
	assert_status 0
}

@test "587 takes neither login nor sender before STARTTLS" {
	run tools swaks --server "$(address cert)" --port 587 --ehlo laptop.home.test --from "$ACCOUNT" --to "$ACCOUNT" --quit-after MAIL
	assert_output '530 5.7.0 Must issue a STARTTLS command first'
}

@test "clear text logins are refused from the loopback address too" {
	local kind port
	while read -r kind port; do
		run "$ENGINE" run --rm --network "container:$LAB-cert" "$TOOLS_IMAGE" \
			mt plain "$kind" 127.0.0.1 "$port" "$ACCOUNT" secret1
		assert_status 1
		echo "$kind: $output"
	done <<-'END'
		imap 143
		pop3 110
		sieve 4190
		smtp 587
		smtp 25
	END
}

@test "an IMAP login before STARTTLS gets the reason" {
	run tools mt plain imap "$(address none)" 143 "$ACCOUNT" secret1
	assert_status 1
	assert_output '[PRIVACYREQUIRED]'
}

@test "TLS 1.3 and TLS 1.2 with forward secrecy and AEAD are offered everywhere" {
	local port protocol
	while read -r port protocol; do
		assert_handshake cert "$port" "$protocol" -tls1_3
		assert_handshake cert "$port" "$protocol" -tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384
	done <<<"25 smtp"$'\n'"$PASSWORD_PORTS"
}

@test "TLS 1.1 is refused everywhere" {
	local port protocol
	while read -r port protocol; do
		refute_handshake cert "$port" "$protocol" -tls1_1 -cipher DEFAULT@SECLEVEL=0
	done <<<"25 smtp"$'\n'"$PASSWORD_PORTS"
}

@test "modern: TLS 1.2 without AEAD, without ECDHE, or with a weak group is refused" {
	local port protocol
	while read -r port protocol; do
		refute_handshake cert "$port" "$protocol" -tls1_2 \
			-cipher ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA
		refute_handshake cert "$port" "$protocol" -tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256:AES128-GCM-SHA256
		refute_handshake cert "$port" "$protocol" -tls1_3 -groups ffdhe2048:secp521r1
	done <<<"$PASSWORD_PORTS"
}

@test "modern: the hybrid post-quantum group is taken where the client offers it" {
	local port protocol
	while read -r port protocol; do
		run handshake cert "$port" "$protocol" -groups X25519MLKEM768:x25519
		assert_output 'X25519MLKEM768'
	done <<<"$PASSWORD_PORTS"
}

@test "TLS_LEVEL=intermediate serves clients without AEAD" {
	local port protocol
	while read -r port protocol; do
		assert_handshake both "$port" "$protocol" -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256
		refute_handshake both "$port" "$protocol" -tls1_1 -cipher DEFAULT@SECLEVEL=0
	done <<<"$PASSWORD_PORTS"
}

@test "the self-made certificate names the host and is the same on all ports" {
	local port protocol first='' this
	while read -r port protocol; do
		local options=(-connect "$(address cert):$port")
		[ "$protocol" = tls ] || options+=(-starttls "$protocol")
		this=$(tools openssl s_client "${options[@]}" </dev/null 2>/dev/null |
			tools openssl x509 -noout -fingerprint -sha256 -ext subjectAltName)
		[[ $this == *DNS:mail.example.test* ]]
		[ -n "$first" ] || first=$this
		assert_equal "$this" "$first"
	done <<<"25 smtp"$'\n'"$PASSWORD_PORTS"
}

@test "the self-made certificate is kept in the configuration directory, its key readable by the owner only" {
	run stat -c '%a' "$(config cert)"/ssl/mail.example.test-key.pem
	assert_status 0
	assert_equal "$output" 600
}
