#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Mail that leaves, and how well its TLS is checked: DANE against a name space that is signed from the root on
# (tools/bin/signed), with a validating resolver outside, inside (ENABLE_RESOLVER=1), and with none.
#
# All domains lead to the same mail exchanger, mx.other.test: dane.test has its TLSA record, wrong.test one that does not
# fit, none.test has none.

load lib/e2e

setup_file() {
	e2e_start
	mkdir "$LAB_DIR/zone" "$LAB_DIR/ca" && chmod 0777 "$LAB_DIR/zone" "$LAB_DIR/ca"
	"$ENGINE" run -d --name "$LAB-sts" --network "$LAB" -v "$LAB_DIR/ca:/ca" "$TOOLS_IMAGE" policyhost \
		sts.test:enforce:mx.sts.test both.test:enforce:mx.both.test bad.test:enforce:mx.elsewhere.test \
		testing.test:testing:mx.elsewhere.test forged.test:enforce:mx.forged.test >/dev/null
	"$ENGINE" run -d --name "$LAB-plainmx" --network "$LAB" -e MX_TLS=0 "$TOOLS_IMAGE" \
		sh -c 'echo plain.test >/srv/mx/domains; exec mx' >/dev/null
	wait_until 30 log_has sts 'mx: ready'
	records >"$LAB_DIR/zone/records"
	"$ENGINE" run -d --name "$LAB-dns" --network "$LAB" -v "$LAB_DIR/zone:/zone" "$TOOLS_IMAGE" signed >/dev/null
	wait_until 30 log_has dns 'signed: ready' || log_of dns
	printf 'nameserver %s\n' "$(address dns)" >"$LAB_DIR/signed.conf"
	# On an internal network the engine's DNS asks nobody; here it does. All that it is asked about ends in the lab.
	"$ENGINE" network create "$LAB-front" >/dev/null
	tools sh -c 'printf "%s\n" dane.test wrong.test none.test >/srv/mx/domains'
	# Hosts that other.test and the tests' own names need are known to both name servers.
	server_start plain -e SSL_TYPE=self-signed -e MAIL_ACCOUNTS='anna@example.test:secret'
	signed_server_start valid -v "$LAB_DIR/signed.conf:/etc/resolv.conf:ro"
	drop_in >"$LAB_DIR/unbound.conf"
}

teardown_file() {
	e2e_stop
	"$ENGINE" network rm "$LAB-front" >/dev/null || :
}

spki() { tools sh -c 'openssl x509 -in /srv/mx/cert.pem -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum' | cut -d' ' -f1; }

records() {
	local domain
	echo "mx.other.test. A $(address tools)"
	echo 'other.test. MX 10 mx.other.test.'
	for domain in dane wrong none; do
		echo "$domain.test. MX 10 mx.$domain.test."
		echo "mx.$domain.test. A $(address tools)"
	done
	echo "_25._tcp.mx.dane.test. TLSA 3 1 1 $(spki)"
	echo "_25._tcp.mx.wrong.test. TLSA 3 1 1 $(spki | tr 0-9a-f 1-9a-f0)"
	for domain in sts both bad testing; do
		echo "$domain.test. MX 10 mx.$domain.test."
		echo "mx.$domain.test. A $(address sts)"
		echo "mta-sts.$domain.test. A $(address sts)"
		echo "_mta-sts.$domain.test. TXT \"v=STSv1; id=1;\""
	done
	echo "_25._tcp.mx.both.test. TLSA 3 1 1 $(spki)"
	# Its exchanger has a certificate that nobody vouches for.
	printf '%s\n' 'forged.test. MX 10 mx.forged.test.' "mx.forged.test. A $(address tools)" \
		"mta-sts.forged.test. A $(address sts)" '_mta-sts.forged.test. TXT "v=STSv1; id=1;"'
	# STARTTLS is not offered there.
	echo "_25._tcp.mx.plain.test. TLSA 3 1 1 $(spki)"
	echo 'plain.test. MX 10 mx.plain.test.'
	echo "mx.plain.test. A $(address plainmx)"
	for domain in dane wrong plain forged other; do
		echo "_smtp._tls.$domain.test. TXT \"v=TLSRPTv1; rua=mailto:reports@other.test\""
	done
	echo '_smtp._tls.sts.test. TXT "v=TLSRPTv1;rua=https://mta-sts.sts.test/reports,mailto:reports@other.test"'
}

