#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The administrator's own settings: postfix-main.cf, postfix-master.cf, dovecot.cf, user-patches.sh.

load lib/e2e

setup_file() {
	e2e_start
	cp -r "$ROOT_DIR"/config-examples/overrides/config/. "$(config all)/"
	account_line anna@example.test secret-anna >"$(config all)/postfix-accounts.cf"
	server_start all -e SSL_TYPE=self-signed
	account_line anna@example.test secret-anna >"$(config live)/postfix-accounts.cf"
	server_start live -e SSL_TYPE=self-signed
}

teardown_file() { e2e_stop; }

parameter() { in_server "$1" postconf -h "$2"; }
parameter_is() { [ "$(parameter "$1" "$2")" = "$3" ]; }
dovecot_setting_is() { [ "$(in_server "$1" doveconf -h "$2")" = "$3" ]; }

# refuse NAME [options…]: a container that must end by itself with 78; its log is in $output.
refuse() {
	server_create "$@"
	"$ENGINE" start "$LAB-$1" >/dev/null
	wait_until 30 is_stopped "$1"
	assert_equal "$(exit_status "$1")" 78
	run log_of "$1"
	refute_output "$READY"
	server_remove "$1"
}

replace() { cat >"$(config "$1")/.new" && mv "$(config "$1")/.new" "$(config "$1")/$2"; }

@test "every file is in force after the start" {
	assert_equal "$(parameter all smtpd_client_connection_rate_limit)" 30
	run in_server all postconf -P submissions/inet/smtpd_client_restrictions
	assert_output 'permit_sasl_authenticated, reject'
	run in_server all postconf -M 10587/inet
	assert_output syslog_name=postfix/internal
	assert_equal "$(in_server all doveconf -h mail_max_userip_connections)" 30
	run in_server all doveconf -f protocol=imap -h imap_idle_notify_interval
	assert_output '10 mins'
	# No program of Postfix warns of a parameter that stands twice.
	run in_server all postconf -n
	refute_output warning
	mail_in all anna@example.test overridden
	fetch all anna@example.test secret-anna overridden
}

@test "a whole service of one's own answers" {
	run tools swaks --server "$(address all)" --port 10587 --quit-after HELO
	assert_status 0
	assert_output '220 mail.example.test'
}

@test "user-patches.sh has the last word, and the log says what it changed" {
	run tools swaks --server "$(address all)" --quit-after CONNECT
	assert_output '220 mail.example.test ESMTP ready'
	run log_of all
	assert_match 'user-patches.sh.*changed /etc/postfix/main.cf'
}

@test "three wrong files are reported in one start, each with its line" {
	printf '# mine\nmessage_size_limit = big\n' >"$(config wrong)/postfix-main.cf"
	echo 'sumbission/inet/smtpd_client_restrictions=reject' >"$(config wrong)/postfix-master.cf"
	printf '\nmail_max_usrip_connections = 5\n' >"$(config wrong)/dovecot.cf"
	refuse wrong
	assert_match 'postfix-main.cf:2.*whole number'
	assert_match "postfix-master.cf:1.*no service 'sumbission/inet'"
}

@test "what Dovecot's own checker says is told with the line of dovecot.cf" {
	printf '\nmail_max_usrip_connections = 5\n' >"$(config wrong2)/dovecot.cf"
	printf 'smtpd_helo_requird = yes\n' >"$(config wrong2)/postfix-main.cf"
	refuse wrong2
	assert_match 'dovecot.cf:2.*mail_max_usrip_connections'
	assert_match 'postfix-main.cf:1.*smtpd_helo_requird'
}

@test "user-patches.sh that breaks a file stops the start" {
	echo "echo 'nonsense_setting = 1' >> /etc/dovecot/dovecot.conf" >"$(config patched)/user-patches.sh"
	refuse patched
	assert_match 'nonsense_setting'
	assert_match 'user-patches.sh.*changed /etc/dovecot/dovecot.conf'
}

@test "on a read-only root it is explained what the script can't change; its status does not stop the start" {
	printf 'touch /usr/local/bin/mine\nexit 3\n' >"$(config readonly)/user-patches.sh"
	server_start readonly --read-only --tmpfs /run --tmpfs /tmp
	run log_of readonly
	assert_match 'user-patches.sh.*read-only root'
	assert_match 'user-patches.sh.*status 3'
	server_remove readonly
}

