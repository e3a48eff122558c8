#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PROXY protocol (TRUSTED_PROXIES): HAProxy in front of every port; headers of strangers.
#
# The client is the tools container, HAProxy is a container of its own, so that their addresses differ.

load lib/e2e

PORTS='25:12525 465:10465 587:10587 143:10143 993:10993 110:10110 995:10995 4190:14190'

setup_file() {
	e2e_require_image
	e2e_build_tools
	e2e_start
	"$ENGINE" run -d --name "$LAB-lb" --network "$LAB" --entrypoint sleep "$TOOLS_IMAGE" infinity >/dev/null
	account_line anna@example.test secret >"$(config mail)/postfix-accounts.cf"
	# shellcheck disable=SC2046
	server_start mail -e SSL_TYPE=self-signed -e ENABLE_POP3=1 -e ENABLE_MANAGESIEVE=1 -e "TRUSTED_PROXIES=$(address lb), 2001:db8:77::/64" \
		--read-only --tmpfs /run --tmpfs /tmp --cap-drop ALL $(printf -- '--cap-add %s ' $E2E_CAPABILITIES)
	account_line anna@example.test secret >"$(config trusting)/postfix-accounts.cf"
	server_start trusting -e PERMIT_DOCKER=connected-networks -e "TRUSTED_PROXIES=$(address lb)/32"
	balance mail v1
}

teardown_file() { e2e_stop; }

lb() { "$ENGINE" exec -i "$LAB-lb" "$@"; }
lb_answers() { lb sh -c 'exec 3<>/dev/tcp/127.0.0.1/25' 2>/dev/null || lb bash -c 'exec 3<>/dev/tcp/127.0.0.1/25' 2>/dev/null; }

# balance NAME v1|v2: HAProxy hands everything over to that server.
balance() {
	local pair word=send-proxy
	[ "$2" = v1 ] || word=send-proxy-v2
	lb sh -c 'pkill -x haproxy; while pgrep -r D,R,S -x haproxy >/dev/null; do sleep 0.05; done; cat >/tmp/haproxy.cfg; haproxy -D -f /tmp/haproxy.cfg' <<-END
		defaults
		  mode tcp
		  timeout connect 5s
		  timeout client 60s
		  timeout server 60s
		$(for pair in $PORTS; do
			printf 'listen p%s\n  bind :%s\n  server s %s:%s %s\n' "${pair%:*}" "${pair%:*}" "$(address "$1")" "${pair#*:}" "$word"
		done)
	END
	wait_until 10 lb_answers
}

# Sends what standard input holds from the tools container and prints the answer: knock NAME PORT
knock() {
	tools python3 -c 'if True:
		import socket, sys
		s = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5)
		try:
		    s.sendall(sys.stdin.buffer.read())
		    while True:
		        data = s.recv(4096)
		        if not data: print("closed"); break
		        print(data.decode("utf-8", "replace"))
		except socket.timeout: print("silent")
		except ConnectionError: print("closed")' "$(address "$1")" "$2"
}

through() { tools swaks --server "$(address lb)" "$@"; }

client() { address tools; }

received_from() {
	local folded
	folded=$(tr -d '\r' <<<"$output" | sed -e ':a' -e 'N;$!ba' -e 's/\n[ \t]/ /g')
	grep -E "^Received: from .*\[$1\]" <<<"$folded" || fail "no Received with $1 in: $folded"
}

@test "25: the client's own address is in the log and in Received; postscreen knows it" {
	through --ehlo mx.other.test --from bob@other.test --to anna@example.test --header 'Subject: proxied-25'
	run fetch mail anna@example.test secret proxied-25
	received_from "$(client)"
	run log_of mail
	assert_match "postfix/proxied/postscreen.*CONNECT from \[$(client)\]"
	assert_match "postfix/smtpd.*connect from mx.other.test\[$(client)\]"
	refute_match "postfix/smtpd.*connect from .*\[$(address lb)\]"
}

@test "465 and 587: a login works, the log names the client" {
	local port
	for port in 465 587; do
		run through --port "$port" "$([ "$port" = 465 ] && echo -tlsc || echo -tls)" --ehlo laptop.home.test --from anna@example.test \
			--to anna@example.test --auth PLAIN --auth-user anna@example.test --auth-password secret --header "Subject: proxied-$port"
		assert_status 0
		fetch mail anna@example.test secret "proxied-$port"
	done
	run log_of mail
	assert_match "postfix/submission/smtpd.*client=mx.other.test\[$(client)\], sasl_method=PLAIN"
	assert_match "postfix/submissions/smtpd.*client=mx.other.test\[$(client)\], sasl_method=PLAIN"
}