# What makes the server's own resolver ask the test's root.
drop_in() {
	printf '%s\n' 'server:' "  trust-anchor: \"$(tr '\t' ' ' <"$LAB_DIR/zone/anchor" | sed 's/ IN DS/ DS/; s/;.*//')\"" \
		'  local-zone: "test." nodefault' 'stub-zone:' '  name: "."' "  stub-addr: $(address dns)@5300"
}

signed_server_create() {
	"$ENGINE" create --name "$LAB-$1" --network "${NETWORK:-$LAB}" --hostname mail.example.test -e SSL_TYPE=self-signed \
		-e POSTSCREEN_GREET_WAIT=1 -e MAIL_ACCOUNTS='anna@example.test:secret' -v "$(config "$1"):/tmp/docker-mailserver" \
		"${@:2}" "$IMAGE" >/dev/null
}

signed_server_start() {
	signed_server_create "$@"
	server_boot "$1"
	server_ready "$1"
}

# send NAME TO: from an account; its subject is in $subject.
send() {
	subject=$(unique out)
	in_server "$1" sh -c "printf 'Subject: $subject\n\ntext\n' | sendmail -f anna@example.test '$2'"
}

put_off() { in_server "$1" postqueue -j | grep -qE "\"address\": \"$2\".*$3"; }

# The log's line about the TLS connection for the message to this domain.
tls_lines() { log_of "$1" | grep -E 'postfix/smtp\[.*TLS connection established to mx'; }

@test "a resolver that does not validate: no DANE, said once in the log and in the health check" {
	wait_until 30 log_has plain 'DANE is off for mail that leaves: the resolver does not validate DNSSEC'
	run in_server plain mailserver healthcheck --verbose
	assert_status 0
	assert_output 'mail leaves without DANE: the resolver of the container does not validate DNSSEC'
	send plain bob@other.test
	mx_wait "$subject"
	run in_server plain mailserver dane-check
	assert_status 0
	assert_equal "$(log_of plain | grep -c 'DANE is off for mail that leaves')" 1
	run log_of plain
	refute_output 'DNSSEC validation may be unavailable'
}

@test "a resolver outside that validates: DANE is on, and still is after a restart" {
	wait_until 30 log_has valid 'DANE is on for mail that leaves: the resolver validates DNSSEC'
	run in_server valid mailserver healthcheck --verbose
	refute_output 'without DANE'
	assert_equal "$(log_of valid | grep -c 'DANE is on for mail that leaves')" 1
	run in_server valid postconf -h smtp_tls_security_level
	assert_output dane
	"$ENGINE" restart "$LAB-valid" >/dev/null
	server_boot valid
	server_ready valid
	run in_server valid postconf -h smtp_tls_security_level
	assert_output dane
	run log_since_start valid
	refute_output 'refreshing the Postfix mail system'
}

dane_works() {
	local name=$1
	send "$name" bob@dane.test
	mx_wait "$subject"
	run log_of "$name"
	assert_match 'Verified TLS connection established to mx\.dane\.test'

	send "$name" bob@none.test
	mx_wait "$subject"
	run log_of "$name"
	assert_match '(Untrusted|Trusted|Anonymous) TLS connection established to mx\.none\.test'

	send "$name" bob@wrong.test
	wait_until 20 put_off "$name" bob@wrong.test 'Server certificate not verified' || { in_server "$name" postqueue -p; false; }
	if mx_has "$subject"; then fail 'it was delivered in spite of its TLSA record'; fi
}

@test "DANE: what matches is delivered, what does not waits, without TLSA records as ever" {
	dane_works valid
}

@test "SMTP_TLS_DANE=no: the same record stops nothing" {
	signed_server_start off -v "$LAB_DIR/signed.conf:/etc/resolv.conf:ro" -e SMTP_TLS_DANE=no
	send off bob@wrong.test
	mx_wait "$subject"
	run in_server off postconf -h smtp_dns_support_level smtp_tls_security_level
	assert_output may
	refute_output dnssec
	run log_of off
	refute_output 'DANE is'
	server_remove off
}

@test "SMTP_TLS_DANE=yes: DANE from the first message on" {
	signed_server_start forced -v "$LAB_DIR/signed.conf:/etc/resolv.conf:ro" -e SMTP_TLS_DANE=yes
	run in_server forced postconf -h smtp_dns_support_level smtp_tls_security_level
	assert_output dnssec
	assert_output dane
	dane_works forced
	server_remove forced
}

# --- the resolver inside ------------------------------------------------------------------------------

DROP_IN=/usr/share/mailserver/drop-in/resolver/conf.d/lab.conf

