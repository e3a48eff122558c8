#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Where certificates come from, which are taken, and what their renewal does to a running server.

load lib/e2e
load lib/certs

setup_file() {
	e2e_start
	ca_start
}

teardown_file() { e2e_stop; }

# Volumes that make the lab's directory NAME-le /etc/letsencrypt of server NAME.
letsencrypt() { printf '%s\n' -e SSL_TYPE=letsencrypt -v "$(config "$1-le"):/etc/letsencrypt:ro"; }

# start NAME [options…]: a server for mail.example.test with one account.
start() {
	local name=$1
	shift
	server_start "$name" -e MAIL_ACCOUNTS='anna@example.test:secret-anna' "$@"
}

# wait_served NAME SHA256: on one port of each daemon.
wait_served() {
	wait_until 10 serves "$1" 993 "$2"
	wait_until 10 serves "$1" 25 "$2"
	wait_until 10 serves "$1" 465 "$2"
}

# --- sources ----------------------------------------------------------------------------------------

@test "Traefik's acme.json, one read-only file: found by SSL_DOMAIN; rewritten in place; half written" {
	local json first second lines
	json=$(config acme-le)/acme.json
	cert_make /config/acme/host mail.example.test 60
	cert_make /config/acme/wild '*.example.test' 50
	cert_make /config/acme/wild2 '*.example.test' 80
	first=$(fingerprint /config/acme/wild/fullchain.pem)
	second=$(fingerprint /config/acme/wild2/fullchain.pem)
	acme_json http mail.example.test /config/acme/host dns '*.example.test' /config/acme/wild >"$json"
	chmod 0600 "$json"
	start acme -e SSL_TYPE=letsencrypt -e SSL_DOMAIN='*.example.test' -v "$json:/etc/letsencrypt/acme.json:ro"
	wait_served acme "$first"
	run in_server acme find /etc/letsencrypt -type f
	assert_equal "$output" /etc/letsencrypt/acme.json
	# Half of the new content: what is in use stays, and the log says why.
	lines=$(log_lines acme)
	acme_json dns '*.example.test' /config/acme/wild2 >"$LAB_DIR/new.json"
	head -c 700 "$LAB_DIR/new.json" >"$json"
	wait_until 10 log_after_has acme "$lines" '/etc/letsencrypt/acme.json is no whole JSON'
	assert_equal "$(served acme 993)" "$first"
	cat "$LAB_DIR/new.json" >"$json"
	wait_served acme "$second"
	wait_until 10 is_healthy acme
	server_remove acme
}

@test "acme.json of version 1 in a directory, found by the host name; replaced by rename with version 2 of two resolvers" {
	local dir first second
	dir=$(config acme1-le)
	cert_make /config/acme1/a mail.example.test 40
	cert_make /config/acme1/b mail.example.test 70
	first=$(fingerprint /config/acme1/a/fullchain.pem)
	second=$(fingerprint /config/acme1/b/fullchain.pem)
	acme_json - mail.example.test /config/acme1/a >"$dir/acme.json"
	mapfile -t options < <(letsencrypt acme1)
	start acme1 "${options[@]}"
	wait_served acme1 "$first"
	# Two resolvers have the name: the certificate that ends last is taken.
	acme_json old mail.example.test /config/acme1/a new mail.example.test /config/acme1/b >"$dir/acme.json.tmp"
	mv "$dir/acme.json.tmp" "$dir/acme.json"
	wait_served acme1 "$second"
	server_remove acme1
}

