#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# setup.sh on the host, with an engine that only notes what it is asked: which container, image and directory are
# taken, what is passed on, and the exit statuses. With real containers it runs in setup.bats and replay.bats.

load lib/e2e

# The engine's answers are files in $FAKE: ps.STATE.KIND (names; STATE running, exited or created, KIND label, name or
# ancestor), running (of the container asked for; missing: there is none), image, mount, no-image, pull and status.
setup() {
	FAKE=$BATS_TEST_TMPDIR/fake
	export FAKE
	mkdir -p "$FAKE"
	: >"$FAKE/log"
	cat >"$FAKE/engine" <<-'END'
		#!/usr/bin/env bash
		printf '<%s>' "$@" >>"$FAKE/log"
		echo >>"$FAKE/log"
		case $1 in
		version | info) exit 0 ;;
		ps)
			[[ $* =~ status=([a-z]+).*--filter\ ([a-z]+)= ]]
			cat "$FAKE/ps.${BASH_REMATCH[1]}.${BASH_REMATCH[2]}" 2>/dev/null || : ;;
		inspect)
			[ -e "$FAKE/running" ] || exit 1
			case $* in
			*State.Running*) cat "$FAKE/running" ;;
			*Config.Image*) cat "$FAKE/image" ;;
			*Mounts*) cat "$FAKE/mount" 2>/dev/null || : ;;
			esac ;;
		image) [ ! -e "$FAKE/no-image" ] ;;
		pull) exit "$(cat "$FAKE/pull" 2>/dev/null || echo 0)" ;;
		exec | run)
			[[ " $* " != *" -i "* ]] || cat >"$FAKE/stdin"
			exit "$(cat "$FAKE/status" 2>/dev/null || echo 0)" ;;
		esac
	END
	chmod 0755 "$FAKE/engine"
	export CONTAINER_ENGINE=$FAKE/engine
	unset NAME
	cp "$ROOT_DIR/setup.sh" "$BATS_TEST_TMPDIR/setup.sh"
	cd "$BATS_TEST_TMPDIR" || return 1
	host=$BATS_TEST_TMPDIR/setup.sh
}

last() { tail -n 1 "$FAKE/log"; }

# What is run in a temporary container: temporary DIRECTORY[:OPTION] IMAGE WORD...
temporary() {
	local text="<run><--rm><--label><org.opencontainers.image.title=docker-mailserver-setup>"
	text+="<--volume><${1%%:[zZ]}:/tmp/docker-mailserver"
	[[ $1 != *:[zZ] ]] || text+=":${1##*:}"
	text+="><$2><setup>"
	shift 2
	printf '%s%s' "$text" "$(printf '<%s>' "$@")"
}

@test "the container that runs is found by its label, by its name, by its image" {
	for kind in label name ancestor; do
		echo found >"$FAKE/ps.running.$kind"
		run "$host" alias list </dev/null
		assert_status 0
		assert_equal "$(last)" '<exec><found><setup><alias><list>'
		rm "$FAKE/ps.running.$kind"
	done
	grep -qF '<label=org.opencontainers.image.title=docker-mailserver>' "$FAKE/log"
}

@test "of several containers the one called mailserver is taken; else it is asked for" {
	printf 'one\nmailserver\n' >"$FAKE/ps.running.label"
	run "$host" alias list </dev/null
	assert_equal "$(last)" '<exec><mailserver><setup><alias><list>'
	printf 'one\ntwo\n' >"$FAKE/ps.running.label"
	run "$host" alias list </dev/null
	assert_status 1
	assert_output 'one two'
	run grep -c '<exec>' "$FAKE/log"
	assert_equal "$output" 1
}

@test "-c: that container; words with blanks and signs stay whole" {
	echo true >"$FAKE/running"
	# shellcheck disable=SC2016 # nothing is meant to expand
	run "$host" -c mine email del -n "a b" '$(x)' '' </dev/null
	assert_status 0
	# shellcheck disable=SC2016
	assert_equal "$(last)" '<exec><mine><setup><email><del><-n><a b><$(x)><>'
	rm "$FAKE/running"
	run "$host" -c mine email list </dev/null
	assert_status 1
	assert_output "'mine'"
}

@test "a container that is stopped tells image and directory" {
	echo false >"$FAKE/running"
	echo registry.test/mail:1 >"$FAKE/image"
	echo /srv/mail/config >"$FAKE/mount"
	run "$host" -c mine email list </dev/null
	assert_equal "$(last)" "$(temporary /srv/mail/config registry.test/mail:1 email list)"
	echo stopped >"$FAKE/ps.exited.label"
	run "$host" email list </dev/null
	assert_equal "$(last)" "$(temporary /srv/mail/config registry.test/mail:1 email list)"
	# What is said on the command line counts more.
	mkdir -p other
	run "$host" -i other:2 -p other email list </dev/null
	assert_equal "$(last)" "$(temporary "$PWD/other" other:2 email list)"
}

