#!/bin/sh
# SPDX-License-Identifier: MIT
#
# start.sh - the floor: Postfix and Dovecot of the image, started by hand with a ready configuration
#
# usage: start.sh FIFO    the container's first process: gets everything ready, waits for a line, and becomes Postfix
#
# Neither init nor supervisor nor log daemon: both write to the container's output. Accounts and aliases are those of the
# config directory, in plain text files.

set -eu
rm -rf /etc/postfix /etc/dovecot
mkdir /etc/postfix /etc/dovecot
cp /bench/floor/main.cf /bench/floor/master.cf /etc/postfix/
cp /bench/floor/dovecot.conf /etc/dovecot/
cd /tmp/docker-mailserver
awk -F'|' '{ print $1 ":" $2 "::::::" }' postfix-accounts.cf >/etc/dovecot/users
awk -F'|' '{ print $1, "x" }' postfix-accounts.cf >/etc/postfix/mailboxes
cp postfix-virtual.cf /etc/postfix/aliases
awk -F'[@|]' '!seen[$2]++ { print $2, "x" }' postfix-accounts.cf >/etc/postfix/domains
# The image has links there, to its volume of state.
for dir in /var/spool/postfix /var/lib/postfix /var/lib/dovecot; do mkdir -p "$(readlink -m "$dir")"; done
chown postfix /var/lib/postfix/.
cd /var/spool/postfix
mkdir -p active bounce corrupt defer deferred flush hold incoming private saved trace maildrop public pid
chown postfix active bounce corrupt defer deferred flush hold incoming private saved trace maildrop public
chgrp postdrop maildrop public
chmod 0700 active bounce corrupt defer deferred flush hold incoming private saved trace
chmod 0730 maildrop
chmod 0710 public
chown vmail:vmail /var/mail
cd /
# Postfix waits for a file that was changed just now to be complete.
touch -d '1 hour ago' /etc/postfix/*
# What an earlier container with these volumes may have left.
rm -f /run/dovecot/master.pid /var/lib/dovecot/instances.lock
read -r _ <"$1"
dovecot -F &
exec /usr/lib/postfix/sbin/master -i