@test "certbot: links from live into archive; a link that changes, a file that is rewritten behind it; wildcard SSL_DOMAIN" {
	local dir
	dir=/config/certbot-le
	config certbot-le >/dev/null
	cert_make /config/certbot/1 '*.example.test' 20
	cert_make /config/certbot/2 '*.example.test' 60
	cert_make /config/certbot/3 '*.example.test' 80
	tools sh -ec 'mkdir -p $0/live/example.test $0/archive/example.test; cd $0/live/example.test
		for i in 1 2; do cp /config/certbot/$i/fullchain.pem ../../archive/example.test/fullchain$i.pem
			cp /config/certbot/$i/privkey.pem ../../archive/example.test/privkey$i.pem; done
		ln -s ../../archive/example.test/fullchain1.pem fullchain.pem
		ln -s ../../archive/example.test/privkey1.pem privkey.pem' "$dir"
	mapfile -t options < <(letsencrypt certbot)
	start certbot "${options[@]}" -e SSL_DOMAIN='*.example.test'
	wait_served certbot "$(fingerprint /config/certbot/1/fullchain.pem)"
	tools sh -ec 'cd $0/live/example.test
		ln -sf ../../archive/example.test/privkey2.pem privkey.pem
		ln -sf ../../archive/example.test/fullchain2.pem fullchain.pem' "$dir"
	wait_served certbot "$(fingerprint /config/certbot/2/fullchain.pem)"
	tools sh -ec 'cd $0/archive/example.test
		cat /config/certbot/3/privkey.pem >privkey2.pem; cat /config/certbot/3/fullchain.pem >fullchain2.pem' "$dir"
	wait_served certbot "$(fingerprint /config/certbot/3/fullchain.pem)"
	# A link that leads elsewhere than at the start: the new place is watched.
	tools sh -ec 'mkdir $0/elsewhere; cp /config/certbot/2/*.pem $0/elsewhere; cd $0/live/example.test
		ln -sf ../../elsewhere/privkey.pem privkey.pem; ln -sf ../../elsewhere/fullchain.pem fullchain.pem' "$dir"
	wait_served certbot "$(fingerprint /config/certbot/2/fullchain.pem)"
	tools sh -ec 'cd $0/elsewhere; cat /config/certbot/3/privkey.pem >privkey.pem; cat /config/certbot/3/fullchain.pem >fullchain.pem' "$dir"
	wait_served certbot "$(fingerprint /config/certbot/3/fullchain.pem)"
	wait_until 10 is_healthy certbot
	server_remove certbot
}

@test "lego: certificates/NAME.crt and NAME.key, also of a wildcard" {
	config lego-le >/dev/null
	cert_make /config/lego/wild '*.example.test' 60
	cert_make /config/lego/host mail.example.test 60
	tools sh -ec 'mkdir -p /config/lego-le/certificates; cd /config/lego-le/certificates
		cp /config/lego/wild/fullchain.pem _.example.test.crt; cp /config/lego/wild/privkey.pem _.example.test.key'
	mapfile -t options < <(letsencrypt lego)
	start lego "${options[@]}"
	wait_served lego "$(fingerprint /config/lego/wild/fullchain.pem)"
	tools sh -ec 'cd /config/lego-le/certificates
		cp /config/lego/host/privkey.pem mail.example.test.key; cp /config/lego/host/fullchain.pem mail.example.test.crt'
	wait_served lego "$(fingerprint /config/lego/host/fullchain.pem)"
	server_remove lego
}

@test "custom: key and chain in one file; manual: a second key type beside the first" {
	cert_make /config/custom/made mail.example.test 60
	tools sh -ec 'mkdir -p /config/custom/ssl; cd /config/custom/made
		cat privkey.pem fullchain.pem >../ssl/mail.example.test-full.pem'
	start custom -e SSL_TYPE=custom
	wait_served custom "$(fingerprint /config/custom/made/fullchain.pem)"
	server_remove custom
	cert_make /config/alt/ec mail.example.test 60
	cert_make /config/alt/rsa mail.example.test 60 -newkey rsa:2048
	start alt -e SSL_TYPE=manual \
		-e SSL_CERT_PATH=/tmp/docker-mailserver/ec/fullchain.pem -e SSL_KEY_PATH=/tmp/docker-mailserver/ec/privkey.pem \
		-e SSL_ALT_CERT_PATH=/tmp/docker-mailserver/rsa/fullchain.pem -e SSL_ALT_KEY_PATH=/tmp/docker-mailserver/rsa/privkey.pem
	local port key
	for port in 993 465; do
		for key in ECDSA RSA; do
			run tools openssl s_client -connect "$(address alt):$port" -tls1_2 -cipher "ECDHE-$key-AES128-GCM-SHA256" </dev/null
			assert_output "Cipher is ECDHE-$key-AES128-GCM-SHA256"
		done
	done
	server_remove alt
}