@test "a change is live without a restart, and only the daemon that it concerns is told" {
	local dovecot
	dovecot=$(pid_of live dovecot)
	# shellcheck disable=SC2016
	echo 'smtpd_banner = $myhostname ESMTP live' | replace live postfix-main.cf
	wait_until 10 parameter_is live smtpd_banner "\$myhostname ESMTP live"
	greets_live() { tools swaks --server "$(address live)" --quit-after CONNECT | grep -q 'ESMTP live'; }
	wait_until 10 greets_live
	assert_equal "$(pid_of live dovecot)" "$dovecot"
	printf 'mail_max_userip_connections = 42\n' | replace live dovecot.cf
	wait_until 10 dovecot_setting_is live mail_max_userip_connections 42
	login live anna@example.test secret-anna
	is_healthy live
}

@test "what sendmail hands in while Postfix is told of a change is delivered at once" {
	local i n
	n=$(log_lines live)
	printf 'smtpd_banner = $myhostname ESMTP again\n' | replace live postfix-main.cf
	for ((i = 1; i < 500; i++)); do
		in_server live sh -c 'printf "Subject: %s\n\nx\n" "$0" | sendmail -f anna@example.test anna@example.test' "$i-meanwhile"
		log_after_has live "$n" 'changes are in use: settings of the daemons' && break
	done
	for (( ; i > 0; i--)); do
		wait_until 5 in_server live grep -rqx "Subject: $i-meanwhile" /var/mail/example.test/anna
	done
	wait_until 5 queue_is_empty live
	n=$(log_lines live)
	printf 'smtpd_banner = $myhostname ESMTP live\n' | replace live postfix-main.cf
	wait_until 20 log_after_has live "$n" 'changes are in use: settings of the daemons'
}

@test "a wrong change leaves what is in force, is told with its line, and accounts go on working" {
	local lines
	lines=$(log_lines live)
	echo 'message_size_limit = big' | replace live postfix-main.cf
	wait_until 10 log_after_has live "$lines" postfix-main.cf:1
	assert_equal "$(parameter live smtpd_banner)" "\$myhostname ESMTP live"
	run in_server live mailserver healthcheck
	assert_status 1
	assert_output postfix-main.cf:1
	in_server live setup email add new@example.test secret-new
	login live new@example.test secret-new
	lines=$(log_lines live)
	# shellcheck disable=SC2016
	echo 'smtpd_banner = $myhostname ESMTP mended' | replace live postfix-main.cf
	wait_until 10 parameter_is live smtpd_banner "\$myhostname ESMTP mended"
	wait_until 10 is_healthy live
}

@test "a change after which a port does not answer is taken back" {
	local lines
	lines=$(log_lines live)
	# No checker of Postfix knows this before smtpd starts.
	printf 'smtpd_tls_security_level = bogus\n' | replace live postfix-main.cf
	wait_until 40 log_after_has live "$lines" 'taken back'
	wait_until 30 parameter_is live smtpd_tls_security_level may
	run tools swaks --server "$(address live)" --quit-after CONNECT
	assert_output '220 mail.example.test'
	rm "$(config live)/postfix-main.cf"
	wait_until 30 is_healthy live
	mail_in live anna@example.test after-all
	fetch live anna@example.test secret-anna after-all
}

@test "a change that Postfix takes late is taken back as well" {
	local lines
	is_healthy live
	lines=$(log_lines live)
	# The ports of before still answer when it has been told.
	# shellcheck disable=SC2016 # for the shell in the container
	in_server live sh -c 'kill -STOP "$(cat /var/spool/postfix/pid/master.pid)"'
	printf 'smtpd_tls_security_level = bogus\n' | replace live postfix-main.cf
	wait_until 20 log_after_has live "$lines" 'refreshing the Postfix mail system'
	# shellcheck disable=SC2016 # for the shell in the container
	in_server live sh -c 'kill -CONT "$(cat /var/spool/postfix/pid/master.pid)"'
	wait_until 40 log_after_has live "$lines" 'taken back'
	rm "$(config live)/postfix-main.cf"
	wait_until 30 is_healthy live
}

