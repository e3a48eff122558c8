#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# setup.sh - administer the mail server from the host: runs `setup` in its container
#
# With a running container the command is run in there and is live at once. Without one, a temporary
# container edits the files of the config directory, so accounts can be made before the first start.
# Exit status: that of the command; 1 for a mistake in the options, or where no engine answers.
#
# LIMITS  Standard input is handed on only to commands that read it (a password left out of the command,
# a question), so that `while read ...; do ./setup.sh ...; done` does not lose its lines.

set -euo pipefail

readonly LABEL=org.opencontainers.image.title
readonly TITLE=docker-mailserver
readonly CONFIG_MOUNT=/tmp/docker-mailserver
readonly DEFAULT_NAME=mailserver
readonly DEFAULT_IMAGE=mailserver:local

script_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly script_dir

engine=
container=    # name or id; empty: none
is_running=   # "yes" when that container runs
completing=   # "yes" when the shell asks what could be typed; then mistakes are silent
image=
config_dir=
selinux=

print_options() {
	cat <<-END
		Options of $(basename "$0"), before the command:
		  -c NAME    container to use, running or stopped
		  -i IMAGE   image of the temporary container that is used when none runs
		  -p PATH    config directory on the host for that; relative to the place of this script
		  -z, -Z     SELinux: label the config directory for sharing (z) or for this container only (Z)
		  -R         accepted for compatibility: rootless Podman needs no confirmation
		  -h         show this; --help and help show the commands too

		The engine is Docker where it answers, else Podman; CONTAINER_ENGINE=podman chooses.
		Without -c the running container is found by its label ($LABEL=$TITLE),
		its name or its image; of several the one named $DEFAULT_NAME is used.
		Without -p the config directory is that of the container, else config/ or docker-data/dms/config/
		beside this script. Without -i the image is that of the container, else \$NAME, else $DEFAULT_IMAGE.
	END
}

fail() {
	[ -z "$completing" ] || exit 0
	printf '%s: %s\n' "$(basename "$0")" "$1" >&2
	exit 1
}

# Option letters that are none, or have no value.
fail_option() {
	[ -z "$completing" ] || exit 0
	if [ "$1" = : ]; then
		echo "Option '-$OPTARG' needs a value" >&2
	else
		echo "Invalid option: '-$OPTARG'" >&2
	fi
	print_options >&2
	exit 1
}

# --- engine ---------------------------------------------------------------------------------------

# The first client that reaches an engine: Docker before Podman, PATH before the usual place.
find_engine() {
	local client
	if [ -n "${CONTAINER_ENGINE:-}" ]; then
		engine=$(type -p "$CONTAINER_ENGINE") || fail "CONTAINER_ENGINE=$CONTAINER_ENGINE is not installed here."
		return 0
	fi
	while read -r client; do
		case ${client##*/} in
		podman*) "$client" info >/dev/null 2>&1 || continue ;;
		*) "$client" version --format '{{.Server.Version}}' >/dev/null 2>&1 || continue ;;
		esac
		engine=$client
		return 0
	done < <(
		type -ap docker || :
		[ ! -x /usr/bin/docker ] || echo /usr/bin/docker
		type -ap podman || :
	)
	if ! type -p docker podman >/dev/null; then
		fail 'neither docker nor podman is installed here.'
	elif [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]; then
		fail "user $(id -un 2>/dev/null) may not use Docker: run this as root or as a member of Docker's group."
	fi
	fail 'no container engine answers: is Docker or Podman started?'
}

# --- container ------------------------------------------------------------------------------------

# Names of the containers that are in the given state and match the given filter.
list_containers() { "$engine" ps --all --filter "status=$1" --filter "$2" --format '{{.Names}}'; }

# The one container in this state that looks like the server; the label decides before name and image.
# Of several the one with the documented name; else it is a question for the administrator: a guess would edit
# the wrong accounts.
find_container_in_state() {
	local filter found count
	for filter in "label=$LABEL=$TITLE" "name=^/?$DEFAULT_NAME\$" "ancestor=${image:-$DEFAULT_IMAGE}"; do
		found=$(list_containers "$1" "$filter" 2>/dev/null) || continue
		[ -n "$found" ] || continue
		count=$(printf '%s\n' "$found" | wc -l)
		if printf '%s\n' "$found" | grep -qx "$DEFAULT_NAME"; then
			container=$DEFAULT_NAME
			return 0
		elif [ "$count" -gt 1 ] && [ "$1" = running ]; then
			fail "several mail servers run here; choose one with -c: $(printf '%s' "$found" | tr '\n' ' ')"
		elif [ "$count" -eq 1 ]; then
			container=$found
			return 0
		fi
	done
	return 1
}

find_container() {
	local state
	if [ -n "$container" ]; then
		state=$("$engine" inspect --type container --format '{{.State.Running}}' "$container" 2>/dev/null) ||
			fail "there is no container '$container'."
		[ "$state" != true ] || is_running=yes
	elif find_container_in_state running; then
		is_running=yes
	else
		# A stopped one still tells which image and which config directory belong together.
		find_container_in_state exited || find_container_in_state created || :
	fi
}

# --- the temporary container ----------------------------------------------------------------------