@test "ENABLE_RESOLVER=1 behind the engine's DNS (dns: 127.0.0.1), read-only root: DANE, and the names of other containers" {
	local options=(--read-only --tmpfs /run --tmpfs /tmp --cap-drop ALL) cap
	for cap in $E2E_CAPABILITIES; do options+=(--cap-add "$cap"); done
	NETWORK=$LAB-front signed_server_create inside "${options[@]}" --dns 127.0.0.1 -e ENABLE_RESOLVER=1 -v "$LAB_DIR/unbound.conf:$DROP_IN:ro"
	"$ENGINE" network connect "$LAB" "$LAB-inside"
	"$ENGINE" start "$LAB-inside" >/dev/null
	server_ready inside
	wait_until 30 log_has inside 'DANE is on for mail that leaves: the resolver validates DNSSEC'
	run in_server inside mailserver healthcheck --verbose
	assert_match '^ok +resolver'
	run in_server inside dig +short . NS
	assert_output ns.lab.test
	run in_server inside dig +dnssec mx.dane.test
	assert_match 'flags:.* ad'
	# Docker answers for its own.
	run in_server inside getent hosts "$LAB-tools"
	assert_status 0
	assert_output "$(address tools)"
	dane_works inside
}

@test "only loopback is listened on, and strangers get no answer" {
	run tools dig +time=1 +tries=1 "@$(in_server inside getent ahostsv4 mail.example.test | awk 'NR == 1 { print $1 }')" . NS
	refute_output ns.lab.test
	run in_server inside ss -Hlnu sport = :53
	refute_match '(0\.0\.0\.0|\*|\[::\]):53'
	assert_output '127.0.0.1:53'
}

@test "forged answers are no answers: a record that was changed on the way" {
	# The zone as the name server has it, with another address under the old signature.
	"$ENGINE" exec "$LAB-dns" sh -c "cd /srv/signed && sed -i '/^none\.test\..*IN.MX.10 /s/10 mx.none/20 mx.none/' zone.signed &&
		nsd-control -c nsd.conf reload" >/dev/null
	in_server inside unbound-control -q -c /etc/unbound/unbound.conf flush_zone .
	run in_server inside dig none.test MX
	assert_output SERVFAIL
	wait_until 10 log_matches inside 'validation failure.*none\.test'
	"$ENGINE" exec "$LAB-dns" signed update
	in_server inside unbound-control -q -c /etc/unbound/unbound.conf flush_zone .
	run in_server inside dig +short none.test MX
	assert_output '10 mx.none.test.'
}

@test "while the resolver is down the health check says so; what it was is kept, and mail waits" {
	in_server inside supervisorctl stop resolver
	run in_server inside mailserver healthcheck
	assert_status 1
	assert_output resolver
	send inside bob@dane.test
	wait_until 30 put_off inside bob@dane.test 'Host or domain name not found' || { in_server inside postqueue -p; false; }
	in_server inside supervisorctl start resolver
	wait_until 20 is_healthy inside
	in_server inside postqueue -f
	mx_wait "$subject" 40
	server_remove inside
}

@test "a resolv.conf that names others: rewritten where it can be, else a warning with the remedy" {
	"$ENGINE" run -d --name "$LAB-bridge" --hostname mail.example.test -e ENABLE_RESOLVER=1 --dns 192.0.2.53 \
		-v "$LAB_DIR/unbound.conf:$DROP_IN:ro" "$IMAGE" >/dev/null
	server_ready bridge
	run in_server bridge cat /etc/resolv.conf
	assert_match '^nameserver 127\.0\.0\.1$'
	assert_output '# was: nameserver 192.0.2.53'
	refute_match '^nameserver 192'
	run log_of bridge
	assert_output "the container's programs ask the resolver in it"
	"$ENGINE" restart "$LAB-bridge" >/dev/null
	server_ready bridge
	run in_server bridge cat /etc/resolv.conf
	assert_match '^nameserver 127\.0\.0\.1$'
	server_remove bridge

	signed_server_start fixed -e ENABLE_RESOLVER=1 -v "$LAB_DIR/signed.conf:/etc/resolv.conf:ro" -v "$LAB_DIR/unbound.conf:$DROP_IN:ro"
	run log_of fixed
	assert_output 'the resolver is not in use: /etc/resolv.conf names others'
	assert_output 'dns: 127.0.0.1'
	server_remove fixed

	signed_server_start front -e ENABLE_RESOLVER=1 -v "$LAB_DIR/unbound.conf:$DROP_IN:ro"
	run log_of front
	assert_output 'stays in front of the resolver'
	server_remove front
}

