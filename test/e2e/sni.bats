#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Further names with certificates of their own: ssl-sni.cf and ssl-sni/NAME/, on every port with TLS.

load lib/e2e
load lib/certs

setup_file() {
	e2e_start
	ca_start
	local c
	c=$(config sni)
	cert_make /config/sni/ssl-main mail.example.test
	cert_make /config/sni/two mail.two.test
	cert_make /config/sni/ssl-sni/_.three.test '*.three.test'
	echo 'mail.two.test two/fullchain.pem two/privkey.pem' >"$c/ssl-sni.cf"
	server_start sni -e ENABLE_POP3=1 -e ENABLE_MANAGESIEVE=1 -e MAIL_ACCOUNTS='anna@example.test:secret-anna' \
		-e SSL_TYPE=manual -e SSL_CERT_PATH=/tmp/docker-mailserver/ssl-main/fullchain.pem \
		-e SSL_KEY_PATH=/tmp/docker-mailserver/ssl-main/privkey.pem
}

teardown_file() { e2e_stop; }

@test "each name gets its own certificate on every port; a name that nobody knows, and none, get the server's" {
	local main two three port
	main=$(fingerprint /config/sni/ssl-main/fullchain.pem)
	two=$(fingerprint /config/sni/two/fullchain.pem)
	three=$(fingerprint /config/sni/ssl-sni/_.three.test/fullchain.pem)
	for port in $TLS_PORTS; do
		assert_equal "$port $(served sni "$port")" "$port $main"
		assert_equal "$port $(served sni "$port" mail.example.test)" "$port $main"
		assert_equal "$port $(served sni "$port" nobody.test)" "$port $main"
		assert_equal "$port $(served sni "$port" mail.two.test)" "$port $two"
		assert_equal "$port $(served sni "$port" imap.three.test)" "$port $three"
	done
}

# The digest of the key of a certificate's file in the tools.
spki() { tools openssl x509 -in "$1" -noout -pubkey | tools openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1; }

@test "setup tls dane: every name has records, a next key for one of them, a wildcard has comments; a DANE client agrees" {
	local two three next
	two=$(spki /config/sni/two/fullchain.pem)
	three=$(spki /config/sni/ssl-sni/_.three.test/fullchain.pem)
	run in_server sni setup tls dane
	assert_status 0
	assert_match "^_25\\._tcp\\.mail\\.example\\.test\\. IN TLSA 3 1 1 $(spki /config/sni/ssl-main/fullchain.pem)\$"
	assert_match "^_25\\._tcp\\.mail\\.two\\.test\\. IN TLSA 3 1 1 $two\$"
	assert_match "^; _25\\._tcp\\.\\*\\.three\\.test\\. IN TLSA 3 1 1 $three\$"
	run tools timeout 20 openssl s_client -connect "$(address sni):25" -starttls smtp -servername mail.two.test \
		-dane_tlsa_domain mail.two.test -dane_tlsa_rrdata "3 1 1 $two" </dev/null
	assert_output 'Verification: OK'
	cert_make /config/sni/next mail.two.test
	next=$(spki /config/sni/next/fullchain.pem)
	run in_server sni setup tls dane MAIL.two.test=/tmp/docker-mailserver/next/privkey.pem
	assert_status 0
	assert_match "^_25\\._tcp\\.mail\\.two\\.test\\. IN TLSA 3 1 1 $two\$"
	assert_match "^_25\\._tcp\\.mail\\.two\\.test\\. IN TLSA 3 1 1 $next\$"
	refute_output "_tcp.mail.example.test. IN TLSA 3 1 1 $next"
	run in_server sni setup tls dane --json
	run python3 -c 'import json, sys
print(sorted((x["host"], x["wildcard"], x["data"]) for x in json.load(sys.stdin) if x["port"] == 25)[0])' <<<"$output"
	assert_output "('*.three.test', True, '$three')"
	run in_server sni setup tls dane mail.six.test=/tmp/docker-mailserver/next/privkey.pem
	assert_status 1
	assert_output "the server has no certificate for a host 'mail.six.test'"
	# Without a server: from the files.
	run "$ENGINE" run --rm --hostname mail.example.test -e SSL_TYPE=manual -v "$(config sni):/tmp/docker-mailserver:ro" \
		-e SSL_CERT_PATH=/tmp/docker-mailserver/ssl-main/fullchain.pem \
		-e SSL_KEY_PATH=/tmp/docker-mailserver/ssl-main/privkey.pem "$IMAGE" setup tls dane
	assert_match "^_25\\._tcp\\.mail\\.two\\.test\\. IN TLSA 3 1 1 $two\$"
}

