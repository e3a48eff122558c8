# SPAM_SUBJECT: a prefix for the subject of spam. Runs before the scripts of users, who may look for it.
# X-Spam-Flag is our own scanner's: what senders put there is taken out on arrival.
require ["editheader", "environment", "variables", "vnd.dovecot.environment"];

if header :is "X-Spam-Flag" "YES" {
	if header :matches "Subject" "*" {
		set "subject" "${1}";
	}
	if environment :matches "vnd.dovecot.config.spam_subject" "*" {
		set "prefix" "${1}";
	}
	deleteheader "Subject";
	addheader :last "Subject" "${prefix}${subject}";
}