# --- self-made --------------------------------------------------------------------------------------

# One that ends in $2 seconds and bears the mark of those that the server makes: DIR/$3-cert.pem, DIR/$3-key.pem.
almost_over() {
	tools sh -ec 'mkdir -p "$1"; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=mail.example.test \
		-addext subjectAltName=DNS:mail.example.test -addext "nsComment=made by mailserver" \
		-not_before "$(date -u -d "-30 days" +%Y%m%d%H%M%SZ)" -not_after "$(date -u -d "+$2 seconds" +%Y%m%d%H%M%SZ)" \
		-keyout "$1/$3-key.pem" -out "$1/$3-cert.pem"' sh "$@" 2>/dev/null
}

days_left() { tools sh -c 'openssl x509 -in "$1" -noout -checkend $(($2 * 86400))' sh "$1" "$2" >/dev/null; }

@test "self-signed: made for the host name with P-256; one of ours is made anew at a start before it ends, others are not" {
	start own -e SSL_TYPE=self-signed
	run tools openssl x509 -in /config/own/ssl/mail.example.test-cert.pem -noout -text
	assert_output 'DNS:mail.example.test'
	assert_output 'NIST CURVE: P-256'
	run in_server own stat -c '%a' /tmp/docker-mailserver/ssl/mail.example.test-key.pem
	assert_output 600
	local key
	almost_over /config/own/made $((20 * 86400)) mail.example.test
	key=$(fingerprint_of_key /config/own/made/mail.example.test-key.pem)
	tools sh -ec 'cd /config/own/made; mv mail.example.test-key.pem mail.example.test-cert.pem ../ssl/'
	# Noticed at once, and made anew.
	wait_until 10 days_left /config/own/ssl/mail.example.test-cert.pem 3000
	wait_served own "$(fingerprint /config/own/ssl/mail.example.test-cert.pem)"
	[ "$(fingerprint_of_key /config/own/ssl/mail.example.test-key.pem)" != "$key" ]
	server_remove own
	# The administrator's is left alone.
	cert_make /config/theirs/made mail.example.test 5
	tools sh -ec 'mkdir -p /config/theirs/ssl; cd /config/theirs/made
		cp fullchain.pem ../ssl/mail.example.test-cert.pem; cp privkey.pem ../ssl/mail.example.test-key.pem'
	start theirs -e SSL_TYPE=self-signed
	log_has theirs 'the certificate expires in 4 days'
	assert_equal "$(served theirs 993)" "$(fingerprint /config/theirs/made/fullchain.pem)"
	server_remove theirs
}

# --- what is taken ----------------------------------------------------------------------------------

# refuse NAME: a start with /config/bad/fullchain.pem and privkey.pem (or $2, $3 in their place) that ends with 78.
refuse() {
	run "$ENGINE" run --rm --hostname mail.example.test -v "$(config bad):/certs:ro" -e SSL_TYPE=manual \
		-e SSL_CERT_PATH="/certs/${1:-fullchain.pem}" -e SSL_KEY_PATH="/certs/${2:-privkey.pem}" "$IMAGE"
	assert_status 78
}

