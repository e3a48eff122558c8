# SPDX-License-Identifier: MIT
#
# MailServer::Lasting: what spamd does anew for each message, and need not
#
# Its configuration: spamd takes a copy of all rules and scores when it starts, and puts it back after each connection, in
# case a user's own configuration has changed them. That takes as long as a third of the work on a message, is done even when
# nothing was asked, and makes memory that parent and children shared each child's own. Here users have no configuration of
# their own (--nouser-config, nothing from SQL or LDAP), and what checks a message leaves it as it is, but for the score of
# SHORTCIRCUIT, which is set before each use.
#
# Its methods: a rule that calls a function of a plug-in does it by a method of PerMsgStatus, which is compiled for each
# message, and thrown away after it; that are a hundred. Here they are made once. One that is there already is left alone, by
# SpamAssassin too.
#
# LIMITS  To be loaded with --nouser-config only.
#
# SOURCES  spamd, "copy_config_p"; Mail::SpamAssassin::Conf, "clone"; Mail::SpamAssassin::PerMsgStatus,
# "register_plugin_eval_glue".

package MailServer::Lasting;

use strict;
use warnings;

use Mail::SpamAssassin::PerMsgStatus;
use Mail::SpamAssassin::Plugin;

our @ISA = qw(Mail::SpamAssassin::Plugin);

sub new {
	my ($class, $main) = @_;
	no warnings 'redefine';
	*Mail::SpamAssassin::copy_config = sub { return 1 };
	return bless $class->SUPER::new($main), $class;
}

# Of a plug-in that is loaded anew the new one counts, as ever.
sub make_method {
	my ($function) = @_;
	my $name = "Mail::SpamAssassin::PerMsgStatus::$function";
	no strict 'refs';
	return if defined &$name;
	*$name = sub {
		my $self = shift;
		return $self->{conf}{eval_plugins}{$function}->$function($self, @_);
	};
}

sub finish_parsing_end {
	my ($self, $params) = @_;
	make_method($_) for keys %{ $params->{conf}{eval_plugins} };
}

1;
