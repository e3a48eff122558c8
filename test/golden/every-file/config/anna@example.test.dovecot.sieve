require ["vnd.dovecot.filter", "vnd.dovecot.pipe", "copy"];
if header :contains "Subject" "to-pipe" { pipe :copy "keep"; }
if header :contains "Subject" "to-filter" { filter "shout"; }