@test "a start with a bad certificate ends with 78 and one sentence with the path" {
	cert_make /config/bad mail.example.test
	cert_make /config/bad/other mail.example.test
	refuse none.pem
	assert_output 'open /certs/none.pem: No such file or directory'
	refuse fullchain.pem other/privkey.pem
	assert_output 'the key in /certs/other/privkey.pem does not belong to the certificate in /certs/fullchain.pem'
	tools sh -ec 'cd /config/bad
		head -c 300 fullchain.pem >damaged.pem
		openssl pkey -in privkey.pem -aes128 -passout pass:x -out locked.pem
		openssl x509 -in fullchain.pem -out leaf.pem
		cat /config/ca/middle.pem leaf.pem >leaf-last.pem
		cat leaf.pem /config/ca/root.pem /config/ca/middle.pem >order.pem
		openssl req -x509 -newkey rsa:1024 -nodes -days 90 -subj /CN=mail.example.test -keyout weak.key -out weak.pem
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=mail.example.test -keyout sha1.key -out sha1.csr
		openssl x509 -req -sha1 -in sha1.csr -CA /config/ca/middle.pem -CAkey /config/ca/middle.key -days 90 -out sha1.pem
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:secp256k1 -nodes -days 90 -subj /CN=mail.example.test \
			-keyout curve.key -out curve.pem' 2>/dev/null
	refuse damaged.pem
	assert_output '/certs/damaged.pem: certificate number 1 in the file is damaged'
	refuse fullchain.pem locked.pem
	assert_output '/certs/locked.pem is encrypted'
	refuse leaf-last.pem
	assert_output "/certs/leaf-last.pem has certificates in the wrong order: the server's own must be first"
	refuse order.pem
	assert_match '/certs/order.pem: the certificate is not followed by its issuer, which comes later'
	refuse weak.pem weak.key
	assert_match '/certs/weak.pem: the certificate has an RSA key of 1024 bits: too weak'
	refuse sha1.pem sha1.key
	assert_match '/certs/sha1.pem: the certificate is signed with SHA1: too weak'
	refuse curve.pem curve.key
	assert_match '/certs/curve.pem: the certificate has a key on the curve secp256k1'
}

@test "expired, for another name, or without its issuers: a warning at the start; but it takes no better one's place" {
	local good lines new says
	cert_make /config/live/certs mail.example.test 60
	cert_make /config/live/expired mail.example.test -3
	cert_make /config/live/other www.example.test 60
	good=$(fingerprint /config/live/certs/fullchain.pem)
	start live -e SSL_TYPE=manual -e SSL_CERT_PATH=/tmp/docker-mailserver/certs/fullchain.pem \
		-e SSL_KEY_PATH=/tmp/docker-mailserver/certs/privkey.pem
	tools cp -r /config/live/certs /config/live/good
	for new in expired other leaf-only; do
		lines=$(log_lines live)
		case $new in
		expired) says='the certificate expired 3 days ago' ;;
		other) says="is not for the host name 'mail.example.test'" ;;
		leaf-only) says="its last certificate was issued by 'CN=Lab Middle'" ;;
		esac
		if [ "$new" = leaf-only ]; then
			cert_make /config/live/short mail.example.test 50
			tools sh -ec 'cd /config/live; cp short/privkey.pem certs/privkey.pem; openssl x509 -in short/fullchain.pem -out certs/fullchain.pem'
		else
			tools sh -ec 'cd /config/live; cp $0/privkey.pem certs/privkey.pem; cp $0/fullchain.pem certs/fullchain.pem' "$new"
		fi
		wait_until 10 log_after_has live "$lines" "$says"
		wait_until 10 log_after_has live "$lines" 'the one in use has not this fault and stays'
		assert_equal "$(served live 993)" "$good"
		assert_equal "$(served live 25)" "$good"
		wait_until 10 is_unhealthy live
	done
	# Accounts change meanwhile.
	account_line ben@example.test secret-ben >>"$(config live)/postfix-accounts.cf"
	wait_until 10 login live ben@example.test secret-ben
	tools sh -ec 'cd /config/live; cp good/*.pem certs/'
	wait_until 10 is_healthy live
	# At a start there is no better one.
	tools sh -ec 'cd /config/live; cp expired/*.pem certs/'
	wait_until 10 is_unhealthy live
	"$ENGINE" restart "$LAB-live" >/dev/null
	wait_until 20 log_after_has live "$lines" 'the certificate expired 3 days ago: mail programs refuse it'
	wait_until 20 serves live 25 "$(fingerprint /config/live/expired/fullchain.pem)"
	server_remove live
}

