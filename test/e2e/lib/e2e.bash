# SPDX-License-Identifier: MIT
#
# e2e.bash - what every end-to-end test needs; loaded by each .bats file
#
# A file calls e2e_start in setup_file and e2e_stop in teardown_file. Between them there is
#
#	a network of its own that leads nowhere, named $LAB
#	a tools container, $LAB-tools: clients, name server, and mail exchanger of other.test (tools/)
#	any number of servers under test, started with server_start NAME
#
# Names: tools CMD… runs in the tools container, in_server NAME CMD… in a server. Server NAME has its
# configuration directory at $(config NAME) on the host, and at /config/NAME in the tools container.
# Waiting is done with wait_until and deadlines only.
#
# Environment: ENGINE  container client, from test/engine.sh when unset
#              IMAGE   the image under test (default mailserver:local)

# "run" of bats sets output and status.
# shellcheck disable=SC2154

E2E_DIR=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
ROOT_DIR=$(cd "$E2E_DIR/../.." && pwd)
export E2E_DIR ROOT_DIR
export IMAGE=${IMAGE:-mailserver:local}

if [ -z "${ENGINE:-}" ]; then
	settings=$("$ROOT_DIR/test/engine.sh" env)
	eval "$settings"
	unset settings
fi
export ENGINE COMPOSE

# The tools image is named after its source, so it is built exactly when that changed.
TOOLS_IMAGE=mailserver-e2e-tools:$(cd "$E2E_DIR/tools" && cat Dockerfile dnsmasq.conf bin/* | sha256sum | cut -c1-12)
export TOOLS_IMAGE

# The right to do what the server does, and no more: docs and docker-compose.yml have the same list.
E2E_CAPABILITIES='CHOWN DAC_OVERRIDE FOWNER KILL NET_BIND_SERVICE SETGID SETUID SYS_CHROOT'
export E2E_CAPABILITIES

READY='is up and running'

# --- waiting ----------------------------------------------------------------------------------------

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# Repeats a command until it succeeds: wait_until SECONDS CMD…   Fails after the deadline with a sentence.
wait_until() {
	local deadline=$(($(now_ms) + $1 * 1000)) seconds=$1
	shift
	until "$@"; do
		if [ "$(now_ms)" -ge "$deadline" ]; then
			echo "not within $seconds s: $*" >&2
			return 1
		fi
		sleep 0.05
	done
}

# --- results ----------------------------------------------------------------------------------------

fail() {
	echo "$@" >&2
	return 1
}

# Of what the last `run` printed, the end: a log may be long.
show_output() {
	[ -z "${1:-}" ] || echo "$1"
	echo "status ${status?}, output (end):"
	tail -n 25 <<<"${output?}"
	return 1
} >&2

assert_status() { [ "${status:?}" -eq "$1" ] || show_output "status is not $1"; }

assert_output() { [[ ${output?} == *"$1"* ]] || show_output "missing in the output: '$1'"; }

refute_output() {
	if [[ ${output?} == *"$1"* ]]; then
		grep -F -- "$1" <<<"$output" | head -n 10 >&2
		fail "must not be in the output: '$1'"
	fi
}

assert_match() { grep -qE -- "$1" <<<"${output?}" || show_output "no line matches: $1"; }

refute_match() {
	if grep -qE -- "$1" <<<"${output?}"; then
		grep -E -- "$1" <<<"$output" | head -n 10 >&2
		fail "a line matches: $1"
	fi
}

assert_equal() {
	[ "$1" = "$2" ] || fail "is:     $1"$'\n'"wanted: $2"
}

# --- images -----------------------------------------------------------------------------------------

e2e_require_image() {
	"$ENGINE" image inspect "$IMAGE" >/dev/null 2>&1 || fail "no image $IMAGE: type make image"
}

e2e_build_tools() {
	(
		flock 9
		"$ENGINE" image inspect "$TOOLS_IMAGE" >/dev/null 2>&1 ||
			"$ENGINE" build -q -t "$TOOLS_IMAGE" "$E2E_DIR/tools" >/dev/null
	) 9>"${TMPDIR:-/tmp}/mailserver-e2e-tools.lock"
}

# --- the lab ----------------------------------------------------------------------------------------

lab_name() {
	local file=${BATS_TEST_FILENAME##*/} tag=${IMAGE##*:}
	echo "mse2e-${file%.bats}${tag:+-$tag}"
}

