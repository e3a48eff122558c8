# MOVE_SPAM_TO_JUNK. Runs last, and only while nothing else has been done with the message.
# Spam by our own scanner, and what DMARC asks to put aside: our own result, by the name of this server.
require ["environment", "fileinto", "mailbox", "special-use", "variables"];

if environment :matches "host" "*" {
	set "host" "${1}";
}
if anyof (
	header :is "X-Spam-Flag" "YES",
	header :matches "Authentication-Results" [
		"${host};*dmarc=fail (p=quarantine*",
		"${host};*dmarc=fail (*dis=quarantine*"
	]
) {
	fileinto :specialuse "\\Junk" :create "Junk";
}
