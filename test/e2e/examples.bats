#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# config-examples/: each one starts, is healthy, and takes mail for its accounts; derived images build and start.

load lib/e2e

setup_file() { e2e_start; }

teardown_file() {
	"$ENGINE" images -q "$LAB-derived" | sort -u | xargs -r "$ENGINE" rmi -f >/dev/null
	e2e_stop
}

# The first account of an example: of its file, else of its environment.
first_account() {
	{
		sed -n '/^[^#|]*@[^|]*|/{s/|.*//p;q}' "$1/config/postfix-accounts.cf" 2>/dev/null || :
		sed -n 's/^MAIL_ACCOUNTS=\([^:]*\):.*/\1/p' "$1/mailserver.env" 2>/dev/null || :
	} | head -n 1
}

copy_config() {
	if [ -d "$1/config" ]; then
		cp -R "$1/config/." "$(config "$2")/"
	fi
}

@test "every example with an environment file starts, is healthy and knows its accounts" {
	local example name account count=0
	for example in "$ROOT_DIR"/config-examples/*/; do
		[ -f "$example/mailserver.env" ] || continue
		name=$(basename "$example")
		copy_config "$example" "$name"
		server_create "$name" --env-file "$example/mailserver.env"
		server_boot "$name"
		count=$((count + 1))
	done
	[ "$count" -gt 0 ]
	for example in "$ROOT_DIR"/config-examples/*/; do
		[ -f "$example/mailserver.env" ] || continue
		name=$(basename "$example")
		echo "example $name"
		server_ready "$name"
		account=$(first_account "$example")
		[ -n "$account" ]
		run tools swaks --server "$(address "$name")" --ehlo mx.other.test --from bob@other.test --to "$account" --quit-after RCPT
		assert_status 0
		run in_server "$name" postfix check
		assert_status 0
		refute_match 'warning|error|fatal'
		server_remove "$name"
	done
}

@test "every example of a derived image builds from this one, starts and is healthy" {
	local example name tag count=0
	for example in "$ROOT_DIR"/config-examples/*/; do
		[ -f "$example/Dockerfile" ] || continue
		name=$(basename "$example")
		tag=$LAB-derived:$name
		cp -R "$example" "$LAB_DIR/$name.context"
		sed -i "s|^FROM mailserver[^ ]*|FROM $IMAGE|" "$LAB_DIR/$name.context/Dockerfile"
		run "$ENGINE" build -t "$tag" "$LAB_DIR/$name.context"
		assert_status 0
		IMAGE=$tag server_start "$name" -e SSL_TYPE=self-signed -e MAIL_ACCOUNTS='anna@example.test:secret1'
		run tools swaks --server "$(address "$name")" --ehlo mx.other.test --from bob@other.test --to anna@example.test --quit-after RCPT
		assert_status 0
		server_remove "$name"
		count=$((count + 1))
	done
	[ "$count" -gt 0 ]
}

@test "mistakes in the drop-ins of a derived image are all told, and nothing is started" {
	local dir=$BATS_TEST_TMPDIR/derived
	mkdir -p "$dir/drop-in/postfix/main.cf.d" "$dir/drop-in/dovecot/conf.d"
	echo 'smtpd_client_konnection_rate_limit = 5' >"$dir/drop-in/postfix/main.cf.d/a.cf"
	echo 'mail_max_userip_konnections = 5' >"$dir/drop-in/dovecot/conf.d/b.conf"
	printf 'FROM %s\nCOPY drop-in/ /usr/share/mailserver/drop-in/\n' "$IMAGE" >"$dir/Dockerfile"
	"$ENGINE" build -q -t "$LAB-derived:bad" "$dir" >/dev/null
	run "$ENGINE" run --rm --hostname mail.example.test "$LAB-derived:bad"
	assert_status 78
	assert_output smtpd_client_konnection_rate_limit
	assert_output mail_max_userip_konnections
	[ "$(grep -c '^error:' <<<"$output")" -eq 2 ]
}
