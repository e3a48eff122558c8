#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# engine.sh - a container engine and the base image, on any machine
#
# usage: test/engine.sh ensure [compose]  get an engine and the base image, and a compose command
#        test/engine.sh env               print ENGINE and COMPOSE for: eval "$(test/engine.sh env)"
#        test/engine.sh base              get the base image only (the engine must be there)
#        test/engine.sh compose ...       run the compose command with these arguments
#
# Quiet where nothing has to be done. Looks for a Docker client that reaches an engine, then for Podman;
# several clients may be installed of which only one works. Where there is none, and this is Debian or
# Ubuntu, and the user is root, docker.io is installed and its daemon started. A daemon that is running
# already is used as it is. The base image is pulled; where no registry can be reached it is made with
# mmdebstrap from the Debian archive that this machine's own apt sources name.
#
# An engine counts only when it has run a container of the base image: Podman answers on machines where it
# can start nothing, for instance where it may not raise the limits that it gives to every container.
#
# Environment: ENGINE      use this client and look no further
#              BASE_IMAGE  the base image (default debian:13-slim)
#
# Exit status: 0 done, 64 wrong usage, 69 no engine or no base image to be had here.
#
# SOURCES  docker-import(1), mmdebstrap(1), sources.list(5), docker-compose 1.29 and Compose v2

set -euo pipefail

readonly BASE=${BASE_IMAGE:-debian:13-slim}
readonly SUITE=trixie
readonly DAEMON_LOG=/var/log/dockerd.log
readonly LOCK=/var/lock/mailserver-engine.lock

say() { printf 'engine: %s\n' "$*" >&2; }

die() {
	say "$*"
	exit 69
}

# Run a command; show what it printed only when it failed.
quietly() {
	local log rc=0
	log=$(mktemp)
	"$@" >"$log" 2>&1 </dev/null || rc=$?
	[ "$rc" -eq 0 ] || tail -n 20 "$log" >&2
	rm -f "$log"
	return "$rc"
}

# Poll a condition until it holds or SECONDS_ALLOWED have passed: wait_until SECONDS_ALLOWED COMMAND...
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.2
	done
}

is_root() { [ "$(id -u)" -eq 0 ]; }

has() { command -v "$1" >/dev/null 2>&1; }

has_systemd() { [ -d /run/systemd/system ]; }

