# Runs for everybody, before the users' own scripts.
require ["fileinto", "mailbox"];

if header :contains "List-Id" "announce.example.com" {
	fileinto :create "Announcements";
	stop;
}
