#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# run.sh - print the figures: start, stop, idle memory and CPU, and what 100,000 accounts cost
#
# usage: test/bench/run.sh
#
# Prints Markdown; the numbers are in build/results/bench.json too. Nothing is asserted: machines differ, ratios
# less so. The floor for the start is what Dovecot and Postfix' master need by themselves, started by hand in the
# same image, with the configuration and the tables that a server has rendered before (an image made from a
# running server). Server and floor take turns, so that both meet the same neighbours. The clock starts when a
# shell, which is the container's first process already, replaces itself by the server: the engine's own time,
# the same for both, is left out.
#
# LIMITS  PSS shares the cost of a page between all processes that map it, also those of other containers of the
# same image: nothing else of it should run.
#
# Environment: ENGINE  container client, from test/engine.sh when unset
#              IMAGE   the image to measure (default mailserver:local)
#              ROUNDS  how often each start is measured (default 7); figures are medians
#              IDLE_S  window for the idle figures (default 30)

set -euo pipefail

cd "$(dirname "$0")/../.."

readonly ROUNDS=${ROUNDS:-7}
readonly IDLE_S=${IDLE_S:-30}
readonly RESULTS=build/results
readonly MANY=100000
readonly SIZES=(10 1000 "$MANY")

# shellcheck source=test/e2e/lib/e2e.bash
source test/e2e/lib/e2e.bash

LAB=mse2e-bench
LAB_DIR=$(mktemp -d)
readonly FLOOR_IMAGE=mailserver-bench-floor:$$

say() { printf 'bench: %s\n' "$*" >&2; }

clean_up() {
	lab_remove
	"$ENGINE" volume ls -q --filter "name=^$LAB-" | xargs -r "$ENGINE" volume rm >/dev/null
	"$ENGINE" rmi "$FLOOR_IMAGE" >/dev/null 2>&1 || :
	rm -rf "$LAB_DIR"
}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

measure() { tools python3 /bench/measure.py "$@"; }

start_tools() {
	"$ENGINE" network create --internal "$LAB" >/dev/null
	"$ENGINE" run -d --name "$LAB-tools" --network "$LAB" --hostname mx.other.test \
		-v "$PWD/test/bench:/bench:ro" -v "$LAB_DIR:/lab" "$TOOLS_IMAGE" >/dev/null
	wait_until 30 log_has tools 'mx: ready'
	printf 'nameserver %s\n' "$(address tools)" >"$LAB_DIR/resolv.conf"
}

# write_accounts SIZE: the configuration directory of that many accounts and aliases. One hash for all is enough.
write_accounts() {
	local size=$1 hash
	hash=$(tools openssl passwd -6 secret)
	mkdir -p "$LAB_DIR/config/$size"
	seq "$size" | awk -v hash="$hash" '{ printf "user%d@d%d.example.test|{SHA512-CRYPT}%s\n", $1, $1 % 50, hash }' \
		>"$LAB_DIR/config/$size/postfix-accounts.cf"
	seq "$size" | awk '{ printf "alias%d@d%d.example.test user%d@d%d.example.test\n", $1, $1 % 50, $1, $1 % 50 }' \
		>"$LAB_DIR/config/$size/postfix-virtual.cf"
}

# create_waiting NAME IMAGE SIZE COMMAND: a container whose first process waits for the go, then is COMMAND.
create_waiting() {
	local name=$1 image=$2 size=$3 command=$4
	rm -f "$LAB_DIR/$name.go"
	mkfifo "$LAB_DIR/$name.go"
	"$ENGINE" run -d --name "$LAB-$name" --network "$LAB" --hostname mail.example.test --no-healthcheck \
		-v "$LAB_DIR/resolv.conf:/etc/resolv.conf:ro" -v "$LAB_DIR/config/$size:/tmp/docker-mailserver" \
		-v "$LAB-mail-$size:/var/mail" -v "$LAB-state-$size:/var/mail-state" -v "$LAB-log-$size:/var/log/mail" \
		-v "$LAB_DIR:/lab" "$image" sh -c "read -r go </lab/$name.go; $command" >/dev/null
}

