# MARK_SPAM_AS_READ. Runs after the scripts of users.
require ["imap4flags"];

if header :is "X-Spam-Flag" "YES" {
	setflag "\\Seen";
}
