#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# ClamAV: what is refused, kept, marked and let through, and what happens while there is no database. Nothing is fetched:
# the tests bring a database with one signature of their own for the EICAR test file.
#
# mail    refuses; small limits; starts without a database; read-only root
# strict  keeps infected mail; encrypted archives and exceeded limits count as infected; a mirror that has nothing

load lib/e2e

READ_ONLY=(--read-only --tmpfs /run --tmpfs /tmp --cap-drop ALL)

setup_file() {
	local capability
	for capability in $E2E_CAPABILITIES; do READ_ONLY+=(--cap-add "$capability"); done
	e2e_start
	make_messages
	server_start mail "${READ_ONLY[@]}" -e SSL_TYPE=self-signed -e ENABLE_CLAMAV=1 -e CLAMAV_UPDATES_PER_DAY=0 \
		-e CLAMAV_MESSAGE_SIZE_LIMIT=300k -e POSTFIX_MESSAGE_SIZE_LIMIT=5M \
		-e MAIL_ACCOUNTS='anna@example.test:secret1'
	server_start strict --memory 512m -e SSL_TYPE=self-signed -e ENABLE_CLAMAV=1 -e CLAMAV_ON_VIRUS=quarantine \
		-e CLAMAV_ENCRYPTED=refuse -e CLAMAV_EXCEEDED_LIMITS=refuse -e CLAMAV_MESSAGE_SIZE_LIMIT=1M \
		-e VIRUSMAILS_DELETE_DELAY=3 -e CLAMAV_PRIVATE_MIRROR='http://mx.other.test:8080/virus' \
		-e MAIL_ACCOUNTS='anna@example.test:secret1'
}

teardown_file() { e2e_stop; }

# One of each kind, as /config/messages/KIND.eml in the tools container.
make_messages() {
	tools python3 - <<-'PYTHON'
		import base64, email.message, email.policy, io, os, zipfile
		EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-" + b"FILE!$H+H*"
		POLICY = email.policy.SMTP

		def zipped(data, name="a.txt"):
		    out = io.BytesIO()
		    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
		        archive.writestr(name, data)
		    return out.getvalue()

		def deep(levels):
		    data = b"x"
		    for _ in range(levels):
		        data = zipped(data, "next.zip")
		    return data

		def encrypted():
		    # The flag says so, in the local header and in the directory; nobody could unpack it anyway.
		    data = bytearray(zipped(os.urandom(500)))
		    data[6] |= 1
		    data[data.index(b"PK\1\2") + 8] |= 1
		    return bytes(data)

		def message(kind, *attachments, body="see below\n"):
		    m = email.message.EmailMessage(policy=POLICY)
		    m["From"], m["To"], m["Subject"] = "bob@other.test", "anna@example.test", f"kind-{kind}"
		    m["Message-Id"] = f"<{kind}@other.test>"
		    m.set_content(body)
		    for data, name in attachments:
		        m.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
		    return m

		def nested():
		    inner = message("inner", (zipped(zipped(EICAR), "deeper.zip"), "outer.zip"))
		    middle = email.message.EmailMessage(policy=POLICY)
		    middle.set_content("one")
		    middle.add_alternative("<p>two</p>", subtype="html")
		    middle.make_mixed()
		    middle.attach(inner)
		    m = message("nested")
		    m.make_mixed()
		    m.attach(middle)
		    return m

		def forwarded():
		    m = message("forwarded")
		    m.add_attachment(message("original", (EICAR, "eicar.com")))
		    return m

		os.makedirs("/config/messages", exist_ok=True)
		for kind, m in {
		    "plain": message("plain", body=EICAR.decode() + "\n"),
		    "base64": message("base64", (EICAR, "eicar.com")),
		    "zip": message("zip", (zipped(EICAR), "eicar.zip")),
		    "nested": nested(),
		    "forwarded": forwarded(),
		    "encrypted": message("encrypted", (encrypted(), "secret.zip")),
		    "clean": message("clean", (zipped(b"nothing"), "nothing.zip")),
		    "bomb": message("bomb", (deep(25), "bomb.zip")),
		    "big": message("big", (os.urandom(600_000), "big.bin")),
		    "begins": message("begins", (EICAR, "eicar.com"), (os.urandom(600_000), "big.bin")),
		}.items():
		    with open(f"/config/messages/{kind}.eml", "wb") as file:
		        file.write(m.as_bytes())
		with open("/config/eicar.ndb", "w") as file:
		    file.write(f"Eicar-Test:0:*:{EICAR.hex()}\n")
	PYTHON
}

# add_database SERVER [NAME [TEXT]]: as an administrator puts a file into the state volume: whole, by a rename.
add_database() {
	local text=${3:-$(cat "$LAB_DIR/config/eicar.ndb")}
	in_server "$1" sh -c 'cat >/tmp/new && cp /tmp/new /var/mail-state/lib-clamav/.new &&
		mv /var/mail-state/lib-clamav/.new "/var/mail-state/lib-clamav/$0"' "${2:-eicar.ndb}" <<<"$text"
}

