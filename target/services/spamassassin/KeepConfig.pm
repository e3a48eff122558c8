# SPDX-License-Identifier: MIT
#
# MailServer::KeepConfig: spamd does not copy its configuration after each message
#
# spamd takes a copy of all rules and scores when it starts, and puts it back after each connection, in case a user's own
# configuration has changed them. That takes as long as a third of the work on a message, is done even when nothing was
# asked, and makes memory that parent and children shared each child's own. Here users have no configuration of their own
# (--nouser-config, nothing from SQL or LDAP), and nothing else changes it: there is nothing to put back.
#
# LIMITS  To be loaded with --nouser-config only.
#
# SOURCES  spamd, "copy_config_p"; Mail::SpamAssassin::Conf, "clone".

package MailServer::KeepConfig;

use strict;
use warnings;

use Mail::SpamAssassin::Plugin;

our @ISA = qw(Mail::SpamAssassin::Plugin);

sub new {
	my ($class, $main) = @_;
	no warnings 'redefine';
	*Mail::SpamAssassin::copy_config = sub { return 1 };
	return bless $class->SUPER::new($main), $class;
}

1;