@test "TLS_KEEP_KEY: our own certificate keeps its key; of others a new key is told, with the record to publish" {
	local key lines
	almost_over /config/keep/ssl $((20 * 86400)) mail.example.test
	key=$(fingerprint_of_key /config/keep/ssl/mail.example.test-key.pem)
	start keep -e SSL_TYPE=self-signed -e TLS_KEEP_KEY=1
	days_left /config/keep/ssl/mail.example.test-cert.pem 3000
	assert_equal "$(fingerprint_of_key /config/keep/ssl/mail.example.test-key.pem)" "$key"
	server_remove keep
	config keep2-le >/dev/null
	cert_make /config/keep2-le/live/mail.example.test mail.example.test 20
	mapfile -t options < <(letsencrypt keep2)
	start keep2 "${options[@]}" -e TLS_KEEP_KEY=1
	lines=$(log_lines keep2)
	cert_make /config/keep2-le/live/mail.example.test mail.example.test 80
	wait_until 10 log_after_has keep2 "$lines" 'the key is another one than before although TLS_KEEP_KEY=1'
	log_after_has keep2 "$lines" 'certbot renew --reuse-key'
	log_after_has keep2 "$lines" "publish TLSA 3 1 1 $(fingerprint_of_key /config/keep2-le/live/mail.example.test/privkey.pem)"
	wait_served keep2 "$(fingerprint /config/keep2-le/live/mail.example.test/fullchain.pem)"
	is_healthy keep2
	server_remove keep2
}

# --- renewal ----------------------------------------------------------------------------------------

@test "renewal under 50 open sessions: served on all ports within two seconds, no session is lost" {
	local i wanted
	for i in 0 1 2 3 4; do
		account_line "u$i@example.test" secret >>"$(config renew)/postfix-accounts.cf"
	done
	cert_make /config/renew/certs mail.example.test 20
	cert_make /config/renew/next mail.example.test 80
	wanted=$(fingerprint /config/renew/next/fullchain.pem)
	server_start renew -e ENABLE_POP3=1 -e ENABLE_MANAGESIEVE=1 -e SSL_TYPE=manual \
		-e SSL_CERT_PATH=/tmp/docker-mailserver/certs/fullchain.pem -e SSL_KEY_PATH=/tmp/docker-mailserver/certs/privkey.pem
	tools rm -f /tmp/go
	: >"$LAB_DIR/sessions"
	# 50 sessions come from one address.
	tls_client sessions "$(address renew)" /tmp/go >"$LAB_DIR/sessions" 2>&1 3>&- &
	wait_until 60 grep -q '^open 50' "$LAB_DIR/sessions"
	run tls_client renew "$(address renew)" "$wanted" 2 \
		'cd /config/renew/certs; cp ../next/privkey.pem .p; cp ../next/fullchain.pem .f; mv .p privkey.pem; mv .f fullchain.pem'
	echo "# ms until served:" $output >&3
	assert_status 0
	tools touch /tmp/go
	wait $! || :
	run cat "$LAB_DIR/sessions"
	assert_output 'lost 0 of 50'
	# Every message that was on its way has arrived.
	for i in 0 1 2 3 4; do
		fetch renew "u$i@example.test" secret "survivor-587-$i" >/dev/null
		fetch renew "u$i@example.test" secret "survivor-465-$i" >/dev/null
		fetch renew "u$i@example.test" secret "survivor-25-$i" >/dev/null
	done
	wait_until 10 is_healthy renew
}