# A message of a kind, from outside; more options go to swaks.
send() {
	local name=$1 kind=$2
	shift 2
	tools swaks --server "$(address "$name")" --ehlo mx.other.test --from bob@other.test --to anna@example.test \
		--suppress-data --data "@/config/messages/$kind.eml" "$@"
}

program_runs() { [[ $(in_server "$1" supervisorctl status "$2") == *RUNNING* ]]; }

is_taken() { send "$@" >/dev/null 2>&1; }

health_says() { grep -qF -- "$2" <<<"$(in_server "$1" mailserver healthcheck --verbose 2>&1)"; }

# The scanner answers, and the milter has noticed.
is_scanning() { health_says "$1" 'ok      virus scanner' && is_taken "$1" clean; }

received() { fetch "$1" anna@example.test secret1 "kind-$2"; }

# --- before there is a database ---------------------------------------------------------------------

@test "without a database the server is up, mail is put off, and health says why" {
	run in_server mail mailserver healthcheck
	assert_status 0
	assert_output 'virus scanner starting: there is no database yet'
	run in_server mail mailserver healthcheck --json
	assert_output '"healthy": true'
	assert_output '"starting": true'
	run send mail clean
	assert_status 26
	assert_match '<\*\* +451 4\.7\.1'
	run mail_out mail anna@example.test secret1 someone@other.test "$(unique)"
	assert_status 26
	run in_server mail supervisorctl status clamav
	assert_output 'RUNNING'
}

@test "a database that is broken or half copied puts mail off too, without a tight loop or giving up" {
	add_database mail half.cvd 'ClamAV-VDB:half'
	wait_until 30 log_has mail 'was started several times and did not stay'
	wait_until 10 program_runs mail clamav
	[ "$(log_of mail | grep -c 'ERROR: Broken or not a CVD file')" -le 4 ]
	run send mail clean
	assert_status 26
	in_server mail rm /var/mail-state/lib-clamav/half.cvd
}

@test "when the database arrives mail passes within seconds, and nothing was lost" {
	add_database mail
	wait_until 60 is_scanning mail
	run received mail clean
	assert_status 0
	assert_match '^X-Virus-Status: Clean'
	assert_match '^X-Virus-Scanned: clamav-milter .* at mail.example.test'
	run in_server mail mailserver healthcheck --verbose
	assert_output 'ok      virus scanner'
}

# --- refused ----------------------------------------------------------------------------------------

@test "infected mail is refused with 550 and the name: plain, base64, ZIP, nested, forwarded" {
	local kind
	for kind in plain base64 zip nested forwarded; do
		run send mail "$kind"
		assert_status 26
		assert_match '<\*\* +550 5\.7\.1 Virus found: Eicar-Test'
	done
	run tools mt count "$(address mail)" anna@example.test secret1
	assert_output 1
}

@test "infected mail of a user is refused, and scanned once" {
	local mark
	mark=$(log_lines mail)
	run send mail zip --port 587 -tls --from anna@example.test --to someone@other.test --auth PLAIN \
		--auth-user anna@example.test --auth-password secret1
	assert_status 26
	assert_match '<~\* +550 5\.7\.1 Virus found'
	run log_after mail "$mark"
	assert_equal "$(grep -c 'Eicar-Test.* FOUND' <<<"$output")" 1
}

@test "a sender's own words about viruses are replaced" {
	send mail clean --header 'X-Virus-Status: Clean, I swear' --header 'Subject: kind-forged' >/dev/null
	run received mail forged
	assert_status 0
	refute_output 'I swear'
	assert_match '^X-Virus-Status: Clean'
}

@test "encrypted archives, and archives beyond the limits, pass unless the settings refuse them" {
	local kind
	for kind in encrypted bomb; do
		run send mail "$kind"
		assert_status 0
		run received mail "$kind"
		assert_status 0
	done
}

# --- size -------------------------------------------------------------------------------------------

@test "a message above the size limit passes, and is marked as not scanned completely" {
	run send mail big
	assert_status 0
	run received mail big
	assert_match '^X-Virus-Status: Not scanned completely \(only the first 300000 bytes\)'
	refute_match '^X-Virus-Status: Clean'
}

@test "a virus at the beginning of a big message is found all the same" {
	run send mail begins
	assert_match '<\*\* +550 5\.7\.1 Virus found'
}

# --- database ---------------------------------------------------------------------------------------