@test "removing the files takes the settings out of force" {
	rm "$(config live)/dovecot.cf"
	wait_until 10 dovecot_setting_is live mail_max_userip_connections 10
}

@test "with user-patches.sh a change waits for the restart, and the log says so" {
	local lines
	lines=$(log_lines all)
	echo 'smtpd_client_connection_rate_limit = 31' | replace all postfix-main.cf
	wait_until 10 log_after_has all "$lines" 'restart the container'
	assert_equal "$(parameter all smtpd_client_connection_rate_limit)" 30
	server_restart all
	assert_equal "$(parameter all smtpd_client_connection_rate_limit)" 31
}

@test "config check names wrong settings of the daemons, config diff shows what would change" {
	echo 'smtpd_helo_requird = yes' | replace all postfix-main.cf
	run in_server all mailserver config check
	assert_status 78
	assert_match 'postfix-main.cf:1.*smtpd_helo_requird'
	echo 'maximal_queue_lifetime = 7d' | replace all postfix-main.cf
	run in_server all mailserver config check
	assert_status 0
	run in_server all mailserver config diff
	assert_status 1
	assert_match '^\+maximal_queue_lifetime = 7d'
}

# A certificate and a key for every path of the file, so that only its language is judged.
make_ssl_files() {
	in_server live sh -eu -c '
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=x \
			-keyout /tmp/key -out /tmp/cert 2>/dev/null
		grep -oE "/etc/ssl/[a-z0-9/.-]+[.](pem|key)" | sort -u | while read -r file; do
			mkdir -p "${file%/*}"
			case $file in *key*) cp /tmp/key "$file" ;; *) cp /tmp/cert "$file" ;; esac
		done'
}

@test "Dovecot 2.4 itself takes every translated setting" {
	local fixtures=$ROOT_DIR/test/fixtures/dovecot-2.3
	make_ssl_files <"$fixtures/settings.new"
	run in_server live sh -c '{ printf "dovecot_config_version = 2.4.1\ndovecot_storage_version = 2.4.1\n"; cat; } >/tmp/x.conf
		doveconf -c /tmp/x.conf -n' <"$fixtures/settings.new"
	assert_status 0
	assert_output 'restart_request_count = unlimited'
	run in_server live mailserver config translate-dovecot - <"$fixtures/settings.old"
	assert_status 0
	assert_output 'mail_driver = maildir'
}

# shellcheck disable=SC2016
@test "a dovecot.cf of 2.3 works: every line is told with its new form" {
	cat >"$(config old)/dovecot.cf" <<-'END'
		mail_max_userip_connections = 50
		disable_plaintext_auth = yes
		protocol imap {
		  mail_plugins = $mail_plugins mail_log notify
		}
		plugin {
		  quota_rule = *:storage=3M
		  mail_log_events = delete expunge
		}
	END
	account_line anna@example.test secret-anna >"$(config old)/postfix-accounts.cf"
	server_start old -e SSL_TYPE=self-signed
	run log_of old
	assert_match "dovecot.cf:2: 'disable_plaintext_auth = yes' is now 'auth_allow_cleartext = no'"
	assert_match "dovecot.cf:4: .*mail_log = yes"
	assert_match "dovecot.cf:7: 'quota_rule = \*:storage=3M' is now 'quota_storage_size = 3M'"
	assert_match 'config translate-dovecot'
	assert_equal "$(in_server old doveconf -h mail_max_userip_connections)" 50
	mail_in old anna@example.test translated
	fetch old anna@example.test secret-anna translated
	run in_server old doveadm quota get -u anna@example.test
	assert_match 'STORAGE +[0-9]+ +3072'
	server_remove old
}

@test "what has no form in 2.4 stops the start, all of it at once" {
	cp "$ROOT_DIR/test/fixtures/dovecot-2.3/gone.old" "$(config gone)/dovecot.cf"
	refuse gone
	assert_match 'dovecot.cf:16: .quota_grace. is a setting of Dovecot 2.3'
	assert_match 'quota_storage_grace to a size'
	assert_match 'dovecot.cf:9: .mail_replica.'
	assert_match 'dovecot.cf:39: .passdb'
}