@test "keys lie where only root reads them" {
	run in_server sni sh -c 'find /run/mailserver/live/tls -name "*key*" -o -name sni.cdb; ls -l /run/mailserver/live/sni.cdb'
	assert_output sni/mail.two.test.key
	run in_server sni find /run/mailserver/live/tls /run/mailserver/live/sni.cdb -type f \( -name '*key*' -o -name sni.cdb \) -perm /077
	assert_equal "$output" ''
}

@test "a name that comes, is renewed and goes while the server runs" {
	local c four port
	c=$(config sni)
	cert_make /config/sni/ssl-sni/mail.four.test mail.four.test
	four=$(fingerprint /config/sni/ssl-sni/mail.four.test/fullchain.pem)
	for port in 25 993; do
		wait_until 10 serves sni "$port" "$four" mail.four.test
	done
	# Its directory is watched from then on.
	cert_make /config/sni/ssl-sni/mail.four.test mail.four.test 80
	four=$(fingerprint /config/sni/ssl-sni/mail.four.test/fullchain.pem)
	for port in $TLS_PORTS; do
		wait_until 10 serves sni "$port" "$four" mail.four.test
	done
	tools rm -r /config/sni/ssl-sni/mail.four.test
	for port in 25 993; do
		wait_until 10 serves sni "$port" "$(fingerprint /config/sni/ssl-main/fullchain.pem)" mail.four.test
	done
	wait_until 10 in_server sni test ! -e /run/mailserver/live/tls/sni/mail.four.test.key
	is_healthy sni
}

@test "a bad line is told with file and line, the other names and the bad one go on" {
	local c two main lines
	c=$(config sni)
	two=$(fingerprint /config/sni/two/fullchain.pem)
	main=$(fingerprint /config/sni/ssl-main/fullchain.pem)
	lines=$(log_lines sni)
	tools sh -c 'cp /config/sni/two/privkey.pem /config/sni/two.key.old; cp /config/sni/ssl-main/privkey.pem /config/sni/two/privkey.pem
		echo "mail.five.test too-few" >>/config/sni/ssl-sni.cf'
	wait_until 10 log_after_has sni "$lines" 'ssl-sni.cf:2: the line has less than three words'
	wait_until 10 log_after_has sni "$lines" 'ssl-sni.cf:1: the key in /tmp/docker-mailserver/two/privkey.pem does not belong'
	assert_equal "$(served sni 993 mail.two.test)" "$two"
	assert_equal "$(served sni 25 mail.two.test)" "$two"
	run in_server sni mailserver healthcheck
	assert_status 1
	assert_output 'ssl-sni.cf:2'
	# The server's own certificate is renewed all the same.
	cert_make /config/sni/ssl-main mail.example.test 70
	main=$(fingerprint /config/sni/ssl-main/fullchain.pem)
	wait_until 10 serves sni 993 "$main"
	wait_until 10 serves sni 25 "$main"
	# A line that is half gone: the name keeps what it has.
	lines=$(log_lines sni)
	echo 'mail.two.test two/fullchain.pem' >"$c/ssl-sni.cf"
	wait_until 10 log_after_has sni "$lines" 'ssl-sni.cf:1: the line has less than three words'
	assert_equal "$(served sni 993 mail.two.test)" "$two"
	assert_equal "$(served sni 25 mail.two.test)" "$two"
	tools sh -c 'mv /config/sni/two.key.old /config/sni/two/privkey.pem
		echo "mail.two.test two/fullchain.pem two/privkey.pem" >/config/sni/ssl-sni.cf'
	wait_until 15 is_healthy sni
	assert_equal "$(served sni 587 mail.two.test)" "$two"
}

@test "at the start bad lines stop it, all of them told at once" {
	local c
	c=$(config bad)
	printf 'mail.two.test nowhere.pem nowhere.key\nmail x y\nmail.three.test\n' >"$c/ssl-sni.cf"
	run "$ENGINE" run --rm --hostname mail.example.test -v "$c:/tmp/docker-mailserver" "$IMAGE"
	assert_status 78
	assert_output 'ssl-sni.cf:1: open /tmp/docker-mailserver/nowhere.pem'
	assert_output 'ssl-sni.cf:2'
	assert_output 'ssl-sni.cf:3'
}