@test "three renewals disturb nobody who connects meanwhile: none is refused, none waits" {
	local i
	for i in 0 1 2 3; do
		cert_make "/config/steady/$i" mail.example.test $((30 + i))
	done
	tools cp -r /config/steady/0 /config/steady/certs
	start steady -e ENABLE_POP3=1 -e ENABLE_MANAGESIEVE=1 -e SSL_TYPE=manual \
		-e SSL_CERT_PATH=/tmp/docker-mailserver/certs/fullchain.pem -e SSL_KEY_PATH=/tmp/docker-mailserver/certs/privkey.pem
	run tls_client steady "$(address steady)" 'cd /config/steady/certs; cp "$0/privkey.pem" .p; cp "$0/fullchain.pem" .f
		mv .p privkey.pem; mv .f fullchain.pem' /config/steady/1 /config/steady/2 /config/steady/3
	sed 's/^/# /' <<<"$output" >&3
	assert_status 0
	run log_of steady
	refute_output 'refreshing the Postfix mail system'
	refute_match 'postfix.*(warning|error|fatal)'
	wait_until 10 is_healthy steady
	# Those that postscreen talks to itself, because they talk too early (the tools have passed; so it is asked from the
	# server's own address), get the new one too, while an earlier session goes on.
	in_server steady python3 -c "$(cat "$E2E_DIR/lib/tls.py")" early "$(address steady)" /tmp/go >"$LAB_DIR/early" 2>&1 3>&- &
	wait_until 10 grep -q "^$(fingerprint /config/steady/3/fullchain.pem)" "$LAB_DIR/early"
	tools sh -c 'cd /config/steady/certs; cp ../0/privkey.pem .p; cp ../0/fullchain.pem .f; mv .p privkey.pem; mv .f fullchain.pem'
	wait_served steady "$(fingerprint /config/steady/0/fullchain.pem)"
	in_server steady touch /tmp/go
	wait $!
	assert_equal "$(tail -n 1 "$LAB_DIR/early")" "$(fingerprint /config/steady/0/fullchain.pem)"
	server_remove steady
}

@test "after a renewal the server asks its own ports; one that goes on with the old certificate is told, also by the health check" {
	local lines
	cert_make /config/proof/certs mail.example.test 20
	start proof -e SSL_TYPE=manual -e SSL_CERT_PATH=/tmp/docker-mailserver/certs/fullchain.pem \
		-e SSL_KEY_PATH=/tmp/docker-mailserver/certs/privkey.pem
	lines=$(log_lines proof)
	cert_make /config/proof/certs mail.example.test 40
	wait_until 10 log_after_has proof "$lines" "ports serve what is new; the server's own has SHA-256 $(fingerprint /config/proof/certs/fullchain.pem)"
	# A daemon that holds its ports open and is not told, because its number is not found.
	in_server proof mv /run/dovecot/master.pid /run/dovecot/away
	lines=$(log_lines proof)
	cert_make /config/proof/certs mail.example.test 60
	wait_until 40 log_after_has proof "$lines" 'imaps (port 993): the new certificate is not served: serves another certificate than it should'
	run in_server proof mailserver healthcheck
	assert_status 1
	assert_match '^FAILED +imaps \(port 993\): serves another certificate'
	refute_output 'port 465'
	in_server proof mv /run/dovecot/away /run/dovecot/master.pid
	cert_make /config/proof/certs mail.example.test 80
	wait_served proof "$(fingerprint /config/proof/certs/fullchain.pem)"
	wait_until 20 is_healthy proof
	server_remove proof
}

@test "a daemon whose own settings give it another certificate is healthy, and named once" {
	cert_make /config/mixed/theirs mail.example.test 60
	echo 'smtpd_tls_chain_files = /tmp/docker-mailserver/theirs/privkey.pem, /tmp/docker-mailserver/theirs/fullchain.pem' \
		>"$(config mixed)/postfix-main.cf"
	start mixed -e SSL_TYPE=self-signed
	log_has mixed 'ports with a certificate from own settings of their daemon, whose renewal is not looked after: 25, 587, 465'
	assert_equal "$(served mixed 25)" "$(fingerprint /config/mixed/theirs/fullchain.pem)"
	assert_equal "$(served mixed 993)" "$(fingerprint /config/mixed/ssl/mail.example.test-cert.pem)"
	server_remove mixed
}

# --- the end ----------------------------------------------------------------------------------------

# The messages in the postmaster's INBOX.
reminders() { tools mt count "$(address "$1")" anna@example.test secret-anna; }
has_reminders() { [ "$(reminders "$1")" -ge "$2" ]; }