# --- keys of the root (RFC 5011) ------------------------------------------------------------------------

ROOT_KEY=/var/mail-state/lib-unbound/root.key

valid_keys() { [ "$(in_server roll grep -c 'state=2' "$ROOT_KEY")" = "$1" ]; }

# sign_with KEYFILE…: files in the name server that hold names of keys.
sign_with() {
	"$ENGINE" exec "$LAB-dns" sh -c 'cd /srv/signed; sed -i "s/hostmaster.lab.test. [0-9]*/hostmaster.lab.test. $(date +%s)/" zone
		ldns-signzone -o . -f zone.signed zone $(cat "$@") && nsd-control -c nsd.conf reload &&
		unbound-control -c unbound.conf flush_zone .' sh "$@" >/dev/null
}

@test "a new key of the root is taken up, on a read-only root too; a damaged file is replaced by the image's keys" {
	local options=(--read-only --tmpfs /run --tmpfs /tmp --cap-drop ALL) cap state=$LAB_DIR/lib-unbound
	for cap in $E2E_CAPABILITIES; do options+=(--cap-add "$cap"); done
	mkdir "$state"
	tr '\t' ' ' <"$LAB_DIR/zone/anchor" >"$state/root.key"
	"$ENGINE" run --rm "$IMAGE" cat /usr/share/dns/root.key >"$state/seed"
	{ drop_in | sed '/trust-anchor/d'; printf '%s\n' 'server:' '  permit-small-holddown: yes' '  add-holddown: 2'; } >"$LAB_DIR/roll.conf"
	signed_server_create roll "${options[@]}" --dns 127.0.0.1 -e ENABLE_RESOLVER=1 -v "$LAB_DIR/roll.conf:$DROP_IN:ro" \
		-v "$state:/var/mail-state/lib-unbound"
	server_boot roll
	server_ready roll
	wait_until 20 valid_keys 1
	run in_server roll dig @127.0.0.1 +dnssec mx.dane.test
	assert_match 'flags:.* ad'
	# A second key beside the first; seen for long enough it counts.
	"$ENGINE" exec "$LAB-dns" sh -c 'cd /srv/signed && ldns-keygen -a ECDSAP256SHA256 -k . >key2'
	sign_with key key2
	wait_until 60 valid_keys 2
	# The first goes. Who has not followed knows no key any more.
	sign_with key2
	in_server roll unbound-control -q -c /etc/unbound/unbound.conf flush_zone .
	run in_server roll dig @127.0.0.1 +dnssec mx.dane.test
	assert_match 'flags:.* ad'
	run tools dig "@$(address dns)" mx.dane.test
	assert_output SERVFAIL
	# What was learned outlives the container.
	"$ENGINE" restart "$LAB-roll" >/dev/null
	server_boot roll
	server_ready roll
	run in_server roll dig @127.0.0.1 +dnssec mx.dane.test
	assert_match 'flags:.* ad'
	"$ENGINE" exec "$LAB-dns" signed update
	"$ENGINE" stop "$LAB-roll" >/dev/null
	"$ENGINE" run --rm -v "$state:/s" "$IMAGE" sh -c 'echo ". IN DNSK" >/s/root.key'
	"$ENGINE" start "$LAB-roll" >/dev/null
	server_ready roll
	log_since_start roll | grep -q "$ROOT_KEY is damaged"
	in_server roll grep -q 'keytag 20326\|id = 20326' "$ROOT_KEY"
	server_remove roll
}

@test "without ENABLE_RESOLVER nothing of it runs" {
	run in_server valid pgrep -x unbound
	assert_status 1
}

# --- MTA-STS ------------------------------------------------------------------------------------------

# The certificate authority of the policy host, as one of those that everybody trusts.
sts_server_start() {
	signed_server_start "$1" -v "$LAB_DIR/signed.conf:/etc/resolv.conf:ro" -e ENABLE_MTA_STS=1 \
		-v "$LAB_DIR/ca/ca.pem:/etc/ssl/certs/$(cat "$LAB_DIR/ca/hash").0:ro" "${@:2}"
}

# The message with this subject is at the policy host's mail exchanger.
sts_has() { "$ENGINE" exec "$LAB-sts" sh -c "grep -l -- 'Subject: .*$1' /srv/mx/mail/*.eml" >/dev/null 2>&1; }

