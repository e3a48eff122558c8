#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The shipped docker-compose.yml, alone and through `make up` and `make down`.
#
# run: alone   (the container's name and the make target are the user's own)

load lib/e2e

setup_file() {
	LAB=$(lab_name)
	LAB_DIR=$(mktemp -d "$BATS_FILE_TMPDIR/lab.XXXXXX")
	export LAB LAB_DIR
	# A copy of what a user unpacks; containers, ports and data of a real installation stay untouched.
	(cd "$ROOT_DIR" && tar c --exclude=./build --exclude=./docker-data --exclude=./.git .) | tar x -C "$LAB_DIR"
	cd "$LAB_DIR" || return
	sed -i "s/container_name: mailserver\$/container_name: $LAB-compose/; s|image: mailserver:local\$|image: $IMAGE|" docker-compose.yml
	printf '%s\n' "COMPOSE_PROJECT_NAME=$LAB" >.env
	choose_ports >>.env
}

teardown_file() {
	cd "$LAB_DIR" || return
	compose down >/dev/null 2>&1 || :
	"$ENGINE" rm -fv "$LAB-compose" >/dev/null 2>&1 || :
	rm -rf "$LAB_DIR"
}

compose() {
	local command
	read -ra command <<<"$COMPOSE"
	"${command[@]}" "$@"
}

# Free ports on the loopback address for every published one.
choose_ports() {
	local name port=20025
	for name in SMTP_PORT IMAP_PORT SUBMISSIONS_PORT SUBMISSION_PORT IMAPS_PORT; do
		while (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
		echo "$name=127.0.0.1:$port"
		port=$((port + 1))
	done
}

port_of() { sed -n "s/^$1=.*:\([0-9]*\)$/\1/p" "$LAB_DIR/.env"; }

# Runs a client where the published ports are.
client() { "$ENGINE" run --rm -i --network host "$TOOLS_IMAGE" "$@"; }

becomes_healthy() { [ "$("$ENGINE" inspect -f '{{.State.Health.Status}}' "$LAB-compose")" = healthy ]; }

@test "the file is valid for this machine's compose" {
	cd "$LAB_DIR" || return
	run compose config
	assert_status 0
	assert_output read_only
}

@test "docker compose up -d: healthy by the image's own check, and an account added with setup.sh receives" {
	cd "$LAB_DIR" || return
	run compose up -d --no-build
	assert_status 0
	wait_until 90 becomes_healthy
	run ./setup.sh -c "$LAB-compose" email add anna@example.com secret1 </dev/null
	assert_status 0
	run client swaks --server 127.0.0.1 --port "$(port_of SMTP_PORT)" --ehlo client.example.net --to anna@example.com \
		--from '<>' --header 'Subject: by compose'
	assert_status 0
	run client curl -sk --user anna@example.com:secret1 "imaps://127.0.0.1:$(port_of IMAPS_PORT)/INBOX?ALL"
	assert_status 0
	assert_output '* SEARCH'
	run client swaks --server 127.0.0.1 --port "$(port_of SUBMISSIONS_PORT)" -tlsc --ehlo laptop.home.test --to anna@example.com \
		--from anna@example.com --auth PLAIN --auth-user anna@example.com --auth-password secret1
	assert_status 0
}

@test "the self-signed certificate and key are in the config directory" {
	[ -s "$LAB_DIR/docker-data/dms/config/ssl/mail.example.com-cert.pem" ]
	[ -s "$LAB_DIR/docker-data/dms/config/ssl/mail.example.com-key.pem" ]
}

@test "down and up again: mail, account and certificate are still there" {
	local sum
	cd "$LAB_DIR" || return
	sum=$(md5sum <docker-data/dms/config/ssl/mail.example.com-cert.pem)
	run compose down
	assert_status 0
	run compose up -d --no-build
	assert_status 0
	wait_until 90 becomes_healthy
	assert_equal "$(md5sum <docker-data/dms/config/ssl/mail.example.com-cert.pem)" "$sum"
	run client curl -sk --user anna@example.com:secret1 "imaps://127.0.0.1:$(port_of IMAPS_PORT)/INBOX?ALL"
	assert_status 0
	assert_match '^\* SEARCH [0-9]'
	run compose down
	assert_status 0
}

@test "make up: starts, waits, says how to log in, and that login works; make down stops it" {
	local user password port
	cd "$LAB_DIR" || return
	# Only the demo's own choices count here.
	rm -rf .env docker-data
	sed -i "s/^readonly CONTAINER=.*/readonly CONTAINER=$LAB-compose/" target/make/up.sh
	export COMPOSE_PROJECT_NAME=$LAB
	export ENGINE COMPOSE
	# The image is what is tested: it is not built again.
	run make -s -o image up
	assert_status 0
	assert_output 'up and healthy'
	user=$(awk '$1 == "user" {print $2}' <<<"$output")
	password=$(awk '$1 == "password" {print $2}' <<<"$output")
	port=$(sed -n 's/^ *IMAP .* port \([0-9]*\) (TLS).*/\1/p' <<<"$output")
	[ -n "$user" ] && [ -n "$password" ] && [ -n "$port" ]
	run client curl -sk --user "$user:$password" "imaps://127.0.0.1:$port/INBOX?ALL"
	assert_status 0
	run make -s down
	assert_status 0
	run "$ENGINE" inspect "$LAB-compose"
	[ "$status" -ne 0 ]
}
