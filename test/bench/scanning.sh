#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# scanning.sh - print what checks and scanners cost a message on port 25: bare, + DKIM, DMARC, SPF, + SpamAssassin, + ClamAV
#
# usage: test/bench/scanning.sh
#
# Prints Markdown; the numbers are in build/results/scanning.json too. Nothing is asserted. The message has a signature, an SPF
# record and a DMARC policy that all hold, so that each check has its work; the dialogue is measured from the connection to
# the answer to the end of the message, as the sender waits for it, behind postscreen, which knows the client.
#
# LIMITS  clamd has a database of one signature: its memory and loading time with the official one are another matter.
#
# Environment: ENGINE, IMAGE  as run.sh
#              MESSAGES       how many for each row (default 200)
#              CONNECTIONS    how many at a time (default 8)

set -euo pipefail

cd "$(dirname "$0")/../.."

readonly MESSAGES=${MESSAGES:-200}
readonly CONNECTIONS=${CONNECTIONS:-8}
readonly RESULTS=build/results
readonly TEXT_BYTES=10000

BATS_TEST_FILENAME=bench-scanning.bats
# shellcheck source=test/e2e/lib/e2e.bash
source test/e2e/lib/e2e.bash

say() { printf 'bench: %s\n' "$*" >&2; }

trap 'e2e_stop' EXIT

make_message() {
	local record
	tools openssl genrsa -out /srv/key.pem 2048 2>/dev/null
	record=$(tools dkimcheck record /srv/key.pem)
	dns_add <<-END
		mx-host=bench-of-tests.com,mx.other.test,10
		txt-record=k._domainkey.bench-of-tests.com,"${record:0:200}","${record:200}"
		txt-record=bench-of-tests.com,"v=spf1 ip4:$(address tools) -all"
		txt-record=_dmarc.bench-of-tests.com,"v=DMARC1; p=reject"
	END
	{
		printf 'From: Bob <bob@bench-of-tests.com>\nTo: anna@example.test\nSubject: the minutes of our meeting\n'
		printf 'Date: Fri, 27 Nov 2026 10:00:00 +0000\nMessage-Id: <bench@other.test>\n\n'
		yes 'Dear Anna, these are the minutes of our meeting, as we agreed on them, line by line.' | head -c "$TEXT_BYTES" || :
		printf '\n'
	} | tools sh -c 'cat >/srv/plain.eml; dkimcheck sign bench-of-tests.com k /srv/key.pem /srv/plain.eml >/srv/message.eml'
}

# Postscreen has let the client in, and everything has been asked once.
is_warm() { tools python3 /bench/scanning.py send "$(address server)" /srv/message.eml 1 1 >/dev/null 2>&1; }

# measure ROW OPTION…: a server with these settings; a row of JSON.
measure() {
	local name=$1
	shift
	say "$name ..."
	# A sender not below test.: the resolver in OpenDKIM answers these names itself.
	server_start server -e MAIL_ACCOUNTS='anna@example.test:secret' "$@" >&2
	wait_until 120 is_warm
	wait_until 120 is_healthy server
	printf '{"name": "%s", "sent": ' "$name"
	tools python3 /bench/scanning.py send "$(address server)" /srv/message.eml "$MESSAGES" "$CONNECTIONS"
	printf ', "memory": '
	"$ENGINE" run --rm -v "$PWD/test/bench:/bench:ro" --pid "container:$LAB-server" --cap-add SYS_PTRACE "$TOOLS_IMAGE" \
		python3 /bench/measure.py processes 1
	printf '}'
	server_remove server >&2
}

readonly NONE=(-e ENABLE_OPENDKIM=0 -e ENABLE_OPENDMARC=0 -e ENABLE_POLICYD_SPF=0)

rows() {
	measure bare "${NONE[@]}"
	echo ,
	measure 'DKIM, DMARC, SPF'
	echo ,
	measure '+ SpamAssassin' -e ENABLE_SPAMASSASSIN=1
	echo ,
	measure '+ ClamAV' -e ENABLE_SPAMASSASSIN=1 -e ENABLE_CLAMAV=1 -e CLAMAV_UPDATES_PER_DAY=0 \
		-v "$LAB_DIR/bench.ndb:/var/mail-state/lib-clamav/bench.ndb:ro"
}

e2e_require_image
e2e_build_tools
e2e_start
tools mkdir /bench
"$ENGINE" cp test/bench/scanning.py "$LAB-tools:/bench/" >/dev/null
printf 'Bench:0:*:%s\n' "$(printf 'no message has this' | od -An -tx1 | tr -d ' \n')" >"$LAB_DIR/bench.ndb"
chmod 0644 "$LAB_DIR/bench.ndb"
make_message
mkdir -p "$RESULTS"
rows >"$LAB_DIR/rows"
printf '{"messages": %d, "connections": %d, "bytes": %d, "rows": [\n%s]}\n' "$MESSAGES" "$CONNECTIONS" \
	"$(tools sh -c 'wc -c </srv/message.eml')" "$(cat "$LAB_DIR/rows")" >"$RESULTS/scanning.json"
tools python3 /bench/scanning.py table <"$RESULTS/scanning.json"