# Both figures of one start, "SMTP IMAP" in ms.
measure_start() { measure start "/lab/$1.go" "$(address "$1")"; }

create_server() { create_waiting "$1" "$IMAGE" "$2" 'exec mailserver init'; }

create_floor() {
	create_waiting "$1" "$FLOOR_IMAGE" "$2" \
		'rm -f /run/dovecot/master.pid /var/lib/dovecot/instances.lock; dovecot -F & exec /usr/lib/postfix/sbin/master -i'
}

# stop NAME: prints the ms, and removes the container.
stop() {
	local start
	start=$(now_ms)
	"$ENGINE" stop -t 30 "$LAB-$1" >/dev/null
	echo $(($(now_ms) - start))
	server_remove "$1"
}

# Medians of the lines "SMTP IMAP" of a file; `both` is when the later of the two answers.
json_of_starts() {
	printf '{"smtp": %s, "imap": %s, "both": %s}' "$(cut -d' ' -f1 "$1" | median)" "$(cut -d' ' -f2 "$1" | median)" \
		"$(awk '{ print ($1 > $2 ? $1 : $2) }' "$1" | median)"
}

measure_starts() {
	local round=0
	say "start: $ROUNDS rounds of server and floor ..."
	create_server first 10
	measure_start first >"$LAB_DIR/first"
	server_ready first
	"$ENGINE" commit "$LAB-first" "$FLOOR_IMAGE" >/dev/null
	stop first >"$LAB_DIR/stop"
	while [ "$((round += 1))" -le "$ROUNDS" ]; do
		create_server server 10
		measure_start server >>"$LAB_DIR/start"
		server_ready server
		stop server >>"$LAB_DIR/stop"
		create_floor floor 10
		measure_start floor >>"$LAB_DIR/floor"
		stop floor >>"$LAB_DIR/floor_stop"
	done
}

# Memory with the image's own health check; CPU time and wake-ups without, after it has settled.
measure_idle() {
	say "idle: two windows of $IDLE_S s ..."
	"$ENGINE" run -d --name "$LAB-idle" --network "$LAB" --hostname mail.example.test \
		-v "$LAB_DIR/config/10:/tmp/docker-mailserver" "$IMAGE" >/dev/null
	server_ready idle
	"$ENGINE" run --rm -v "$PWD/test/bench:/bench:ro" --pid "container:$LAB-idle" --cap-add SYS_PTRACE "$TOOLS_IMAGE" \
		python3 /bench/measure.py processes "$IDLE_S" >"$LAB_DIR/memory"
	server_remove idle
	create_server calm 10
	measure_start calm >/dev/null
	server_ready calm
	"$ENGINE" run --rm -v "$PWD/test/bench:/bench:ro" --pid "container:$LAB-calm" --cap-add SYS_PTRACE "$TOOLS_IMAGE" \
		python3 /bench/measure.py processes "$IDLE_S" >"$LAB_DIR/cpu"
	server_remove calm
}

# measure_adds NAME SIZE: ten accounts; ms of the command, ms until curl's login is over, and a login from outside.
measure_adds() {
	local name=$1 size=$2 i=0 ok=0
	while [ "$((i += 1))" -le 10 ]; do
		# shellcheck disable=SC2016 # for the shell in the container
		in_server "$name" bash -euc '
			begin=${EPOCHREALTIME/./}
			setup email add "$1" secret
			added=${EPOCHREALTIME/./}
			curl -s --connect-timeout 5 -k --ssl-reqd --user "$1:secret" imap://127.0.0.1/ >/dev/null && works=1 || works=0
			printf "%d %d %d\n" $(((added - begin) / 1000)) $(((${EPOCHREALTIME/./} - begin) / 1000)) "$works"
		' bash "added$i@d1.example.test" </dev/null >"$LAB_DIR/add.one"
		[ "$(cut -d' ' -f3 "$LAB_DIR/add.one")" -eq 0 ] || ok=$((ok + 1))
		cat "$LAB_DIR/add.one" >>"$LAB_DIR/add.$size"
	done
	echo "$ok" >"$LAB_DIR/logins.$size"
}