@test "ENABLE_MTA_STS=1: delivered with a certificate that is checked; a policy that does not fit stops mail, in testing mode not" {
	sts_server_start strict -e SMTP_TLS_DANE=auto
	wait_until 30 log_has strict 'DANE is on for mail that leaves'
	run in_server strict mailserver healthcheck --verbose
	assert_status 0
	assert_match '^ok +mta-sts'
	send strict bob@sts.test
	wait_until 20 sts_has "$subject" || { show_server strict; false; }
	run log_of strict
	assert_match 'Verified TLS connection established to mx\.sts\.test'

	send strict bob@bad.test
	wait_until 20 put_off strict bob@bad.test 'Server certificate not verified' || { in_server strict postqueue -p; false; }
	if sts_has "$subject"; then fail 'it was delivered in spite of the policy'; fi

	send strict bob@testing.test
	wait_until 20 sts_has "$subject"
	send strict bob@none.test
	mx_wait "$subject"
}

@test "MTA-STS never overrides DANE: a policy that fits does not help against a TLSA record that does not" {
	send strict bob@both.test
	wait_until 20 put_off strict bob@both.test 'Server certificate not verified' || { in_server strict postqueue -p; false; }
	if sts_has "$subject"; then fail 'it was delivered in spite of its TLSA record'; fi
	run in_server strict postmap -q both.test socketmap:unix:/var/mail-state/spool-postfix/private/tls-policy:dane
	assert_equal "$output" dane
	run in_server strict postmap -q sts.test socketmap:unix:/var/mail-state/spool-postfix/private/tls-policy:dane
	assert_output 'secure match=mx.sts.test'
	run in_server strict postmap -q both.test socketmap:unix:/var/mail-state/spool-postfix/private/tls-policy:plain
	assert_output 'secure match=mx.both.test'
}

@test "a policy that is known counts while its server is away, also over a restart" {
	"$ENGINE" exec "$LAB-sts" touch /srv/no-policies
	"$ENGINE" restart "$LAB-strict" >/dev/null
	server_boot strict
	server_ready strict
	run in_server strict postmap -q sts.test socketmap:unix:/var/mail-state/spool-postfix/private/tls-policy:dane
	assert_output 'secure match=mx.sts.test'
	"$ENGINE" exec "$LAB-sts" rm /srv/no-policies
}

@test "own levels go before everything, at once; a wrong line is named and the last good file stays" {
	printf '%s\n' '# own' 'bad.test  secure match=mx.bad.test' 'none.test secure' >"$(config strict)/postfix-tls-policy.cf"
	wait_until 10 log_has strict 'changes are in use: TLS policies'
	send strict bob@bad.test
	wait_until 20 sts_has "$subject" || { in_server strict postqueue -p; false; }
	send strict bob@none.test
	wait_until 20 put_off strict bob@none.test 'not (trusted|verified)' || { in_server strict postqueue -p; false; }
	echo 'none.test sure' >>"$(config strict)/postfix-tls-policy.cf"
	wait_until 10 log_has strict 'postfix-tls-policy.cf:4'
	run in_server strict mailserver healthcheck
	assert_status 1
	assert_output 'postfix-tls-policy.cf:4'
	run in_server strict postmap -q none.test lmdb:/run/mailserver/live/tls-policy
	assert_equal "$output" secure
	: >"$(config strict)/postfix-tls-policy.cf"
	wait_until 10 is_healthy strict || { show_server strict; false; }
	run in_server strict postmap -q none.test lmdb:/run/mailserver/live/tls-policy
	assert_status 1
}

@test "while the MTA-STS daemon is down mail waits, and the health check names it" {
	in_server strict supervisorctl stop mta-sts
	run in_server strict mailserver healthcheck
	assert_status 1
	assert_output mta-sts
	send strict bob@sts.test
	wait_until 30 put_off strict bob@sts.test 'client TLS configuration problem' || { in_server strict postqueue -p; false; }
	in_server strict supervisorctl start mta-sts
	wait_until 30 is_healthy strict
	in_server strict postqueue -f
	wait_until 60 sts_has "$subject"
}

@test "with SMTP_TLS_DANE=no the MTA-STS policy alone counts" {
	sts_server_start alone -e SMTP_TLS_DANE=no
	send alone bob@both.test
	wait_until 20 sts_has "$subject" || { in_server alone postqueue -p; false; }
	server_remove alone
}

# --- reports about TLS (TLSRPT) -------------------------------------------------------------------------

counted() { in_server "$1" setup tls report list | grep -qF "$2.test: $3 sessions with TLS, $4 failed"; }