@test "before its end a certificate is told of in the log, in the health check and by mail, once for each step" {
	cert_make /config/end/certs mail.example.test 6
	start end -e POSTMASTER_ADDRESS=anna@example.test -e SSL_TYPE=manual \
		-e SSL_CERT_PATH=/tmp/docker-mailserver/certs/fullchain.pem -e SSL_KEY_PATH=/tmp/docker-mailserver/certs/privkey.pem
	wait_until 30 log_has end 'the certificate of mail.example.test expires in 5 days, on' || show_server end
	wait_until 90 has_reminders end 1
	run fetch end anna@example.test secret-anna 'the certificate of mail.example.test expires in 5 days'
	assert_output 'Auto-Submitted: auto-generated'
	assert_output 'From: Mail server mail.example.test <anna@example.test>'
	run in_server end mailserver healthcheck
	assert_status 0
	assert_match 'note +the certificate of mail.example.test expires in 5 days'
	run in_server end mailserver healthcheck --json
	assert_output '"days_left": 5'
	# What cron does, and a restart: nothing is told twice.
	in_server end grep -q '^23 \* \* \* \* root /usr/local/bin/mailserver certificates$' /etc/crontab
	in_server end mailserver certificates
	server_restart end
	in_server end mailserver certificates
	assert_equal "$(reminders end)" 1
	# The next steps. Each certificate is another one, so each is told once.
	cert_make /config/end/certs mail.example.test 3
	wait_served end "$(fingerprint /config/end/certs/fullchain.pem)"
	in_server end mailserver certificates
	wait_until 10 has_reminders end 2
	fetch end anna@example.test secret-anna 'expires in 2 days' >/dev/null
	cert_make /config/end/certs mail.example.test 1
	wait_served end "$(fingerprint /config/end/certs/fullchain.pem)"
	in_server end mailserver certificates
	in_server end mailserver certificates
	wait_until 10 has_reminders end 3
	fetch end anna@example.test secret-anna 'expires today' >/dev/null
	# Renewed: nothing more.
	cert_make /config/end/certs mail.example.test 60
	wait_served end "$(fingerprint /config/end/certs/fullchain.pem)"
	in_server end mailserver certificates
	run in_server end mailserver healthcheck --verbose
	assert_match 'ok +the certificate of mail.example.test expires in 59 days'
	refute_match '^note +the certificate'
	run in_server end cat /var/mail-state/lib-mailserver/tls/told
	assert_equal "$output" ''
	assert_equal "$(reminders end)" 3
	server_remove end
}

@test "without a postmaster the log alone tells; an expired certificate does not keep the server from being ready" {
	cert_make /config/over/certs mail.example.test -2
	server_create over -e MAIL_ACCOUNTS='anna@example.test:secret-anna' -e POSTMASTER_ADDRESS=nobody@example.test -e SSL_TYPE=manual \
		-e SSL_CERT_PATH=/tmp/docker-mailserver/certs/fullchain.pem -e SSL_KEY_PATH=/tmp/docker-mailserver/certs/privkey.pem
	server_boot over
	wait_until 20 is_ready over
	wait_until 10 log_has over 'the certificate of mail.example.test expired on'
	wait_until 10 log_has over 'nobody receives nobody@example.test: the warning is in this log only'
	assert_equal "$(queue_length over)" 0
	run in_server over mailserver healthcheck
	assert_status 1
	assert_output 'the certificate has expired'
	server_remove over
}

@test "our own certificate is made anew while the server runs and no file changes" {
	local first
	# It ends a moment after 30 days from now, when there is no file that changes.
	almost_over /config/timer $((30 * 86400 + 25)) x
	server_create timer -e MAIL_ACCOUNTS='anna@example.test:secret-anna' -v "$LAB-timer:/var/mail-state"
	"$ENGINE" run --rm -v "$LAB-timer:/s" -v "$(config timer):/c:ro" "$IMAGE" sh -ec 'mkdir -p /s/lib-mailserver/tls
		cp /c/x-cert.pem /s/lib-mailserver/tls/cert.pem; install -m 600 /c/x-key.pem /s/lib-mailserver/tls/key.pem'
	first=$(fingerprint /config/timer/x-cert.pem)
	server_boot timer
	server_ready timer
	serves timer 143 "$first"
	renewed() {
		in_server timer mailserver certificates && serves timer 143 "$first" && return 1
		log_has timer "made a self-signed certificate for 'mail.example.test'"
	}
	wait_until 60 renewed
	wait_until 10 is_healthy timer
	server_remove timer
	"$ENGINE" volume rm "$LAB-timer" >/dev/null
}
