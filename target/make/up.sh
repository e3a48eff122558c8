#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# up.sh - start the demo server of `make up`, wait until it is healthy and say how to use it; stop it
#
# usage: target/make/up.sh up | down
#
# The server is started through docker-compose.yml with target/make/demo.yml on top: the account
# demo@example.com with a password made once and kept in docker-data/demo/. Ports are published on
# the loopback address only; where a port is taken, or a user without root may not open it, another
# one is used (25 becomes 2525, or the next free one) and kept for the next time.
#
# Environment: ENGINE, COMPOSE  from test/engine.sh
#              BIND             address to publish on (default 127.0.0.1)
#
# Exit status: 0 healthy, 69 it did not become healthy (its log is shown), 64 wrong usage

set -euo pipefail

cd "$(dirname "$0")/../.."

readonly DEMO=docker-data/demo
readonly CONTAINER=mailserver
readonly ADDRESS=demo@example.com
readonly HEALTHY_WITHIN_S=120
readonly BIND=${BIND:-127.0.0.1}

# name of the variable in docker-compose.yml, port in the container, first alternative on the host
readonly PORTS='SMTP_PORT 25 2525
IMAP_PORT 143 2143
SUBMISSIONS_PORT 465 2465
SUBMISSION_PORT 587 2587
IMAPS_PORT 993 2993'

compose() {
	local command
	read -ra command <<<"$COMPOSE"
	"${command[@]}" -f docker-compose.yml -f target/make/demo.yml "$@"
}

is_running() { [ "$("$ENGINE" inspect --format '{{.State.Running}}' "$CONTAINER" 2>/dev/null)" = true ]; }

# Ended, or ended and started again by its restart policy.
has_given_up() {
	[ "$("$ENGINE" inspect --format '{{.State.Running}} {{.State.Restarting}} {{.RestartCount}}' "$CONTAINER")" \
		!= 'true false 0' ]
}

is_healthy() { "$ENGINE" exec "$CONTAINER" mailserver healthcheck >/dev/null 2>&1; }

# Can this user publish this port? Privileged ports matter only where the engine runs without root.
is_free() {
	local first=0
	if [ "$(id -u)" -ne 0 ] && [[ ${ENGINE##*/} == podman* ]]; then
		first=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null || echo 1024)
	fi
	[ "$1" -ge "$first" ] && ! (: <"/dev/tcp/$probe_host/$1") 2>/dev/null
}

# The file of the last time is kept while its server runs: its ports are taken by itself.
choose_ports() {
	local name port alternative chosen probe_host=$BIND
	if [ -f "$DEMO/ports" ] && grep -q "=$BIND:" "$DEMO/ports" && is_running; then
		return 0
	fi
	case $BIND in
	0.0.0.0 | ::) probe_host=127.0.0.1 ;;
	esac
	while read -r name port alternative; do
		chosen=$port
		if ! is_free "$port"; then
			chosen=$alternative
			until is_free "$chosen"; do chosen=$((chosen + 10000)); done
		fi
		echo "$name=$BIND:$chosen"
	done <<<"$PORTS" >"$DEMO/ports.new"
	mv "$DEMO/ports.new" "$DEMO/ports"
}

# 20 letters and digits, about 119 bits.
make_password() { LC_ALL=C tr -dc 'a-zA-Z0-9' </dev/urandom | head -c 20 || :; }

make_account() {
	[ ! -s "$DEMO/account" ] || return 0
	(umask 077 && printf '%s:%s\n' "$ADDRESS" "$(make_password)" >"$DEMO/account.new")
	mv "$DEMO/account.new" "$DEMO/account"
}

wait_until_healthy() {
	local start=$SECONDS said=$SECONDS
	until is_healthy; do
		if has_given_up || [ $((SECONDS - start)) -ge "$HEALTHY_WITHIN_S" ]; then
			return 1
		fi
		if [ $((SECONDS - said)) -ge 2 ]; then
			echo "waiting until the server is healthy ($((SECONDS - start)) s) ..."
			said=$SECONDS
		fi
		sleep 0.2
	done
}

port_of() { sed -n "s/^$1=.*:\([0-9]*\)$/\1/p" "$DEMO/ports"; }

# The client as the user would type it.
client_name() {
	if [ "$(command -v "${ENGINE##*/}")" = "$ENGINE" ]; then
		echo "${ENGINE##*/}"
	else
		echo "$ENGINE"
	fi
}

hint() { printf '  %s\n      %s\n' "$1" "$2"; }

print_welcome() {
	local password host=$BIND client
	client=$(client_name)
	case $BIND in
	0.0.0.0 | ::) host=$(hostname) ;;
	esac
	IFS=: read -r _ password <"$DEMO/account"
	cat <<-END

		The mail server is up and healthy.

		  user          $ADDRESS
		  password      $password
		  IMAP          $host port $(port_of IMAPS_PORT) (TLS) or $(port_of IMAP_PORT) (STARTTLS)
		  sending       $host port $(port_of SUBMISSIONS_PORT) (TLS) or $(port_of SUBMISSION_PORT) (STARTTLS)
		  incoming      $host port $(port_of SMTP_PORT)
		  certificate   self-signed: your mail program will ask once

		Type next:
	END
	hint "$client exec $CONTAINER swaks --server localhost --to $ADDRESS --from $ADDRESS" 'send a first message'
	hint "curl -sk --user '$ADDRESS:$password' 'imaps://$host:$(port_of IMAPS_PORT)/INBOX;MAILINDEX=1'" 'read it'
	hint './setup.sh email add anna@example.com' 'add an account; ./setup.sh help shows what else there is'
	hint "$client logs -f $CONTAINER" 'follow the log'
	hint 'make down' 'stop the server; mail and settings stay in docker-data/'
	if [ "$BIND" = 127.0.0.1 ]; then
		hint 'make up BIND=0.0.0.0' 'let other machines in too'
	fi
}

up() {
	mkdir -p "$DEMO" docker-data/dms/{mail-data,mail-state,mail-logs,config}
	choose_ports
	make_account
	set -a
	# shellcheck source=/dev/null
	. "$DEMO/ports"
	set +a
	compose up -d
	if ! wait_until_healthy; then
		"$ENGINE" logs --tail 40 "$CONTAINER" >&2 || :
		"$ENGINE" exec "$CONTAINER" mailserver healthcheck >&2 || :
		compose stop
		echo "The server did not become healthy and was stopped: see the lines above, or type: $(client_name) logs $CONTAINER" >&2
		exit 69
	fi
	print_welcome
}

case "${1:-}" in
up) up ;;
down)
	mkdir -p "$DEMO"
	[ -e "$DEMO/account" ] || : >"$DEMO/account"
	compose down
	;;
*)
	echo "usage: $0 up | down" >&2
	exit 64
	;;
esac