# facts NAME DOMAIN: what the report says, one line for each policy.
facts() {
	in_server "$1" setup tls report today "$2" | python3 -c 'import json, sys
r = json.load(sys.stdin)
assert sorted(r) == ["contact-info", "date-range", "organization-name", "policies", "report-id"], r
for p in r["policies"]:
    s = p["summary"]
    print(p["policy"]["policy-type"], s["total-successful-session-count"], s["total-failure-session-count"],
        " ".join("%s=%d" % (f["result-type"], f["failed-session-count"]) for f in p.get("failure-details", [])))'
}

@test "TLSRPT: sessions are counted by domain and policy, failures with their type; nothing where no report is asked for" {
	local options=(--read-only --tmpfs /run --tmpfs /tmp --cap-drop ALL) cap
	for cap in $E2E_CAPABILITIES; do options+=(--cap-add "$cap"); done
	sts_server_start count "${options[@]}" -e SMTP_TLS_DANE=yes -e ENABLE_TLSRPT=1 -e POSTMASTER_ADDRESS=root@example.test
	run in_server count mailserver healthcheck --verbose
	assert_match '^ok +TLS reports'
	run in_server count setup tls report
	assert_status 1
	assert_output 'nothing was counted on'
	send count bob@dane.test
	send count bob@wrong.test
	send count bob@plain.test
	send count bob@sts.test
	send count bob@forged.test
	send count bob@none.test
	mx_wait "$subject"
	wait_until 20 counted count dane 1 0 || { in_server count setup tls report list; log_of count | grep -i tlsrpt; false; }
	wait_until 10 counted count wrong 0 1
	wait_until 10 counted count plain 0 1
	wait_until 10 counted count sts 1 0
	wait_until 10 counted count forged 0 1
	run facts count dane.test
	assert_equal "$output" 'tlsa 1 0 '
	run facts count wrong.test
	assert_equal "$output" 'tlsa 0 1 certificate-not-trusted=1'
	run facts count plain.test
	assert_equal "$output" 'tlsa 0 1 starttls-not-supported=1'
	run facts count sts.test
	assert_equal "$output" 'sts 1 0 '
	run facts count forged.test
	assert_equal "$output" 'sts 0 1 validation-failure=1'
	run in_server count setup tls report list
	refute_output none.test
	run in_server count setup tls report today forged.test
	assert_output '"contact-info": "root@example.test"'
	assert_output '"organization-name": "example.test"'
	assert_output "\"start-datetime\": \"$(date -u +%F)T00:00:00Z\""
	assert_output '"receiving-mx-hostname": "mx.forged.test"'
	assert_output '"receiving-mx-helo": "mx.other.test"'
	assert_output "\"receiving-ip\": \"$(address tools)\""
	assert_output '"policy-string": ['
	assert_output '"mode: enforce"'
	assert_output '"failure-reason-code": "self-signed_certificate"'
	run in_server count setup tls report
	assert_equal "$(python3 -c 'import json, sys; print(len(json.load(sys.stdin)))' <<<"$output")" 5
	run log_of count
	refute_match 'is not counted|Could not report'
}

# tell NAME: a datagram of its standard input, as the MTA sends it.
tell() {
	in_server "$1" python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.stdin.buffer.read(), "/run/tlsrpt/collector.sock")'
}

event() { printf '{"d":"%s.test","pr":"v=TLSRPTv1; rua=mailto:x@y.test","policies":[{"policy-type":9,"t":0,"f":%s}]}' "$1" "$2"; }

@test "TLSRPT: what was counted outlives kill -9 and a restart; what is no event harms nothing, and is said once" {
	local i
	event kept 0 | tell count
	wait_until 5 counted count kept 1 0
	in_server count pkill -9 -u tlsrpt
	wait_until 10 is_healthy count
	event kept 1 | tell count
	wait_until 5 counted count kept 1 1
	for i in $(seq 20); do
		echo '{"d":"kept.test"' | tell count
		printf '{"d":"../kept.test","policies":[]}' | tell count
		head -c 100000 /dev/zero | tell count
	done
	event kept 1 | tell count
	wait_until 5 counted count kept 1 2
	run log_of count
	assert_output 'a TLS session is not counted: is no JSON'
	assert_output 'a TLS session is not counted: a datagram is too long'
	assert_equal "$(grep -c 'is not counted' <<<"$output")" 10
	server_restart count
	wait_until 5 counted count kept 1 2
	wait_until 5 counted count dane 1 0
	run in_server count setup tls report yesterday kept.test
	assert_status 1
	assert_output 'nothing was counted for kept.test'
	# Strangers in the container can't tell it anything.
	run in_server count setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'ls /run/tlsrpt'
	assert_output 'Permission denied'
}

