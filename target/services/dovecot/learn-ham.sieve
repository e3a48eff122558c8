# A user has taken the message out of Junk: it is wanted, unless it went into the Trash.
require ["copy", "environment", "imapsieve", "vnd.dovecot.pipe"];

if environment :is "imap.mailbox" ["Trash", "Junk"] {
	stop;
}
pipe :copy "learn-ham";
