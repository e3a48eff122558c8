#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Who may send without logging in: PERMIT_DOCKER, the default gateway, the proof that strangers may not relay.

load lib/e2e

setup_file() {
	e2e_start
	echo 'MAIL_ACCOUNTS=anna@example.test:secret-anna' >"$LAB_DIR/env"
	# The lab's network leads nowhere: no default gateway.
	server_start connected --env-file "$LAB_DIR/env" -e PERMIT_DOCKER=connected-networks
	server_start none --env-file "$LAB_DIR/env"
	server_start own --env-file "$LAB_DIR/env" -e PERMIT_DOCKER=container
	# One that has a gateway.
	"$ENGINE" network create "$LAB-gateway" >/dev/null
}

teardown_file() {
	"$ENGINE" ps -aq --filter "name=^/?$LAB-gw" | xargs -r "$ENGINE" rm -fv >/dev/null
	"$ENGINE" network rm "$LAB-gateway" >/dev/null || :
	e2e_stop
}

relay_through() {
	tools swaks --server "$(address "$1")" --ehlo tools.home.test --from app@example.test --to someone@other.test \
		--header "Subject: $2"
}

# gateway_server NAME [options…]: in the network with a gateway; not started yet.
gateway_server() {
	local name=$1
	shift
	"$ENGINE" create --name "$LAB-gw-$name" --network "$LAB-gateway" --hostname mail.example.test \
		--env-file "$LAB_DIR/env" "$@" "$IMAGE" >/dev/null
	"$ENGINE" start "$LAB-gw-$name" >/dev/null
}

gateway_of() { "$ENGINE" network inspect -f '{{range .IPAM.Config}}{{.Gateway}}{{end}}' "$LAB-gateway"; }

@test "connected-networks: a neighbour may send without logging in, and its mail arrives elsewhere" {
	run relay_through connected from-a-neighbour
	assert_status 0
	mx_wait from-a-neighbour
}

@test "none, the default: a neighbour must log in" {
	run relay_through none refused
	assert_output 'Relay access denied'
	assert_equal "$(in_server none postconf -h mynetworks)" ''
}

@test "container: this container itself may, a neighbour may not" {
	run relay_through own refused
	assert_output 'Relay access denied'
	run in_server own swaks --server "$(address own)" --from app@example.test --to someone@other.test \
		--header 'Subject: from-inside' --quit-after RCPT
	assert_status 0
}

@test "trusted networks do not make port 25 take passwords, or skip the recipient check" {
	run relay_through connected nobody-there
	run tools swaks --server "$(address connected)" --from app@example.test --to nobody@example.test --quit-after RCPT
	assert_match '550 5.1.1'
}

# What somebody outside sees whose connection the engine forwards: the host, which connects with the gateway's address.
talk_as_gateway() {
	local line say
	exec 3<>"/dev/tcp/$(address "$1")/25"
	for say in 'EHLO x.example' 'MAIL FROM:<a@example.test>' 'RCPT TO:<someone@other.test>' QUIT ''; do
		while IFS= read -r -t 20 line <&3; do
			echo "$line"
			[[ $line == ???-* ]] || break
		done
		[ -z "$say" ] || printf '%s\r\n' "$say" >&3
	done
	exec 3>&-
}

@test "the default gateway is never trusted: what it forwards may not relay, a neighbour may" {
	local value
	for value in connected-networks network container; do
		gateway_server "$value" -e "PERMIT_DOCKER=$value"
		wait_until 60 log_has "gw-$value" "$READY"
		run talk_as_gateway "gw-$value"
		assert_output 'Relay access denied'
	done
	run log_of gw-connected-networks
	assert_match "PERMIT_DOCKER='connected-networks': the gateway $(gateway_of) is not trusted"
	run "$ENGINE" run --rm --network "$LAB-gateway" "$TOOLS_IMAGE" swaks --server "$(address gw-connected-networks)" \
		--from app@example.test --to 'someone@[203.0.113.9]' --quit-after RCPT
	assert_status 0
}

@test "a second network: its gateway is not trusted either" {
	"$ENGINE" create --name "$LAB-gw-second" --network "$LAB" --hostname mail.example.test \
		--env-file "$LAB_DIR/env" -e PERMIT_DOCKER=connected-networks "$IMAGE" >/dev/null
	"$ENGINE" network connect "$LAB-gateway" "$LAB-gw-second"
	"$ENGINE" start "$LAB-gw-second" >/dev/null
	wait_until 60 log_has gw-second "$READY"
	run in_server gw-second postconf -h mynetworks
	assert_output "!$(gateway_of)/32"
	assert_match "!$("$ENGINE" network inspect -f '{{range .IPAM.Config}}{{.Gateway}}{{end}}' "$LAB")/32"
}

@test "host means the gateway, and is refused with the reason" {
	gateway_server host -e PERMIT_DOCKER=host
	wait_until 30 is_stopped gw-host
	assert_equal "$(exit_status gw-host)" 78
	run log_of gw-host
	assert_match "PERMIT_DOCKER='host'.*gateway $(gateway_of) is not trusted"
	assert_output PERMIT_DOCKER_TRUST_GATEWAY=1
	refute_output "$READY"
}

@test "PERMIT_DOCKER_TRUST_GATEWAY=1 trusts it nevertheless, and says so" {
	gateway_server trusted -e PERMIT_DOCKER=host -e PERMIT_DOCKER_TRUST_GATEWAY=1
	wait_until 60 log_has gw-trusted "$READY"
	run log_of gw-trusted
	assert_match "default gateway $(gateway_of): whoever connects through it may relay"
	run talk_as_gateway gw-trusted
	refute_output 'Relay access denied'
}

@test "an interface that is not there is named, with those that are" {
	gateway_server nointerface -e PERMIT_DOCKER=container -e NETWORK_INTERFACE=wlan7
	wait_until 30 is_stopped gw-nointerface
	run log_of gw-nointerface
	assert_match "NETWORK_INTERFACE='wlan7'.*there is: eth0"
}

@test "own settings that would relay for strangers end the server before it is ready" {
	echo 'smtpd_relay_restrictions = permit_mynetworks, permit' >"$(config open)/postfix-main.cf"
	printf '%s\n' 'mynetworks = 0.0.0.0/0' >>"$(config open)/postfix-main.cf"
	server_create open --env-file "$LAB_DIR/env"
	"$ENGINE" start "$LAB-open" >/dev/null
	wait_until 60 is_stopped open
	assert_equal "$(exit_status open)" 78
	run log_of open
	assert_output 'OPEN RELAY'
	refute_output "$READY"
}

@test "strangers may not relay with the usual settings: the proof is in the log" {
	run log_of none
	assert_match 'relay-proof/smtpd.*198\.51\.100\.25.*Relay access denied'
	assert_output "$READY"
}

@test "config check names the gateway that would have to be trusted" {
	run "$ENGINE" run --rm --network "$LAB-gateway" --hostname mail.example.test -e PERMIT_DOCKER=host \
		"$IMAGE" mailserver config check
	assert_status 78
	assert_match 'gateway .* is not trusted'
}
