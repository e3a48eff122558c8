# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# subjects.sh - what run.sh measures, and how each is started
#
# A subject is a word:
#	floor            Postfix and Dovecot of this image by hand (floor/)
#	bare, default, spamassassin, typical    this image ($IMAGE) in a profile
#	NAME, NAME@PROFILE    another image that keeps the contract: config directory, volumes, ports, `setup`
#
# A profile is a list of environment variables; those that an image does not know do no harm. All profiles have the same
# certificate, accounts, aliases and name server.
#
# A container begins with a shell that waits for a line from a FIFO, and then becomes what the image starts: so the engine's
# own time is left out of every figure, for all alike.

readonly PROFILES='bare default spamassassin typical'

# Whatever looks at mail, or at who sends it, in this image or in those with the same variables.
readonly FILTERS='ENABLE_OPENDKIM ENABLE_OPENDMARC ENABLE_POLICYD_SPF ENABLE_AMAVIS ENABLE_SPAMASSASSIN ENABLE_CLAMAV
	ENABLE_POSTGREY ENABLE_RSPAMD ENABLE_DNSBL ENABLE_FAIL2BAN ENABLE_SRS ENABLE_MTA_STS ENABLE_UPDATE_CHECK'

# profile_options PROFILE: engine options into the array `options`.
profile_options() {
	local name
	case $1 in
	bare) for name in $FILTERS; do options+=(-e "$name=0"); done ;;
	default) ;;
	spamassassin) options+=(-e ENABLE_SPAMASSASSIN=1) ;;
	typical)
		# The database has one signature: loading the official one, and its memory, are another matter.
		options+=(-e ENABLE_SPAMASSASSIN=1 -e ENABLE_CLAMAV=1 -e CLAMAV_UPDATES_PER_DAY=0
			-v "$LAB_DIR/bench.ndb:/var/mail-state/lib-clamav/bench.ndb:ro")
		;;
	esac
}

describe_profile() {
	case $1 in
	floor) echo 'Postfix and Dovecot of the same image, untuned, started by hand with a ready configuration' ;;
	bare) echo 'no checks and no scanners' ;;
	default) echo 'nothing set: DKIM, DMARC and SPF are checked, submitted mail is signed' ;;
	spamassassin) echo 'default and SpamAssassin' ;;
	typical) echo 'default, SpamAssassin and ClamAV (one signature)' ;;
	esac
}

is_profile() { [[ " $PROFILES " == *" $1 "* ]]; }

# shellcheck disable=SC2153 # IMAGE is from the environment
subject_image() {
	if [ "$1" = floor ] || is_profile "$1"; then
		echo "$IMAGE"
	elif is_profile "${1##*@}"; then
		echo "${1%@*}"
	else
		echo "$1"
	fi
}

subject_profile() {
	if [ "$1" = floor ] || is_profile "$1"; then
		echo "$1"
	elif [[ $1 == *@* ]] && is_profile "${1##*@}"; then
		echo "${1##*@}"
	else
		echo bare
	fi
}

is_ours() { [ "$1" = floor ] || is_profile "$1"; }

# What can be part of a container's name.
slug() { tr -c 'a-zA-Z0-9\n' - <<<"$1"; }

# config_of SUBJECT SIZE: a config directory of its own, on the host; made when it is not there.
config_of() {
	local dir
	dir=$LAB_DIR/config/$(slug "$1")-$2
	if [ ! -d "$dir" ]; then
		write_accounts "$2" "$dir"
		case $(subject_profile "$1") in
		floor | bare) ;;
		*)
			"$ENGINE" run --rm --hostname mail.example.test -v "$dir:/tmp/docker-mailserver" --entrypoint setup \
				"$(subject_image "$1")" config dkim keysize 2048 domain d1.example.test >/dev/null 2>&1 || :
			;;
		esac
	fi
	echo "$dir"
}

# subject_create NAME SUBJECT SIZE [engine options…]: container NAME, with volumes $LAB-NAME-… that outlive it; it waits.
subject_create() {
	local name=$1 subject=$2 size=$3 image config options=() command=() volume
	shift 3
	image=$(subject_image "$subject")
	config=$(config_of "$subject" "$size")
	profile_options "$(subject_profile "$subject")"
	for volume in mail:/var/mail state:/var/mail-state log:/var/log/mail; do
		options+=(-v "$LAB-$name-${volume%%:*}:${volume#*:}")
	done
	mkdir -p "$LAB_DIR/cert-$name"
	cp "$LAB_DIR"/cert/*.pem "$LAB_DIR/cert-$name/"
	if [ "$subject" = floor ]; then
		command=(--entrypoint /bench/floor/start.sh "$image" "/lab/$name.go")
	else
		mapfile -t command < <("$ENGINE" image inspect -f \
			'{{range .Config.Entrypoint}}{{println .}}{{end}}{{range .Config.Cmd}}{{println .}}{{end}}' "$image" | grep .)
		# shellcheck disable=SC2016 # for the shell in the container
		command=(--entrypoint sh "$image" -c 'read -r _ <"$0"; exec "$@"' "/lab/$name.go" "${command[@]}")
	fi
	rm -f "$LAB_DIR/$name.go"
	mkfifo "$LAB_DIR/$name.go"
	"$ENGINE" run -d --name "$LAB-$name" --label mailserver.bench=server --network "$LAB" --hostname mail.example.test \
		-e SSL_TYPE=manual -e SSL_CERT_PATH=/cert/cert.pem -e SSL_KEY_PATH=/cert/key.pem -e POSTSCREEN_GREET_WAIT=1 \
		-v "$LAB_DIR/cert-$name:/cert" -v "$LAB_DIR/resolv.conf:/etc/resolv.conf:ro" -v "$config:/tmp/docker-mailserver" \
		-v "$LAB_DIR:/lab" -v "$PWD/test/bench:/bench:ro" "${options[@]}" "$@" "${command[@]}" >/dev/null
	tools sh -c "echo '$(address "$name") mail.example.test' >/srv/dns/$name"
}

# subject_go NAME: lets it begin; prints "SMTP IMAP DELIVERED" in ms, each may be ">LIMIT".
subject_go() { clocks start "/lab/$1.go" "$(address "$1")" "$START_LIMIT_S"; }

# subject_up NAME SUBJECT SIZE [engine options…]: created, started, and it has accepted a message from outside.
subject_up() {
	subject_create "$@"
	subject_go "$1" >"$LAB_DIR/up"
	if grep -q '>' "$LAB_DIR/up" || ! wait_until 180 is_warm "$1"; then
		"$ENGINE" logs --tail 20 "$LAB-$1" >&2 || :
		fail "$2 does not take mail"
	fi
}

# Postscreen has let the client in, scanners are there, and everything has been asked once.
is_warm() { clocks accepted "$(address "$1")" /srv/message.eml >/dev/null 2>&1; }

# subject_stop NAME: prints the ms that the engine's stop took, and removes the container.
subject_stop() {
	local start
	start=$(now_ms)
	"$ENGINE" stop -t 60 "$LAB-$1" >/dev/null
	echo $(($(now_ms) - start))
	server_remove "$1"
}

# subject_down NAME: no trace is left, volumes included.
subject_down() {
	server_remove "$1" 2>/dev/null || :
	"$ENGINE" volume ls -q --filter "name=^$LAB-$1-" | xargs -r "$ENGINE" volume rm >/dev/null
	rm -rf "$LAB_DIR/cert-$1" "$LAB_DIR/$1.go"
}
