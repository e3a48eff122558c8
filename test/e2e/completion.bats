#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Completion of `setup` in the shells, asked by the shells themselves: bash in the container at a terminal, and on
# the host for setup.sh; zsh in the tools.

load lib/e2e

setup_file() {
	local dir
	e2e_start
	dir=$(config comp)
	{
		account_line anna@example.test secret1
		account_line ben@example.org secret2
	} >"$dir/postfix-accounts.cf"
	echo 'info@alias.test anna@example.test' >"$dir/postfix-virtual.cf"
	server_start comp -e SSL_TYPE=self-signed
}

teardown_file() { e2e_stop; }

# at_bash STEP...: with a `setup` that shows the words it gets.
at_bash() {
	# shellcheck disable=SC2016 # for the shell in the container
	on_terminal comp 'expect=# ' \
		'send=setup() { [ "$1" = complete ] && command setup "$@" || printf "<%s>" "$@"; }\r' 'expect=# ' \
		"$@" 'expect=# ' 'send=exit\r' -- bash -i
}

# What bash offers for the words: complete_in_bash WORD... (the last one is being typed).
complete_in_bash() {
	# shellcheck disable=SC2016 # for the shell in the container
	in_server comp bash -c 'source <(setup completion bash)
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
		_mailserver_setup setup
		printf "%s\n" "${COMPREPLY[@]}"' _ setup "$@"
}

@test "bash: words, flags, choices and accounts by COMP_WORDS" {
	run complete_in_bash em
	assert_equal "$output" email
	run complete_in_bash email ''
	for word in add update del list restrict; do grep -qx -- "$word" <<<"$output"; done
	run complete_in_bash email list --
	grep -qx -- --json <<<"$output"
	run complete_in_bash completion ''
	assert_equal "$output" $'bash\nzsh'
	run complete_in_bash email del ''
	assert_equal "$output" $'anna@example.test\nben@example.org'
	run complete_in_bash email del anna@example.test ''
	assert_equal "$output" ben@example.org
	run complete_in_bash alias del ''
	assert_equal "$output" info@alias.test
	run complete_in_bash alias del info@alias.test ''
	assert_equal "$output" anna@example.test
	run complete_in_bash nonsense ''
	assert_equal "$output" ''
}

@test "bash at a terminal: ready in the container without anything to do" {
	run at_bash 'send=setup em\tl\t--j\t\r' 'expect=<email><list><--json>'
	assert_status 0
	run at_bash 'send=setup email del -y an\tb\t\r' 'expect=<email><del><-y><anna@example.test><ben@example.org>'
	assert_status 0
}

@test "bash at a terminal: behind the @ of an address, and in a list" {
	run at_bash 'send=setup email add new@example.o\t\r' 'expect=<new@example.org>'
	assert_status 0
	run at_bash 'send=setup alias add new@example.org ben@example.org,an\t\r' 'expect=<ben@example.org,anna@example.test>'
	assert_status 0
}

@test "an account is offered as soon as it is there" {
	in_server comp setup email add zoe@example.test secret3 </dev/null
	run complete_in_bash email update z
	assert_equal "$output" zoe@example.test
	in_server comp setup email del -n zoe@example.test
	run complete_in_bash email update z
	assert_equal "$output" ''
}

@test "bash on the host completes setup.sh, its options too" {
	# shellcheck disable=SC2016 # for the shell of the test
	on_host='source <("$1" -c "$2" completion bash </dev/null)
		s=$1; c=$2; shift 2
		COMP_WORDS=("$s" -c "$c" "$@") COMP_CWORD=$(($# + 2)) COMP_LINE="$s -c $c $*" COMP_POINT=${#COMP_LINE}
		_mailserver_setup "$s"
		printf "%s\n" "${COMPREPLY[@]}"'
	run bash -c "$on_host" _ "$ROOT_DIR/setup.sh" "$LAB-comp" email del an
	assert_status 0
	assert_equal "$output" anna@example.test
	run bash -c "$on_host" _ "$ROOT_DIR/setup.sh" "$LAB-comp" -
	for option in -c -i -p -z -Z -R -h; do grep -qx -- "$option" <<<"$output"; done
}

# zsh in the tools, with a `setup` that answers a completion as the server would and shows other words.
zsh_setup() {
	in_server comp setup completion zsh | tools sh -c 'cat >/tmp/setup.zsh'
	{
		echo '#!/bin/sh'
		echo 'case $* in'
		for words in 'email' 'e' 'email l' 'email del a' 'email del anna@example.test b'; do
			# shellcheck disable=SC2086
			printf '"complete %s") cat <<-"END"\n%s\nEND\n;;\n' "$words" "$(in_server comp setup complete $words </dev/null)"
		done
		# shellcheck disable=SC2016 # for that shell
		printf 'complete*) ;;\n*) printf "<%%s>" "$@" ;;\nesac\n'
	} | tools sh -c 'cat >/usr/local/bin/setup; chmod 0755 /usr/local/bin/setup'
}

at_zsh() {
	on_terminal tools 'expect=ready> ' 'send=source /tmp/setup.zsh\r' 'expect=ready> ' "$@" 'expect=ready> ' \
		'send=exit\r' -- env 'PS1=ready> ' zsh -f -i
}

@test "zsh: words and accounts, the script sourced" {
	zsh_setup
	run tools zsh -n /tmp/setup.zsh
	assert_status 0
	run at_zsh 'send=setup e\tl\t\r' 'expect=<email><list>'
	assert_status 0
	run at_zsh 'send=setup email del a\tb\t\r' 'expect=<email><del><anna@example.test><ben@example.org>'
	assert_status 0
}

@test "zsh: the script as a file in fpath" {
	tools sh -c 'mkdir -p /tmp/zfunc && cp /tmp/setup.zsh /tmp/zfunc/_setup'
	# shellcheck disable=SC2016 # for zsh
	run on_terminal tools 'expect=ready> ' 'send=fpath=(/tmp/zfunc $fpath); autoload -Uz compinit && compinit -u -D\r' \
		'expect=ready> ' 'send=setup e\tl\t\r' 'expect=<email><list>' 'expect=ready> ' 'send=exit\r' \
		-- env 'PS1=ready> ' zsh -f -i
	assert_status 0
}
