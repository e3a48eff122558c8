# A user has put the message into Junk. Runs within the user's IMAP session.
require ["copy", "imapsieve", "vnd.dovecot.pipe"];

pipe :copy "learn-spam";