# Removes what an earlier run of this file may have left, and makes network, directories and the tools container.
e2e_start() {
	LAB=$(lab_name)
	LAB_DIR=$(mktemp -d "${BATS_FILE_TMPDIR:-/tmp}/lab.XXXXXX")
	export LAB LAB_DIR
	lab_remove
	chmod 0755 "$LAB_DIR"
	mkdir "$LAB_DIR/config"
	"$ENGINE" network create --internal "$LAB" >/dev/null
	"$ENGINE" run -d --name "$LAB-tools" --network "$LAB" --hostname mx.other.test \
		-v "$LAB_DIR/config:/config" "$TOOLS_IMAGE" >/dev/null
	wait_until 30 log_has tools 'mx: ready'
	printf 'nameserver %s\noptions timeout:2 attempts:2\n' "$(address tools)" >"$LAB_DIR/resolv.conf"
	# The tools themselves ask the same name server.
	tools sh -c 'cat >/etc/resolv.conf' <"$LAB_DIR/resolv.conf"
}

e2e_stop() {
	lab_remove
	rm -rf "$LAB_DIR"
}

lab_remove() {
	local left
	left=$("$ENGINE" ps -aq --filter "name=^/?$LAB-")
	# shellcheck disable=SC2086
	[ -z "$left" ] || "$ENGINE" rm -fv $left >/dev/null
	left=$("$ENGINE" network ls -q --filter "name=^$LAB\$")
	# shellcheck disable=SC2086
	[ -z "$left" ] || "$ENGINE" network rm $left >/dev/null
}

tools() { "$ENGINE" exec -i "$LAB-tools" "$@"; }

# Adds lines of standard input to the name server (dnsmasq(8), without "--"): txt-record=…, mx-host=…
# A host's address goes into /srv/dns/NAME ("ADDRESS HOST") and needs no more than that.
dns_add() {
	tools sh -eu -c 'cat >>/etc/dnsmasq.conf
		pkill -x dnsmasq
		while pgrep -r D,R,S -x dnsmasq >/dev/null; do sleep 0.02; done
		setsid dnsmasq >/proc/1/fd/1 2>&1 </dev/null &'
	wait_until 5 tools pgrep -r D,R,S -x dnsmasq >/dev/null
}

# dns_list DOMAIN WHAT: how a DNS list answers from now on, instead of what it did before. good: its test entry is
# listed; everything; nothing; refusing: 127.255.255.254; sold: another address; silent: never.
dns_list() {
	tools sed -i "/[./]$1[,/]/d" /etc/dnsmasq.conf
	case $2 in
	good) echo "host-record=2.0.0.127.$1,127.0.0.2" ;;
	everything) echo "address=/$1/127.0.0.2" ;;
	refusing) echo "address=/$1/127.255.255.254" ;;
	sold) echo "host-record=2.0.0.127.$1,192.0.2.80" ;;
	silent) echo "server=/$1/192.0.2.1" ;;
	nothing) ;;
	*) fail "dns_list: $2" ;;
	esac | dns_add
}

DNS_LISTS='zen.spamhaus.org bl.mailspike.net b.barracudacentral.org bl.spameatingmonkey.net psbl.surriel.com list.dnswl.org'

# All lists of ENABLE_DNSBL as they should be; they know nobody but their test entries.
dns_lists_good() {
	local one
	for one in $DNS_LISTS; do
		dns_list "$one" good
	done
}

# --- servers ----------------------------------------------------------------------------------------

# The configuration directory of a server on the host; made when it is not there.
config() {
	mkdir -p "$LAB_DIR/config/$1"
	echo "$LAB_DIR/config/$1"
}

# server_create NAME [engine options…] [-- command…]: a server that is not started yet.
server_create() {
	local name=$1 options=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	"$ENGINE" create --name "$LAB-$name" --network "$LAB" --hostname mail.example.test \
		-e POSTSCREEN_GREET_WAIT=1 -v "$LAB_DIR/resolv.conf:/etc/resolv.conf:ro" -v "$(config "$name"):/tmp/docker-mailserver" \
		"${options[@]}" "$IMAGE" "$@" >/dev/null
}

# Starts what server_create made. The name server learns the address, and with it the name for Postfix' own look-ups.
server_boot() {
	"$ENGINE" start "$LAB-$1" >/dev/null
	tools sh -c "echo '$(address "$1") mail.example.test' >/srv/dns/$1"
}

# The same, and waits until it is ready.
server_start() {
	server_create "$@"
	server_boot "$1"
	server_ready "$1"
}

# server_ready NAME [SECONDS]: the log says so since the last start, and the health check agrees.
server_ready() {
	if ! wait_until "${2:-60}" is_ready "$1" || ! wait_until 20 is_healthy "$1"; then
		show_server "$1"
		return 1
	fi
}

# What is worth knowing about a server that does not do what it should.
show_server() {
	echo "--- log of $1 (end), and its health"
	"$ENGINE" logs --tail 60 "$LAB-$1" 2>&1 || :
	in_server "$1" mailserver healthcheck 2>&1 || :
} >&2

is_ready() {
	is_running "$1" || return 1
	grep -q "$READY" <<<"$(log_since_start "$1")"
}

