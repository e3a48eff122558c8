#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# lint-text.sh - checks of the text of the sources
#
# usage: test/lint-text.sh format    clang-format finds nothing to change
#        test/lint-text.sh shell     shellcheck has nothing to say
#        test/lint-text.sh text      no blanks at line ends, no overlong files, sources carry the licence
#        test/lint-text.sh list-c    the C files that are checked (not the rows in *.def)

set -u -o pipefail

cd "$(dirname "$0")/.." || exit 74

list_c() {
	find target test -name '*.[ch]' | sort
}

# list_ours [CONDITION…]: files of the project. Not what a build has made, nor what a server that was started here (`make up`)
# has written.
list_ours() {
	find . \( -path ./.git -o -path ./build -o -path ./docker-data -o -path ./test/fuzz/corpus -o -path ./test/golden/\*/\* \) \
		-prune -o -type f "$@" -print | sort
}

# Scripts by their suffix or by their first line.
list_shell() {
	list_ours \( -name '*.sh' -o -name '*.bash' -o -perm -u+x \) | while IFS= read -r file; do
		head -n 1 "$file" | grep -aqE '^#! ?/(usr/)?bin/(env )?(ba|da)?sh' && echo "$file"
	done
}

list_text() {
	list_ours | while IFS= read -r file; do
		grep -Iq . "$file" && echo "$file"
	done
}

done_with() {
	if [ "$2" = 0 ]; then
		echo "$1: 1 passed, 0 failed"
	else
		echo "$1: 0 passed, 1 failed"
		exit 1
	fi
}

check_format() {
	if ! command -v clang-format >/dev/null; then
		echo "format: clang-format is not installed, nothing was checked (apt-get install clang-format)"
		return
	fi
	local bad=0 file
	for file in $(list_c); do
		clang-format --dry-run -Werror "$file" >/dev/null 2>&1 || { echo "$file: not formatted (make format)" && bad=1; }
	done
	done_with format "$bad"
}

check_shell() {
	if ! command -v shellcheck >/dev/null; then
		echo "shell: shellcheck is not installed, nothing was checked (apt-get install shellcheck)"
		return
	fi
	list_shell | xargs -r shellcheck -x
	done_with shell $?
}

check_text() {
	local bad=0 file lines
	for file in $(list_text); do
		if grep -nE '[[:blank:]]+$' "$file" /dev/null; then bad=1; fi
		case $file in
		*.c | *.h | *.sh | *.py)
			lines=$(wc -l <"$file")
			[ "$lines" -le 800 ] || { echo "$file: $lines lines, more than 800" && bad=1; }
			head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' ||
				{ echo "$file: no SPDX line" && bad=1; }
			;;
		esac
	done
	done_with text "$bad"
}

case ${1:-} in
format) check_format ;;
shell) check_shell ;;
text) check_text ;;
list-c) list_c ;;
*)
	sed -n 's/^# \{0,1\}//; /^usage:/,/^$/p' "$0" >&2
	exit 64
	;;
esac
