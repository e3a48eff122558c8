# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# lab.sh - where run.sh measures: a network that leads nowhere, the tools container, accounts, a certificate
#
# Uses e2e.bash. Everything that is made here carries the name $LAB, and lab_close removes it, containers, volumes and
# all. $LAB_DIR is /lab in every container of the lab, and this folder's parent is /bench.
#
# The client's address has a name: otherwise DNS time-outs were measured. The sender's domain has a mail exchanger, an SPF
# record and a DMARC policy that hold, and a DKIM key, so that each check has its work. It is not below "test.": the resolver
# in OpenDKIM answers those names itself.

readonly SENDER=bob@bench-of-tests.com
readonly DOMAINS=50

say() { printf 'bench: %s\n' "$*" >&2; }

clocks() { tools python3 /bench/clocks.py "$@"; }

lab_open() {
	lab_close
	"$ENGINE" network create --internal "$LAB" >/dev/null
	"$ENGINE" run -d --name "$LAB-tools" --network "$LAB" --hostname mx.other.test --ulimit nofile=20000:20000 \
		-v "$PWD/test/bench:/bench:ro" -v "$LAB_DIR:/lab" "$TOOLS_IMAGE" >/dev/null
	wait_until 30 log_has tools 'mx: ready'
	printf 'nameserver %s\noptions timeout:2 attempts:2\n' "$(address tools)" >"$LAB_DIR/resolv.conf"
	make_certificate /lab/cert
	make_message
	# What clamd looks for: one signature.
	printf 'Bench:0:*:%s\n' "$(printf 'no message has this' | od -An -tx1 | tr -d ' \n')" >"$LAB_DIR/bench.ndb"
	chmod 0644 "$LAB_DIR/bench.ndb"
}

lab_close() {
	lab_remove
	"$ENGINE" volume ls -q --filter "name=^$LAB-" | xargs -r "$ENGINE" volume rm >/dev/null
}

# make_certificate DIR: a new key.pem and cert.pem there, as seen from the tools.
make_certificate() {
	# shellcheck disable=SC2016 # for the shell in the container
	tools sh -euc 'mkdir -p "$1"
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=mail.example.test \
			-addext subjectAltName=DNS:mail.example.test -keyout "$1/key.pem" -out "$1/cert.pem" 2>/dev/null
		chmod 0644 "$1/key.pem"' sh "$1"
}

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
		printf 'From: Bob <%s>\nTo: anna@example.test\nSubject: the minutes of our meeting\n' "$SENDER"
		printf 'Date: %s\nMessage-Id: <bench@other.test>\n\n' "$(LC_ALL=C date -R)"
		yes 'Dear Anna, these are the minutes of our meeting, as we agreed on them, line by line.' | head -c 10000 || :
		printf '\n'
	} | tools sh -c 'cat >/srv/plain.eml; dkimcheck sign bench-of-tests.com k /srv/key.pem /srv/plain.eml >/srv/message.eml'
}

# write_accounts SIZE DIR: so many accounts and aliases in a config directory. One hash for all is enough.
write_accounts() {
	local size=$1 dir=$2 hash
	hash=$(tools openssl passwd -6 -salt benchbench secret)
	mkdir -p "$dir"
	seq "$size" | awk -v hash="$hash" -v n="$DOMAINS" \
		'{ printf "user%d@d%d.example.test|{SHA512-CRYPT}%s\n", $1, $1 % n, hash }' >"$dir/postfix-accounts.cf"
	seq "$size" | awk -v n="$DOMAINS" \
		'{ printf "alias%d@d%d.example.test user%d@d%d.example.test\n", $1, $1 % n, $1, $1 % n }' >"$dir/postfix-virtual.cf"
}

# processes NAME SECONDS: JSON of the processes of a container, see clocks.py.
processes() {
	"$ENGINE" run --rm -v "$PWD/test/bench:/bench:ro" --pid "container:$LAB-$1" --cap-add SYS_PTRACE "$TOOLS_IMAGE" \
		python3 /bench/clocks.py processes "$2"
}

# cpu_ms NAME: CPU time of all that ever ran in this container; both versions of control groups.
cpu_ms() {
	# shellcheck disable=SC2016 # for the shell in the container
	in_server "$1" sh -c 'if [ -e /sys/fs/cgroup/cpu.stat ]; then awk "/^usage_usec/ { print int(\$2 / 1000) }" /sys/fs/cgroup/cpu.stat
		else awk "{ print int(\$1 / 1000000) }" /sys/fs/cgroup/cpuacct/cpuacct.usage; fi'
}

# All that is measured; the tools stay.
lab_servers_remove() {
	local left
	left=$("$ENGINE" ps -aq --filter "name=^/?$LAB-" --filter "label=mailserver.bench=server")
	# shellcheck disable=SC2086
	[ -z "$left" ] || "$ENGINE" rm -fv $left >/dev/null
	"$ENGINE" volume ls -q --filter "name=^$LAB-" | xargs -r "$ENGINE" volume rm >/dev/null
}
