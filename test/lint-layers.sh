#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# lint-layers.sh - dependencies point one way, and the core knows no daemon
#
#	base <- settings <- inputs <- services <- plan <- init, cli <- main.c
#
# 1. A file includes only files of its own layer or lower ones; init and cli do not include each other.
# 2. A service includes service.h, base, settings, inputs and its own folder, never another service.
# 3. Core code (target/src) does not contain the name of a service folder as a word. Comments may. The dialects of
#    base/dialect.c are named after the programs that read them, and are excepted. A longer word
#    ("postfix-accounts.cf") is another word. Folders that are called after a role, a protocol or an extension point
#    (`generic` below) may be said; "mailserver" is the name of the product.

set -u -o pipefail

cd "$(dirname "$0")/.." || exit 74
bad=0

complain() {
	echo "$1"
	bad=1
}

rank() {
	case $1 in
	base/*) echo 1 ;;
	settings/* | gen/settings.list) echo 2 ;;
	inputs/*) echo 3 ;;
	service.h | gen/services.list) echo 4 ;;
	plan/* | registry.c) echo 5 ;;
	init/* | cli/*) echo 6 ;;
	main.c) echo 7 ;;
	*) echo 0 ;;
	esac
}

# "LINE NAME" of each #include "NAME".
includes() {
	sed -n 's/^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*"\([^"]*\)".*/\1/p' "$1"
}

check_core() {
	local file=$1 own=${1#target/src/} name own_rank name_rank
	own_rank=$(rank "$own")
	for name in $(includes "$file"); do
		name_rank=$(rank "$name")
		if [ "$name_rank" = 0 ]; then
			complain "$file: includes $name, which is of no layer that the core may use"
		elif [ "$name_rank" -gt "$own_rank" ]; then
			complain "$file: includes $name of a higher layer"
		elif [ "$name_rank" = 6 ] && [ "$own_rank" = 6 ] && [ "${name%%/*}" != "${own%%/*}" ]; then
			complain "$file: includes $name (init and cli do not know each other)"
		fi
	done
}

check_service() {
	local file=$1 folder=${1#target/services/} name name_rank
	folder=${folder%%/*}
	for name in $(includes "$file"); do
		case $name in
		"$folder"/* | service.h) continue ;;
		esac
		name_rank=$(rank "$name")
		if [ "$name_rank" = 0 ] && [ ! -e "target/services/$folder/$name" ]; then
			complain "$file: includes $name of another service"
		elif [ "$name_rank" -gt 4 ]; then
			complain "$file: includes $name of a higher layer"
		fi
	done
}

# The text without comments, line numbers kept.
without_comments() {
	awk '
		{
			out = ""; s = $0
			while (s != "") {
				if (inside) {
					i = index(s, "*/")
					if (!i) { s = ""; break }
					s = substr(s, i + 2); inside = 0
				} else {
					i = index(s, "/*"); j = index(s, "//")
					if (j && substr(s, j - 1, 1) == ":") j = 0
					if (j && (!i || j < i)) { out = out substr(s, 1, j - 1); s = ""; break }
					if (!i) { out = out s; s = ""; break }
					out = out substr(s, 1, i - 1) " "; s = substr(s, i + 2); inside = 1
				}
			}
			print out
		}' "$1"
}

generic='mailserver|cron|ldap|oauth2|reports|resolver|supervisor|tls|update-check'
names=$(for folder in target/services/*/; do
	[ -d "$folder" ] && basename "$folder"
done | grep -vxE "$generic" | paste -sd '|')

check_names() {
	local hits
	[ -n "$names" ] || return 0
	case $1 in
	target/src/base/dialect.[ch]) return 0 ;;
	esac
	# A word here: letters, digits, "_" and "-"; a "." counts too unless it ends a sentence.
	hits=$(without_comments "$1" | grep -nE "(^|[^A-Za-z0-9_.-])($names)(\$|[^A-Za-z0-9_.-])" |
		grep -vE '^[0-9]+:[[:blank:]]*#[[:blank:]]*include')
	[ -z "$hits" ] || complain "$1: core code names a service:
$hits"
}

for file in $(find target/src -name '*.[ch]' | sort); do
	check_core "$file"
	check_names "$file"
done
for file in $(find target/services -mindepth 2 -name '*.[ch]' | sort); do
	check_service "$file"
done
[ "$bad" = 0 ] && echo "layers: 1 passed, 0 failed" || echo "layers: 0 passed, 1 failed"
exit "$bad"