# Source of the container's config directory: a path, or the name of a volume.
mounted_config() {
	"$engine" inspect --type container --format \
		"{{range .Mounts}}{{if eq .Destination \"$CONFIG_MOUNT\"}}{{if eq .Type \"volume\"}}{{.Name}}{{else}}{{.Source}}{{end}}{{end}}{{end}}" \
		"$container"
}

choose_config_dir() {
	if [ -n "$config_dir" ]; then
		return 0
	elif [ -n "$container" ]; then
		config_dir=$(mounted_config)
	fi
	if [ -n "$config_dir" ]; then
		return 0
	elif [ -d "$script_dir/config" ]; then
		config_dir=$script_dir/config
	else
		config_dir=$script_dir/docker-data/dms/config
		mkdir -p "$config_dir"
	fi
}

# $NAME counts only where it can be an image: some systems set it to the name of the machine.
choose_image() {
	if [ -n "$image" ]; then
		return 0
	elif [ -n "$container" ]; then
		image=$("$engine" inspect --type container --format '{{.Config.Image}}' "$container")
	elif [[ ${NAME:-} == *[/:]* ]]; then
		image=$NAME
	else
		image=$DEFAULT_IMAGE
	fi
}

ensure_image() {
	"$engine" image inspect "$image" >/dev/null 2>&1 && return 0
	if [ "$image" = "$DEFAULT_IMAGE" ]; then
		fail "the image $image has not been built yet: type 'make image', or name another one with -i."
	fi
	echo "Pulling $image ..." >&2
	"$engine" pull "$image" >&2 || fail "the image $image can't be pulled; name another one with -i."
}

# --- standard input -------------------------------------------------------------------------------

# Does `setup` with these arguments read its standard input? Unknown commands may.
reads_stdin() {
	local noun=${1:-help} verb=${2:-}
	case "$noun $verb" in
	'email add') [ $# -eq 3 ] || [ "${3:-} ${4:-}" = '--from -' ] ;;
	'email update' | 'dovecot-master add' | 'dovecot-master update') [ $# -eq 3 ] ;;
	'email del') [[ ${3:-} != -[yYnN] ]] ;;
	'email restrict') [[ ${3:-} != list && $# -lt 5 ]] ;;
	'quota set') [ $# -eq 3 ] ;;
	'relay add-auth') [ $# -eq 4 ] ;;
	'debug login') true ;;
	help\ * | completion\ * | -*\ * | email\ * | alias\ * | quota\ * | dovecot-master\ * | relay\ * | config\ * | fail2ban\ * | debug\ *) false ;;
	*) true ;;
	esac
}

# A terminal is asked for only where there is one at both ends: it would turn line ends into CR LF.
choose_stream_options() {
	stream_options=()
	if [ -t 0 ] && [ -t 1 ]; then
		stream_options=(-i -t)
	elif reads_stdin "$@"; then
		stream_options=(-i)
	fi
}

# --- completion -----------------------------------------------------------------------------------

# What could stand for the last word: an option, or what the running container knows. Nothing is started for that.
complete_words() {
	if [ $# -eq 1 ] && [ "$1" = - ]; then
		printf '%s\t%s\n' -c 'container to use' -i 'image of the temporary container' -p 'config directory' \
			-z 'SELinux: shared label' -Z 'SELinux: private label' -R 'rootless Podman' -h 'explain the options'
		return 0
	fi
	find_engine
	find_container
	[ -z "$is_running" ] || "$engine" exec "$container" setup complete "$@" 2>/dev/null || :
}

# --- start ----------------------------------------------------------------------------------------

if [ "${1:-}" = complete ]; then
	completing=yes
	shift
fi
while getopts ':c:i:p:zZRh' option; do
	case $option in
	c) container=$OPTARG ;;
	i) image=$OPTARG ;;
	p)
		case $OPTARG in
		/*) config_dir=$OPTARG ;;
		*) config_dir=$script_dir/$OPTARG ;;
		esac
		[ -d "$config_dir" ] || fail "the config directory '$config_dir' does not exist."
		;;
	z | Z) selinux=:$option ;;
	R) ;;
	h)
		[ -n "$completing" ] || print_options
		exit 0
		;;
	*)
		# A long option is a word for setup: --help, --version.
		if [ "$option$OPTARG" = '?-' ]; then
			break
		fi
		fail_option "$option"
		;;
	esac
done
shift $((OPTIND - 1))
[ -z "$completing" ] || { complete_words "$@" && exit; }
[ $# -gt 0 ] || set -- help

find_engine
find_container
choose_stream_options "$@"

if [ -n "$is_running" ]; then
	command=("$engine" exec ${stream_options[@]+"${stream_options[@]}"} "$container" setup "$@")
else
	choose_image
	ensure_image
	choose_config_dir
	# Another title, so that a second setup.sh does not take this container for the server.
	command=("$engine" run --rm ${stream_options[@]+"${stream_options[@]}"} --label "$LABEL=$TITLE-setup"
		--volume "$config_dir:$CONFIG_MOUNT$selinux" "$image" setup "$@")
fi

status=0
"${command[@]}" || status=$?
if [ $# -eq 1 ] && [[ $1 == help || $1 == --help ]]; then
	echo
	print_options
fi
exit "$status"