is_podman() { [[ ${1##*/} == podman* ]]; }

# --- the engine -----------------------------------------------------------------------------------

# All clients on this machine, best first: those in PATH, then the place where packages put it.
list_clients() {
	{
		type -ap docker || :
		[ ! -x /usr/bin/docker ] || echo /usr/bin/docker
		type -ap podman || :
	} | while read -r client; do echo "$(realpath "$client") $client"; done | awk '!seen[$1]++ { print $2 }'
}

# Clients that reached an engine which can't run containers, one a line.
rejected=

# Does this client reach an engine, and can it build?
client_works() {
	! grep -qxF -- "$1" <<<"$rejected" || return 1
	if is_podman "$1"; then
		timeout 20 "$1" info >/dev/null 2>&1
	else
		timeout 10 "$1" version --format '{{.Server.Version}}' >/dev/null 2>&1
	fi && "$1" build --help >/dev/null 2>&1
}

# Did the caller name the client? Then it is not ours to choose another.
readonly GIVEN=${ENGINE:-}
is_given() { [ -n "$GIVEN" ]; }

# Sets ENGINE; fails where no client works.
find_engine() {
	local client
	[ -z "${ENGINE:-}" ] || return 0
	while read -r client; do
		if client_works "$client"; then
			ENGINE=$client
			return 0
		fi
	done < <(list_clients)
	return 1
}

# Sets COMPOSE: the plugin of any working client, else docker-compose, else podman-compose.
find_compose() {
	local client
	COMPOSE=
	if ! is_podman "$ENGINE"; then
		while read -r client; do
			if ! is_podman "$client" && "$client" compose version >/dev/null 2>&1 && client_works "$client"; then
				COMPOSE="$client compose"
				return 0
			fi
		done < <(printf '%s\n' "$ENGINE" && list_clients)
		if has docker-compose; then
			COMPOSE=$(command -v docker-compose)
			return 0
		fi
	elif has podman-compose; then
		COMPOSE=$(command -v podman-compose)
		return 0
	elif "$ENGINE" compose version >/dev/null 2>&1; then
		COMPOSE="$ENGINE compose"
		return 0
	fi
	return 1
}

apt_lists_fresh=
apt_update() {
	[ -z "$apt_lists_fresh" ] || return 0
	quietly apt-get -q update || say 'apt-get update reported problems; trying with the lists that are there'
	apt_lists_fresh=yes
}

apt_install() {
	apt_update
	quietly env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@"
}

can_apt_install() { is_root && [ -f /etc/debian_version ] && has apt-get; }

# What docker.io only recommends but needs on some machines; the client is a package of its own since Debian 13.
engine_packages() {
	echo docker.io ca-certificates
	! apt-cache show docker-cli >/dev/null 2>&1 || echo docker-cli
	has_systemd || echo cgroupfs-mount
	[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ] || echo apparmor
}

dockerd_is_running() {
	[ "$(cat "/proc/$(cat /var/run/docker.pid 2>/dev/null)/comm" 2>/dev/null)" = dockerd ]
}

launch_dockerd() {
	setsid dockerd "$@" >>"$DAEMON_LOG" 2>&1 </dev/null &
	daemon_pid=$!
	disown
	wait_until 60 daemon_settled && client_works /usr/bin/docker
}

daemon_settled() { client_works /usr/bin/docker || ! kill -0 "$daemon_pid" 2>/dev/null; }

# overlay2 is asked for, because an older dockerd may choose vfs without a word, which copies every layer;
# where the file system can't carry it, or /etc/docker/daemon.json names a driver, dockerd decides.
start_daemon() {
	if dockerd_is_running; then
		say 'dockerd is running but does not answer yet, waiting for it (up to 60 s) ...'
		wait_until 60 client_works /usr/bin/docker || die "dockerd is running but does not answer: see its log"
	elif has_systemd; then
		say 'starting docker.service ...'
		quietly systemctl start docker.service || die 'docker.service does not start: see journalctl -u docker'
		wait_until 60 client_works /usr/bin/docker || die 'docker.service runs but does not answer: see journalctl -u docker'
	else
		say "starting dockerd, log in $DAEMON_LOG ..."
		if has cgroupfs-mount && ! grep -qs ' /sys/fs/cgroup' /proc/mounts; then
			quietly cgroupfs-mount || :
		fi
		launch_dockerd --storage-driver=overlay2 || launch_dockerd ||
			die "dockerd does not start: $(tail -n 1 "$DAEMON_LOG")"
	fi
}

explain_no_engine() {
	if [ -n "${DOCKER_HOST:-}" ]; then
		die "no container engine answers at DOCKER_HOST=$DOCKER_HOST."
	elif [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]; then
		die "Docker is running, but user $(id -un 2>/dev/null) may not use it: ask an administrator to add you to the group $(stat -c %G /var/run/docker.sock), or run this as root."
	elif is_root; then
		die 'no container engine answers: install and start Docker or Podman, then run this again (it installs one by itself only on Debian and Ubuntu).'
	fi
	die 'no container engine answers: install or start Docker or Podman, or run this once as root, which installs docker.io on Debian and Ubuntu.'
}

ensure_engine() {
	local packages
	find_engine && return 0
	if [ -n "${DOCKER_HOST:-}" ] || ! can_apt_install; then
		explain_no_engine
	fi
	if ! has dockerd; then
		say 'installing docker.io with apt-get (about a minute) ...'
		apt_update
		mapfile -t packages < <(engine_packages | tr ' ' '\n')
		apt_install "${packages[@]}" || die 'docker.io could not be installed: see the lines above.'
	fi
	find_engine || start_daemon
	find_engine || die "dockerd was started but no docker client reaches it: see $DAEMON_LOG"
}

ensure_compose() {
	local package=docker-compose
	find_compose && return 0
	! is_podman "$ENGINE" || package=podman-compose
	can_apt_install || die "no compose command found: install the Docker Compose plugin, or $package."
	say "installing $package with apt-get ..."
	apt_install "$package" || die "$package could not be installed: see the lines above."
	find_compose || die "$package was installed but does not run."
}

# --- the base image -------------------------------------------------------------------------------

has_base() { "$ENGINE" image inspect "$BASE" >/dev/null 2>&1; }

# A registry that answers says so at once; only then is the download given its time.
pull_base() {
	local out pid rc=0
	out=$(mktemp)
	timeout 900 "$ENGINE" pull "$BASE" >"$out" 2>&1 </dev/null &
	pid=$!
	if ! wait_until 15 pull_under_way "$out" "$pid"; then
		kill "$pid" 2>/dev/null || :
		echo 'no answer within 15 s' >>"$out"
	elif kill -0 "$pid" 2>/dev/null; then
		say "pulling $BASE ..."
	fi
	wait "$pid" 2>/dev/null || rc=$?
	[ "$rc" -eq 0 ] || say "$BASE can't be pulled here: $(tail -n 1 "$out" | cut -c1-160)"
	rm -f "$out"
	return "$rc"
}

pull_under_way() {
	grep -qE 'Pulling (from|fs layer)|Getting image source|Copying blob' "$1" || ! kill -0 "$2" 2>/dev/null
}

# The URIs of this machine's apt sources, one a line, in the order of the files (both formats of sources.list(5)).
list_apt_uris() {
	{
		cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
			sed -nE 's/^[[:space:]]*deb[[:space:]]+(\[[^]]*\][[:space:]]*)?([^[:space:]]+).*/\2/p' || :
		awk 'FNR == 1 || /^$/ { on = 0 }
			tolower($1) == "uris:" { on = 1; $1 = "" }
			on && /^[^#[:space:]][^[:space:]]*:([[:space:]]|$)/ && tolower($1) !~ /^[a-z+]+:\/\// { on = 0 }
			on && !/^#/ { for (i = 1; i <= NF; i++) if ($i != "") print $i }' /dev/null /etc/apt/sources.list.d/*.sources 2>/dev/null || :
	} | expand_mirror_lists | sed 's|/*$||' | awk '!seen[$0]++'
}

# apt-transport-mirror(1): mirror+file:/path names a file of URIs, which Debian's cloud images use.
expand_mirror_lists() {
	local uri
	while read -r uri; do
		case $uri in
		mirror+file:*) awk '!/^#/ && NF { print $1 }' "${uri#mirror+file:}" 2>/dev/null || : ;;
		*) echo "$uri" ;;
		esac
	done
}

# Does this archive have the suite? Asked with apt's own downloader, which knows this machine's proxy.
has_suite() {
	local probe rc=0
	probe=$(mktemp)
	timeout 30 /usr/lib/apt/apt-helper download-file "$1/dists/$2/InRelease" "$probe" >/dev/null 2>&1 || rc=$?
	rm -f "$probe"
	return "$rc"
}

# Prints the apt lines for the image: the suite, its updates and its security updates, as far as they are offered.
list_image_sources() {
	local uri found=
	while read -r uri; do
		case $uri in
		*/debian)
			if [ -n "$found" ] || ! has_suite "$uri" "$SUITE"; then
				continue
			fi
			found=yes
			echo "deb $uri $SUITE main"
			! has_suite "$uri" "$SUITE-updates" || echo "deb $uri $SUITE-updates main"
			;;
		*/debian-security)
			! has_suite "$uri" "$SUITE-security" || echo "deb $uri $SUITE-security main"
			;;
		esac
	done < <(list_apt_uris)
	[ -n "$found" ]
}

# What the official slim image leaves out, and apt's clock checks where this machine has turned them off.
list_bootstrap_options() {
	local path key
	for path in doc man info locale lintian bug linda groff; do
		echo "--dpkgopt=path-exclude=/usr/share/$path/*"
	done
	echo '--dpkgopt=path-include=/usr/share/doc/*/copyright'
	echo '--aptopt=Acquire::Languages "none"'
	for key in Acquire::Check-Valid-Until Acquire::Check-Date; do
		! apt-config dump "$key" | grep -q '"false"' || echo "--aptopt=$key \"false\""
	done
}

make_base() {
	local sources start=$SECONDS
	if ! has mmdebstrap; then
		can_apt_install || die "$BASE can't be pulled, and mmdebstrap to make it with is missing: install mmdebstrap, or load the image with '$ENGINE load'."
		say 'installing mmdebstrap with apt-get ...'
		apt_install mmdebstrap debian-archive-keyring || die 'mmdebstrap could not be installed: see the lines above.'
	fi
	mapfile -t sources < <(list_image_sources)
	[ "${#sources[@]}" -gt 0 ] || die "$BASE can't be pulled, and no apt source of this machine is a Debian archive with $SUITE: load the image with '$ENGINE load'."
	say "making $BASE with mmdebstrap from this machine's apt sources (about half a minute) ..."
	import_base "${sources[@]}" || die "$BASE could not be made: see the lines above."
	say "$BASE made in $((SECONDS - start)) s"
}

# Takes the apt lines as arguments.
import_base() {
	local tarball options rc=0
	mapfile -t options < <(list_bootstrap_options)
	tarball=$(mktemp --suffix=.tar)
	quietly mmdebstrap --variant=minbase "${options[@]}" "$SUITE" "$tarball" "$@" &&
		quietly "$ENGINE" import --change 'CMD ["bash"]' \
			--change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
			"$tarball" "$BASE" || rc=$?
	rm -f "$tarball"
	return "$rc"
}

ensure_base() {
	has_base && return 0
	pull_base && return 0
	[ -f /etc/debian_version ] || die "$BASE can't be pulled, and it can only be made on Debian: load it with '$ENGINE load'."
	make_base
}

# Runs a container, as everything that follows will. Sets REASON when that fails.
can_run() { REASON=$(timeout 60 "$ENGINE" run --rm "$BASE" true 2>&1 </dev/null); }

# An engine that can't run a container is no engine: the next one, which may have to be installed, is tried.
ensure_running_engine() {
	ensure_engine
	ensure_base
	until can_run; do
		REASON=${REASON:-no answer within 60 s}
		say "$ENGINE is here but can't run a container: $(tail -n 1 <<<"$REASON" | cut -c1-240)"
		! is_given || exit 69
		rejected+=$ENGINE$'\n'
		unset ENGINE
		ensure_engine
		ensure_base
	done
}

# Two runs at the same time must not install, start or import twice.
take_lock() {
	if has flock && : 2>/dev/null >>"$LOCK"; then
		exec 9>>"$LOCK"
		flock 9
	fi
}

# --- commands -------------------------------------------------------------------------------------

case "${*:1:1}:$#:${*:2:1}" in
ensure:1: | ensure:2:compose)
	take_lock
	ensure_running_engine 9>&-
	[ $# -eq 1 ] || ensure_compose
	;;
env:1:)
	find_engine || explain_no_engine
	find_compose || :
	printf 'export ENGINE=%q COMPOSE=%q\n' "$ENGINE" "$COMPOSE"
	;;
base:1:)
	find_engine || explain_no_engine
	take_lock
	ensure_base
	;;
compose:*)
	shift
	find_engine || explain_no_engine
	ensure_compose
	# COMPOSE may be two words: the client and its sub-command.
	read -ra command <<<"$COMPOSE"
	exec "${command[@]}" "$@"
	;;
*)
	sed -n 's/^# \{0,1\}//; /^usage:/,/^$/p' "$0" >&2
	exit 64
	;;
esac