# The number of the message that is a report about DOMAIN.
report_mail() { tools sh -c "grep -l '^TLS-Report-Domain: $1' /srv/mx/mail/*.eml 2>/dev/null" | sed 's/\.eml$//' | head -n 1; }
has_report_mail() { [ -n "$(report_mail "$1")" ]; }

# What is in the report's attachment: its type and name, and the facts of the JSON text.
attachment='import email, gzip, json, sys
m = email.message_from_binary_file(open(sys.argv[1] + ".eml", "rb"))
print(m.get_content_type(), m.get_param("report-type"), m["TLS-Report-Submitter"], m["TLS-Required"], m["From"])
print(m["Subject"])
part = m.get_payload()[1]
print(part.get_content_type(), part.get_filename())
r = json.loads(gzip.decompress(part.get_payload(decode=True)))
print(r["report-id"], r["policies"][0]["policy"]["policy-domain"], r["policies"][0]["summary"]["total-failure-session-count"])'

@test "TLSRPT: reports of a day go by mail, signed, and by https; refused ones again; once each, and none about themselves" {
	local yesterday today state=/var/mail-state/lib-tlsrpt key
	yesterday=$(date -u -d yesterday +%F) today=$(date -u +%F)
	run log_of count
	assert_output 'mail of example.test is not signed (DKIM)'
	run in_server count cat /etc/crontab
	assert_output '*/10 * * * * tlsrpt /usr/local/bin/mailserver tls-reports send'
	in_server count setup config dkim keytype ed25519
	key=$(tools dkimcheck record /config/count/opendkim/keys/example.test/mail.private)
	echo "txt-record=mail._domainkey.example.test,\"$key\"" | dns_add
	run in_server count mailserver tls-reports send today
	assert_status 1
	assert_output 'the day is not over'
	# What was counted above, as if it had been yesterday.
	in_server count mv "$state/$today" "$state/$yesterday"
	"$ENGINE" exec "$LAB-sts" touch /srv/no-reports
	run in_server count mailserver tls-reports send "$yesterday"
	assert_status 1
	assert_output "the TLS report about $yesterday and wrong.test is sent to reports@other.test"
	assert_match "is not taken by https://mta-sts.sts.test/reports: .*503"
	wait_until 20 has_report_mail wrong.test
	wait_until 20 has_report_mail sts.test
	run tools python3 -c "$attachment" "$(report_mail wrong.test)"
	assert_equal "$output" "multipart/report tlsrpt example.test No <noreply-smtp-tls-reporting@example.test>
Report Domain: wrong.test Submitter: example.test Report-ID: <$yesterday.wrong.test@mail.example.test>
application/tlsrpt+gzip example.test!wrong.test!$(date -u -d "$yesterday" +%s)!$(($(date -u -d "$today" +%s) - 1)).json.gz
$yesterday.wrong.test@mail.example.test mx.wrong.test 1"
	run tools dkimcheck verify "$(report_mail wrong.test).eml"
	assert_match '^pass d=example.test s=mail '
	run log_of count
	assert_match "is not taken by https://mta-sts.sts.test/reports: .*503"
	run in_server count setup tls report list
	assert_output "$yesterday sts.test: 1 sessions with TLS, 0 failed; sent to 1"

	# Again: only to where it was refused.
	"$ENGINE" exec "$LAB-sts" rm /srv/no-reports
	in_server count mailserver tls-reports send "$yesterday"
	run "$ENGINE" exec "$LAB-sts" sh -c 'cat /srv/reports/1.type; echo; gzip -dc </srv/reports/1'
	assert_output 'application/tlsrpt+gzip'
	assert_output '"policy-domain": "sts.test"'
	assert_output "\"report-id\": \"$yesterday.sts.test@mail.example.test\""
	run in_server count mailserver tls-reports send "$yesterday"
	assert_status 0
	assert_output "no report about $yesterday (UTC) is left to send"
	run in_server count mailserver tls-reports send 2001-02-03
	assert_output 'nothing was counted on 2001-02-03 (UTC)'
	assert_equal "$("$ENGINE" exec "$LAB-sts" ls /srv/reports | wc -l)" 2
	assert_equal "$(tools sh -c 'grep -l "^TLS-Report-Domain: sts.test" /srv/mx/mail/*.eml' | wc -l)" 1
	run in_server count setup tls report list
	assert_output "$yesterday sts.test: 1 sessions with TLS, 0 failed; sent to 2"
	# The reports went to other.test, which asks for reports too.
	wait_until 20 log_matches count 'postfix/smtp.*to=<reports@other.test>.*status=sent'
	refute_output other.test
	run log_of count
	refute_output 'domain=other.test'
	assert_equal "$(in_server count find "$state" ! -user tlsrpt | wc -l)" 0
	# Other mail to it counts.
	send count bob@other.test
	wait_until 10 counted count other 1 0
	# What waits for its time is not sent before.
	send count bob@dane.test
	wait_until 10 counted count dane 1 0
	"$ENGINE" exec -u tlsrpt "$LAB-count" mailserver tls-reports send
	run in_server count setup tls report list
	assert_output "$today dane.test: 1 sessions with TLS, 0 failed; sent to 0"
}

