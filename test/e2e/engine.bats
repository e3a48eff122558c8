#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# test/engine.sh chooses among clients; these here are stand-ins. DOCKER_HOST leads nowhere, so that no real Docker
# answers and nothing is installed.

load lib/e2e

setup() {
	bin=$BATS_TEST_TMPDIR/bin
	mkdir -p "$bin"/{one,two}
	export PATH=$bin/one:$bin/two:$PATH DOCKER_HOST=unix:///nonexistent BASE_IMAGE=base:test
	unset ENGINE COMPOSE
	printf '#!/bin/sh\nexit 1\n' >"$bin/one/docker"
	chmod +x "$bin/one/docker"
}

# client FOLDER NAME [what `run` does]: has the base image, answers everything.
client() {
	printf '#!/bin/sh\ncase $1 in run) %s ;; esac\n' "${3:-}" >"$bin/$1/$2"
	chmod +x "$bin/$1/$2"
}

@test "an engine that runs a container is taken, quietly" {
	client one podman
	run "$ROOT_DIR/test/engine.sh" ensure
	assert_status 0
	assert_equal "$output" ''
}

@test "an engine that can't run a container is passed over for one that can" {
	client one podman 'echo "setting rlimit: operation not permitted" >&2; exit 126'
	client two podman
	run "$ROOT_DIR/test/engine.sh" ensure
	assert_status 0
	assert_output "$bin/one/podman is here but can't run a container: setting rlimit: operation not permitted"
}

@test "a client that was asked for is not exchanged" {
	client one podman 'echo no >&2; exit 126'
	client two podman
	ENGINE=$bin/one/podman run "$ROOT_DIR/test/engine.sh" ensure
	assert_status 69
	assert_output "$bin/one/podman is here but can't run a container: no"
	refute_output two/podman
}
