#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The manual pages that the image prints: without a complaint of mandoc, and with all commands in them.

load lib/e2e

setup_file() { e2e_start; }

teardown_file() { e2e_stop; }

page() { "$ENGINE" run --rm "$IMAGE" mailserver man "$1"; }

@test "mandoc finds nothing to complain about" {
	local name
	tools mkdir -p /tmp/man/man8
	for name in setup mailserver; do
		page "$name" | tools sh -c "cat >/tmp/man/man8/$name.8"
	done
	# The pages refer to each other, and are not installed there.
	for name in setup mailserver; do
		run tools mandoc -T lint "/tmp/man/man8/$name.8"
		assert_equal "$(grep -vE 'referenced manual not found: Xr (setup|mailserver) 8$' <<<"$output")" ''
	done
	run tools sh -c 'echo .Xx | mandoc -T lint'
	[ "$status" -ne 0 ]
}

@test "setup(8) has what setup help has" {
	local manual line
	manual=$(page setup | tools mandoc -T ascii -O width=200 | sed 's/.\x08//g')
	while read -r line; do
		# The words before the arguments.
		line=${line%%[[<]*}
		grep -qF -- "$line" <<<"$manual" || fail "not in the manual: $line"
	done < <("$ENGINE" run --rm "$IMAGE" setup help | sed -n '/^COMMANDS/,/^HELP/s/^    \(.\{40\}\) .*/\1/p')
	grep -qF 'setup email add anna@example.com' <<<"$manual"
	grep -qF 'EXIT STATUS' <<<"$manual"
}

@test "mailserver man: help, and a page that does not exist" {
	run "$ENGINE" run --rm "$IMAGE" mailserver man help
	assert_status 0
	assert_output 'usage: mailserver man'
	run "$ENGINE" run --rm "$IMAGE" mailserver man postfix
	assert_status 64
}