# measure_list NAME SIZE: ms of `setup email list`, five times.
measure_list() {
	# shellcheck disable=SC2016 # for the shell in the container
	in_server "$1" bash -euc '
		for i in 1 2 3 4 5; do
			begin=${EPOCHREALTIME/./}
			setup email list >/dev/null 2>&1
			echo $(((${EPOCHREALTIME/./} - begin) / 1000))
		done
	' </dev/null >"$LAB_DIR/list.$2"
}

# measure_bulk NAME SIZE: 1,000 accounts from one file; ms of the command, and how many of them can log in at once
# after it (every hundredth is tried).
measure_bulk() {
	# shellcheck disable=SC2016 # for the shell in the container
	in_server "$1" bash -euc '
		for i in {1..1000}; do echo "bulk$i@d1.example.test secret$i"; done >/tmp/bulk
		begin=${EPOCHREALTIME/./} ok=0
		setup email add --from /tmp/bulk 2>/dev/null
		added=${EPOCHREALTIME/./}
		for i in {100..1000..100}; do
			! curl -s --connect-timeout 5 -k --ssl-reqd --user "bulk$i@d1.example.test:secret$i" imap://127.0.0.1/ >/dev/null ||
				ok=$((ok + 1))
		done
		echo $(((added - begin) / 1000)) "$ok"
	' </dev/null >"$LAB_DIR/bulk.$2"
}

# The commands of an administrator beside this many accounts.
measure_setup() {
	measure_list "$1" "$2"
	measure_adds "$1" "$2"
	measure_bulk "$1" "$2"
}

measure_many() {
	local round=0 size
	say "$MANY accounts and aliases against ten ..."
	while [ "$((round += 1))" -le 5 ]; do
		for size in 10 "$MANY"; do
			create_server size "$size"
			measure_start size >>"$LAB_DIR/size.$size"
			server_ready size 120
			[ "$round" -ne 5 ] || measure_setup size "$size"
			stop size >/dev/null
		done
	done
	create_server size 1000
	measure_start size >"$LAB_DIR/size.1000"
	server_ready size
	measure_setup size 1000
	stop size >/dev/null
}

json_of_size() {
	printf '{"start": %s, "add": %s, "add_login": %s, "logins": %s, "adds": 10, "list": %s, "bulk": %s, "bulk_logins": %s}' \
		"$(json_of_starts "$LAB_DIR/size.$1")" "$(cut -d' ' -f1 "$LAB_DIR/add.$1" | median)" \
		"$(cut -d' ' -f2 "$LAB_DIR/add.$1" | median)" "$(cat "$LAB_DIR/logins.$1")" "$(median <"$LAB_DIR/list.$1")" \
		"$(cut -d' ' -f1 "$LAB_DIR/bulk.$1")" "$(cut -d' ' -f2 "$LAB_DIR/bulk.$1")"
}

write_json() {
	cat <<-END
		{
		"start": $(json_of_starts "$LAB_DIR/start"),
		"first_start": $(json_of_starts "$LAB_DIR/first"),
		"floor": $(json_of_starts "$LAB_DIR/floor"),
		"stop": $(median <"$LAB_DIR/stop"),
		"floor_stop": $(median <"$LAB_DIR/floor_stop"),
		"accounts": {"10": $(json_of_size 10), "1000": $(json_of_size 1000), "100000": $(json_of_size "$MANY")},
		"idle": {"seconds": $IDLE_S, "memory": $(cat "$LAB_DIR/memory"), "cpu": $(cat "$LAB_DIR/cpu")}
		}
	END
}

trap clean_up EXIT
lab_remove
others=$("$ENGINE" ps -q | wc -l)
[ "$others" -eq 0 ] || say "$others other containers are running: times suffer, and of the same image they share memory"
e2e_require_image
e2e_build_tools
chmod 0755 "$LAB_DIR"
start_tools
for size in "${SIZES[@]}"; do write_accounts "$size"; done
measure_starts
measure_idle
measure_many
mkdir -p "$RESULTS"
write_json >"$RESULTS/bench.json"
measure table <"$RESULTS/bench.json"