@test "TLSRPT: a full disk costs counts, not mail and not what was counted; no report is sent that can't be noted" {
	local state=/var/mail-state/lib-tlsrpt yesterday today
	yesterday=$(date -u -d yesterday +%F) today=$(date -u +%F)
	signed_server_start full -v "$LAB_DIR/signed.conf:/etc/resolv.conf:ro" -e ENABLE_TLSRPT=1 \
		--mount type=tmpfs,destination=/var/mail-state/lib-tlsrpt,tmpfs-size=131072
	event kept 0 | tell full
	wait_until 5 counted full kept 1 0
	in_server full sh -c 'cat /dev/zero >/var/mail-state/lib-tlsrpt/filler 2>/dev/null || :'
	event kept 0 | tell full
	wait_until 5 log_has full 'No space left on device'
	run in_server full setup tls report list
	assert_output 'kept.test: 1 sessions with TLS'
	in_server full rm /var/mail-state/lib-tlsrpt/filler
	event kept 0 | tell full
	wait_until 5 counted full kept 2 0
	event due 0 | sed 's/x@y.test/reports@other.test/' | tell full
	wait_until 5 counted full due 1 0
	# Sent, and not known to be, it would be sent every ten minutes.
	in_server full sh -c "mv $state/$today $state/$yesterday; cat /dev/zero >$state/filler 2>/dev/null || :"
	run in_server full mailserver tls-reports send "$yesterday"
	assert_status 1
	assert_output 'No space left on device'
	wait_until 5 log_matches full 'TLS reports: .*No space left on device'
	in_server full rm "$state/filler"
	in_server full mailserver tls-reports send "$yesterday"
	wait_until 20 has_report_mail due.test
	wait_until 20 queue_is_empty full
	assert_equal "$(log_of full | grep -c 'to=<reports@other.test>.*status=sent')" 1
	run in_server full setup tls report list
	assert_output "$yesterday due.test: 1 sessions with TLS, 0 failed; sent to 1"
	server_remove full
}

@test "TLSRPT: off, nothing of it runs; with own parameters a collector of one's own is told" {
	run in_server valid pgrep -f 'tls-reports'
	assert_status 1
	run in_server valid postconf -h smtp_tlsrpt_enable
	assert_output no
	run in_server valid setup tls report
	assert_status 1
	assert_output 'set ENABLE_TLSRPT=1'
	printf 'smtp_tlsrpt_enable = yes\nsmtp_tlsrpt_socket_name = run/tlsrpt/tlsrpt.sock\n' >"$(config own)/postfix-main.cf"
	signed_server_start own -v "$LAB_DIR/signed.conf:/etc/resolv.conf:ro" -e ENABLE_TLSRPT=1 -e SMTP_TLS_DANE=yes
	run log_of own
	assert_output 'postfix-main.cf:2'
	assert_output 'may count nothing'
	# A stand-in for a collector: prints what it is told.
	in_server own timeout 100 python3 -uc 'import os, socket
d = "/var/mail-state/spool-postfix/run/tlsrpt"
os.makedirs(d, exist_ok=True)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(d + "/tlsrpt.sock")
os.chmod(d + "/tlsrpt.sock", 0o666)
print("listening")
print(s.recv(65536).decode())' >"$LAB_DIR/tlsrpt" 2>&1 3>&- &
	wait_until 10 grep -qx listening "$LAB_DIR/tlsrpt"
	send own bob@dane.test
	mx_wait "$subject"
	wait_until 10 grep -q '"dane.test"' "$LAB_DIR/tlsrpt"
	wait $!
	run in_server own setup tls report list
	refute_output dane.test
	# It has ended: nobody listens, and mail leaves as ever.
	send own bob@dane.test
	mx_wait "$subject"
	server_remove own
}