@test "143, 993, 110, 995, 4190: logins work, the log names the client" {
	local kind
	run tools mt ports "$(address lb)" anna@example.test secret <<-'END'
		143 imap
		993 imap
		110 pop3
		995 pop3
		4190 sieve
	END
	assert_equal "$output" "$(printf '%s\n' '143 imap starttls login' '993 imap implicit login' '110 pop3 starttls login' \
		'995 pop3 implicit login' '4190 sieve starttls login')"
	run log_of mail
	for kind in imap pop3 managesieve; do
		assert_match "dovecot: $kind-login: Logged in: .*rip=$(client),"
	done
	refute_match "rip=$(address lb),"
}

@test "version 2 of the protocol" {
	balance mail v2
	through --ehlo mx.other.test --from bob@other.test --to anna@example.test --header 'Subject: proxied-v2'
	run fetch mail anna@example.test secret proxied-v2
	received_from "$(client)"
	tools mt login imap "$(address lb)" anna@example.test secret
	balance mail v1
}

@test "a stranger's header is refused on every port of the proxies, with his address in the log" {
	local pair port
	for pair in $PORTS; do
		port=${pair#*:}
		run knock mail "$port" <<<$'PROXY TCP4 203.0.113.66 192.0.2.1 40000 25\r'
		assert_equal "$output" closed
	done
	run log_of mail
	refute_output '203.0.113.66'
	assert_match "proxy-gate.*refused a connection from $(client): not one of TRUSTED_PROXIES"
	assert_match "haproxy: Client not trusted \(rip=$(client)\)"
}

@test "a header on the usual ports is no command" {
	run knock mail 25 <<<$'PROXY TCP4 203.0.113.66 192.0.2.1 40000 25\r'
	refute_output ' 250 '
	run log_of mail
	refute_match '(connect|CONNECT) from .*203.0.113.66'
}

@test "a proxy without a header gets nowhere" {
	run lb bash -c "exec 3<>/dev/tcp/$(address mail)/10587; printf 'EHLO x\r\n' >&3; timeout 20 cat <&3"
	refute_output 250
}

@test "who may relay is decided by the client's address, never by the proxy's" {
	balance trusting v1
	# The tools container is a neighbour that is trusted.
	through --ehlo tools.home.test --from app@example.test --to someone@other.test --header 'Subject: relayed-behind-proxy'
	mx_wait relayed-behind-proxy
	# A client outside is not, although the proxy is a neighbour.
	run lb bash -c "exec 3<>/dev/tcp/$(address trusting)/12525
		printf 'PROXY TCP4 198.51.100.9 192.0.2.1 40000 25\r\n' >&3
		while read -r -t 20 line <&3; do
			echo \"\$line\"
			case \$line in
			220\ *) printf 'EHLO x.example\r\n' >&3 ;;
			250\ 2.1.0*) printf 'RCPT TO:<someone@other.test>\r\n' >&3 ;;
			250\ 2.1.5*) exit ;;
			250\ *) printf 'MAIL FROM:<a@example.test>\r\n' >&3 ;;
			5*|4*) exit ;;
			esac
		done"
	assert_output 'Relay access denied'
	# What comes from the proxy without a header, on the usual port, is anybody's.
	run lb swaks --server "$(address trusting)" --from app@example.test --to someone@other.test --quit-after RCPT
	assert_output 'Relay access denied'
	run in_server trusting postconf -h mynetworks
	assert_output "!$(address lb)/32"
}

@test "nothing listens there without the variable" {
	account_line anna@example.test secret >"$(config plain)/postfix-accounts.cf"
	server_start plain
	run in_server plain ss -Hltn
	refute_match ':1(2525|0465|0587|0143|0993|4190)\b'
	server_remove plain
}

@test "wrong values are refused with the reason" {
	local value
	for value in 0.0.0.0/0 10.0.0.0/33 proxy.example.test; do
		run "$ENGINE" run --rm --network none --hostname mail.example.test -e "TRUSTED_PROXIES=$value" "$IMAGE" mailserver config check
		assert_status 78
		assert_match "TRUSTED_PROXIES='$value'"
	done
}