is_running() { [ "$("$ENGINE" inspect -f '{{.State.Running}}' "$LAB-$1" 2>/dev/null)" = true ]; }
is_stopped() { ! is_running "$1"; }
is_healthy() { in_server "$1" mailserver healthcheck >/dev/null 2>&1; }
is_unhealthy() { ! is_healthy "$1"; }

in_server() {
	local name=$1
	shift
	"$ENGINE" exec -i "$LAB-$name" "$@"
}

# on_terminal NAME STEP... -- CMD...: somebody at a terminal in the server, or in the tools (lib/pty.py).
on_terminal() {
	local name=$1
	shift
	in_server "$name" env TERM=dumb python3 -c "$(cat "$E2E_DIR/lib/pty.py")" "$@"
}

server_remove() { "$ENGINE" rm -fv "$LAB-$1" >/dev/null; }

exit_status() { "$ENGINE" inspect -f '{{.State.ExitCode}}' "$LAB-$1"; }

address() { "$ENGINE" inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$LAB-$1"; }

# --- logs -------------------------------------------------------------------------------------------

log_of() { "$ENGINE" logs "$LAB-$1" 2>&1; }

log_since_start() { "$ENGINE" logs --since "$("$ENGINE" inspect -f '{{.State.StartedAt}}' "$LAB-$1")" "$LAB-$1" 2>&1; }

# log_has NAME TEXT [COUNT]: TEXT (fixed) is in at least COUNT lines.
log_has() { [ "$(log_of "$1" | grep -cF -- "$2")" -ge "${3:-1}" ]; }

log_matches() { log_of "$1" | grep -E -- "$2" >/dev/null; }

# Number of lines so far; log_after NAME NUMBER prints what came later.
log_lines() { log_of "$1" | wc -l; }

log_after() { log_of "$1" | tail -n "+$(($2 + 1))"; }

log_after_has() { grep -qF -- "$3" <<<"$(log_after "$1" "$2")"; }

# --- mail -------------------------------------------------------------------------------------------

# A word that no other message has.
unique() { echo "${1:-note}-$BATS_TEST_NUMBER-$RANDOM$RANDOM"; }

# mail_in NAME TO SUBJECT [swaks options…]: from other.test over port 25.
mail_in() {
	local name=$1 to=$2 subject=$3
	shift 3
	tools swaks --server "$(address "$name")" --ehlo mx.other.test --from bob@other.test --to "$to" \
		--header "Subject: $subject" --header "Message-Id: <$subject@other.test>" "$@"
}

# mail_out NAME USER PASSWORD TO SUBJECT [swaks options…]: submission; 587 with STARTTLS unless options say otherwise.
mail_out() {
	local name=$1 user=$2 password=$3 to=$4 subject=$5
	shift 5
	[[ " $* " == *" --port "* ]] || set -- "$@" --port 587 -tls
	tools swaks --server "$(address "$name")" --ehlo laptop.home.test --from "$user" --to "$to" \
		--auth PLAIN --auth-user "$user" --auth-password "$password" \
		--header "Subject: $subject" --header "Message-Id: <$subject@example.test>" "$@"
}

# fetch NAME USER PASSWORD SUBJECT [FOLDER]: waits for a message and prints it.
fetch() { tools mt fetch "$(address "$1")" "${@:2}"; }

# login NAME USER PASSWORD: over IMAP; 0 when let in.
login() { tools mt login imap "$(address "$1")" "$2" "$3"; }

# The message with this subject as mx.other.test got it: its number, for mx_mail and mx_facts.
mx_find() { tools sh -c "grep -l -- 'Subject: .*$1' /srv/mx/mail/*.eml 2>/dev/null" | sed 's/\.eml$//' | head -n 1; }

mx_has() { [ -n "$(mx_find "$1")" ]; }

mx_wait() {
	wait_until "${2:-20}" mx_has "$1"
	mx_find "$1"
}

queue_length() { in_server "$1" postqueue -j | wc -l; }

queue_is_empty() { [ "$(queue_length "$1")" -eq 0 ]; }

# --- processes --------------------------------------------------------------------------------------

# pid_of NAME PROCESS: oldest process with this name, as seen in the container.
pid_of() { in_server "$1" pgrep -o -x "$2"; }

# Process numbers and start times of the masters and of Dovecot's children that hold sessions:
# equal before and after when nothing was reloaded or restarted.
daemon_pids() { in_server "$1" ps -o pid=,lstart=,comm= -C master,dovecot,anvil,qmgr,supervisord; }

# --- accounts ---------------------------------------------------------------------------------------

# A line of postfix-accounts.cf: account_line ADDRESS PASSWORD
account_line() { printf '%s|{SHA512-CRYPT}%s\n' "$1" "$(tools openssl passwd -6 "$2")"; }

# Restarts a server as an administrator does, and waits until it is ready; its address may change.
server_restart() {
	"$ENGINE" restart "$LAB-$1" >/dev/null
	server_boot "$1"
	server_ready "$1"
}