@test "without any container: -i, -p, -z, -Z, -R" {
	mkdir -p "$BATS_TEST_TMPDIR/my config"
	run "$host" -i a/b:c -p "$BATS_TEST_TMPDIR/my config" email list </dev/null
	assert_equal "$(last)" "$(temporary "$BATS_TEST_TMPDIR/my config" a/b:c email list)"
	# A relative path begins where the script is.
	cd /
	run "$host" -i a/b:c -p 'my config' -z -R email list </dev/null
	assert_equal "$(last)" "$(temporary "$BATS_TEST_TMPDIR/my config:z" a/b:c email list)"
	run "$host" -i a/b:c -p 'my config' -Z email list </dev/null
	assert_equal "$(last)" "$(temporary "$BATS_TEST_TMPDIR/my config:Z" a/b:c email list)"
	run "$host" -p nowhere email list </dev/null
	assert_status 1
	assert_output "'$BATS_TEST_TMPDIR/nowhere'"
}

@test "the default directory: config, where it is; else docker-data/dms/config, which is made" {
	run "$host" email list </dev/null
	assert_equal "$(last)" "$(temporary "$PWD/docker-data/dms/config" mailserver:local email list)"
	[ -d docker-data/dms/config ]
	mkdir config
	run "$host" email list </dev/null
	assert_equal "$(last)" "$(temporary "$PWD/config" mailserver:local email list)"
}

@test "the default image: NAME where it can be one; an image that is not there is pulled first" {
	NAME=registry.test/mail:2 run "$host" email list </dev/null
	assert_output ''
	assert_equal "$(last)" "$(temporary "$PWD/docker-data/dms/config" registry.test/mail:2 email list)"
	NAME=workstation run "$host" email list </dev/null
	assert_equal "$(last)" "$(temporary "$PWD/docker-data/dms/config" mailserver:local email list)"
	touch "$FAKE/no-image"
	run "$host" -i registry.test/mail:3 email list </dev/null
	assert_status 0
	assert_equal "$(tail -n 2 "$FAKE/log" | head -n 1)" '<pull><registry.test/mail:3>'
	echo 1 >"$FAKE/pull"
	run "$host" -i registry.test/mail:3 email list </dev/null
	assert_status 1
	assert_output registry.test/mail:3
	run "$host" email list </dev/null
	assert_status 1
	assert_output 'make image'
}

@test "the exit status is that of the command" {
	for state in running absent; do
		[ "$state" = absent ] && rm -f "$FAKE/ps.running.label" || echo found >"$FAKE/ps.running.label"
		for code in 0 1 2 77; do
			echo "$code" >"$FAKE/status"
			run "$host" email list </dev/null
			assert_status "$code"
		done
	done
}

@test "standard input goes to commands that read it, and only to them" {
	local words
	echo found >"$FAKE/ps.running.label"
	run "$host" email add a@example.test < <(printf 'one\ntwo\n')
	assert_equal "$(last)" '<exec><-i><found><setup><email><add><a@example.test>'
	assert_equal "$(cat "$FAKE/stdin")" $'one\ntwo'
	rm "$FAKE/stdin"
	# A loop over lines keeps its lines.
	while read -r words; do
		# shellcheck disable=SC2086
		run "$host" $words
		assert_status 0
	done <<-END
		email add a@example.test secret
		email del -y a@example.test
		email list
		alias add a@example.test b@example.test
		quota set a@example.test 5G
		relay add-auth example.test user secret
		dovecot-master add admin secret
		help
		--version
	END
	assert_equal "$(grep -c '<exec>' "$FAKE/log")" 10
	[ ! -e "$FAKE/stdin" ]
}

@test "at no terminal none is asked for, so line ends stay as they are" {
	echo found >"$FAKE/ps.running.label"
	run "$host" email list </dev/null
	refute_output '<-t>'
	run grep -c -- '<-t>' "$FAKE/log"
	assert_equal "$output" 0
}

@test "help, -h, --help, --version, no words" {
	echo found >"$FAKE/ps.running.label"
	for words in help --help ''; do
		# shellcheck disable=SC2086
		run "$host" $words </dev/null
		assert_status 0
		assert_output '-c NAME'
		assert_equal "$(last)" "<exec><found><setup><${words:-help}>"
	done
	run "$host" -h </dev/null
	assert_status 0
	assert_output '-p PATH'
	run "$host" -c found --version </dev/null
	assert_status 1
	echo true >"$FAKE/running"
	run "$host" -c found --version </dev/null
	assert_equal "$(last)" '<exec><found><setup><--version>'
}

@test "options that are none, or have no value" {
	run "$host" -x email list </dev/null
	assert_status 1
	assert_output "Invalid option: '-x'"
	assert_output '-p PATH'
	run "$host" -c </dev/null
	assert_status 1
	assert_output "'-c' needs a value"
	assert_equal "$(cat "$FAKE/log")" ''
}

@test "an engine that is not there" {
	CONTAINER_ENGINE=no-such-engine run "$host" email list </dev/null
	assert_status 1
	assert_output no-such-engine
}

@test "completion: asks the container that runs, starts none, and is silent about mistakes" {
	run "$host" complete email '' </dev/null
	assert_status 0
	assert_equal "$output" ''
	run "$host" complete -c nowhere email '' </dev/null
	assert_status 0
	assert_equal "$output" ''
	run "$host" complete -x '' </dev/null
	assert_status 0
	assert_equal "$output" ''
	run grep -E '<(run|exec|pull)>' "$FAKE/log"
	assert_status 1
	run "$host" complete - </dev/null
	assert_match $'^-p\t'
	echo found >"$FAKE/ps.running.label"
	run "$host" complete email '' </dev/null
	assert_status 0
	assert_equal "$(last)" '<exec><found><setup><complete><email><>'
}