@test "a new database is used after a reload, without a restart and without a gap" {
	local pid
	pid=$(pid_of mail clamd)
	tools swaks --server "$(address mail)" --ehlo mx.other.test --from bob@other.test --to anna@example.test \
		--header 'Subject: kind-later' --body 'the magpie flies at noon' >/dev/null
	add_database mail more.ndb "Magpie:0:*:$(printf 'the magpie flies' | od -An -tx1 | tr -d ' \n')"
	in_server mail clamdscan --reload
	wait_until 20 log_has mail 'Database correctly reloaded'
	run tools swaks --server "$(address mail)" --ehlo mx.other.test --from bob@other.test --to anna@example.test \
		--body 'the magpie flies at noon'
	assert_match '<\*\* +550 5\.7\.1 Virus found: Magpie'
	assert_equal "$(pid_of mail clamd)" "$pid"
}

@test "after a restart the database is there at once" {
	server_restart mail
	wait_until 60 is_scanning mail
	run send mail zip
	assert_match '<\*\* +550 5\.7\.1 Virus found: Eicar-Test'
}

# --- quarantine -------------------------------------------------------------------------------------

@test "small memory: a warning at the start, and no second copy of the database" {
	run log_of strict
	assert_match 'ENABLE_CLAMAV: with the official virus database about 1\.4 GB .* limit of the container is 0\.5 GB'
	run in_server strict cat /etc/clamav/clamd.conf
	assert_output 'ConcurrentDatabaseReload no'
}

@test "the database is asked for at the private mirror, which is not ClamAV's" {
	wait_until 20 log_matches strict 'freshclam.*mx\.other\.test:8080/virus'
	run log_of strict
	refute_output 'database.clamav.net'
}

@test "quarantine: infected mail is accepted and kept; listed; released by an administrator only" {
	local id
	add_database strict
	wait_until 20 is_scanning strict
	run send strict zip
	assert_status 0
	run in_server strict virus-wiper list
	assert_status 0
	assert_output 'bob@other.test'
	assert_output 'anna@example.test'
	id=$(awk 'NR == 1 { print $1 }' <<<"$output")
	run in_server strict postcat -qh "$id"
	assert_match '^X-Virus-Status: Infected \(Eicar-Test'
	run tools mt count "$(address strict)" anna@example.test secret1
	assert_output 1
	run in_server strict virus-wiper release NOSUCHID
	assert_status 1
	assert_output "no infected message 'NOSUCHID'"
	run in_server strict virus-wiper release "$id"
	assert_status 0
	run received strict zip
	assert_status 0
}

@test "quarantine: encrypted archives and exceeded limits count as infected" {
	local kind
	for kind in encrypted bomb; do
		run send strict "$kind"
		assert_status 0
	done
	run in_server strict sh -c 'for id in "$@"; do postcat -qh "$id"; done' - $(quarantined strict)
	assert_match 'X-Virus-Status: Infected \(Heuristics\.Encrypted\.Zip'
	assert_match 'X-Virus-Status: Infected \(Heuristics\.Limits\.Exceeded'
}

@test "quarantine: what is older than VIRUSMAILS_DELETE_DELAY goes, the rest and an administrator's own stay" {
	local infected held
	read -ra infected <<<"$(quarantined strict | xargs)"
	assert_equal "${#infected[@]}" 2
	tools touch /srv/mx/hold
	send strict clean --to wait@other.test --port 587 -tls --from anna@example.test --auth PLAIN \
		--auth-user anna@example.test --auth-password secret1 >/dev/null
	wait_until 20 has_deferred strict
	held=$(in_server strict sh -c 'find /var/spool/postfix/deferred -type f -printf "%f\n"')
	in_server strict postsuper -h "$held"
	in_server strict sh -c 'cd /var/spool/postfix/hold && touch -d "73 hours ago" "$1" "$3" && touch -d "71 hours ago" "$2"' - \
		"${infected[@]}" "$held"
	in_server strict virus-wiper
	assert_equal "$(quarantined strict)" "${infected[1]}"
	run in_server strict postqueue -p
	assert_output "$held!"
	refute_output "${infected[0]}"
	wait_until 5 log_matches strict 'virus-wiper: 1 infected messages older than 3 days removed'
	run in_server strict cat /etc/crontab
	assert_match '^0 4 \* \* \* root /usr/local/bin/virus-wiper'
}

# Queue ids in the order of the queue.
quarantined() { in_server "$1" virus-wiper list | sed -n 's/^\([0-9A-Za-z]\{6,\}\) .*/\1/p'; }

has_deferred() { in_server "$1" sh -c 'ls /var/spool/postfix/deferred/*/* >/dev/null 2>&1'; }

@test "ENABLE_AMAVIS=0 turns the scanner off too" {
	server_start off -e ENABLE_CLAMAV=1 -e ENABLE_AMAVIS=0 -e MAIL_ACCOUNTS='anna@example.test:secret1'
	run send off zip
	assert_status 0
	run in_server off pgrep -f clam
	assert_status 1
}
