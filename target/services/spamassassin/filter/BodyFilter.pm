# SPDX-License-Identifier: MIT
#
# MailServer::BodyFilter: rules for bodies are tried only on lines that they may match
#
# SpamAssassin tries hundreds of regular expressions on each line of a text, one after the other. Here one pass over the line
# tells which of them may match (Hyperscan; reduce.pl says how the patterns for it are made), and only those are
# tried, by Perl as ever: the verdict is the same. A rule is known by its regular expression: one that an update or the
# administrator has changed or added is not in the database, and is interpreted.
#
# Where the processor or the database can't be used, everything is interpreted, and a line in the log says so.
#
# SOURCES  Mail::SpamAssassin::Plugin(3), Mail::SpamAssassin::Plugin::Check (do_body_tests).

package MailServer::BodyFilter;

use strict;
use warnings;
use re 'taint';

use Digest::SHA qw(sha1_hex);
use Mail::SpamAssassin::Logger;
use Mail::SpamAssassin::Plugin;
use Mail::SpamAssassin::Timeout;
use Mail::SpamAssassin::Util qw(untaint_var);
use XSLoader;

our @ISA = qw(Mail::SpamAssassin::Plugin);
our $VERSION = '1';

my $PRIORITY = 0;    # of nearly all rules for bodies; others are interpreted
my @keys;            # digests of the rules in the database, by their number

sub new {
	my ($class, $main) = @_;
	my $self = $class->SUPER::new($main);
	bless($self, $class);
	@keys or eval { load(); 1 } or $self->{problem} = $@ =~ s/ at \S+ line \d+\.?\n?\z//r;
	return $self;
}

sub read_file {
	my ($path) = @_;
	open(my $file, '<:raw', $path) or die "can't read $path: $!";
	local $/;
	return scalar <$file>;
}

sub load {
	my $dir = untaint_var($INC{'MailServer/BodyFilter.pm'} =~ s/\.pm\z//r);
	XSLoader::load(__PACKAGE__);
	my @found = split /\n/, read_file("$dir/rules.keys");
	my $n = 0;
	for (; -e "$dir/rules.$n"; $n++) {
		load_database(read_file("$dir/rules.$n")) or die "the database does not fit this processor\n";
	}
	$n > 0 or die "$dir: no database\n";
	@keys = @found;
	return;
}

sub keys_of_rules { return @keys }

# --- once, when all rules are known and before they are compiled

# $conf->{body_filter}: by number of the database the names of rules; its rules are no longer body_tests.
sub take_over {
	my ($conf) = @_;
	my %number = map { $keys[$_] => $_ } 0 .. $#keys;
	my $tests = $conf->{body_tests}{$PRIORITY} || {};
	my %taken = (by_number => [], rules => []);
	for my $rule (sort keys %$tests) {
		next if $conf->{capture_rules}{$rule} || $conf->{capture_template_rules}{$rule} || $conf->{skip_body_rules}{$rule};
		my $qr = "$conf->{test_qrs}{$rule}";
		next if utf8::is_utf8($qr) && !utf8::downgrade($qr, 1);
		my $number = $number{ sha1_hex($qr) };
		next unless defined $number;
		push @{ $taken{by_number}[$number] }, $rule;
		push @{ $taken{rules} }, $rule;
		delete $tests->{$rule};
	}
	return \%taken;
}

sub check_start {
	my ($self, $params) = @_;
	my $conf = $params->{permsgstatus}{conf};
	return if $conf->{body_filter};
	my $of = keys %{ $conf->{body_tests}{$PRIORITY} || {} };
	$conf->{body_filter} = @keys ? take_over($conf) : { by_number => [], rules => [] };
	$self->{message} = defined $self->{problem}
		? "bodyfilter: not used, all rules for bodies are interpreted: $self->{problem}"
		: sprintf 'bodyfilter: has %d of %d rules for bodies', scalar @{ $conf->{body_filter}{rules} }, $of;
}

sub compile_now_finish {
	my ($self) = @_;
	info($self->{message}) if defined $self->{message};
	delete $self->{message};
}

# --- for each message

sub try_rule {
	my ($pms, $rule, $line) = @_;
	my $conf = $pms->{conf};
	return unless $conf->{scores}{$rule};
	my $tflags = $conf->{tflags}{$rule} || '';
	my $hits = \$pms->{tests_already_hit};
	my $qr = $conf->{test_qrs}{$rule};
	if ($tflags !~ /\bmultiple\b/) {
		return if $$hits->{$rule};
		$pms->got_hit($rule, 'BODY: ', ruletype => 'body') if $$line =~ /$qr/;
		return;
	}
	my ($max) = $tflags =~ /\bmaxhits=(\d+)\b/;
	return if $max && ($$hits->{$rule} || 0) >= $max;
	pos($$line) = 0;
	while ($$line =~ /$qr/g) {
		$pms->got_hit($rule, 'BODY: ', ruletype => 'body');
		last if $max && $$hits->{$rule} >= $max;
	}
}

sub try_all {
	my ($pms, $filter) = @_;
	my $tflags = $pms->{conf}{tflags};
	my $subject = 1;
	for my $line (@{ $pms->get_decoded_stripped_body_text_array() }) {
		my $numbers = scan($line);
		my @rules = $numbers ? map { @{ $filter->{by_number}[$_] || [] } } sort { $a <=> $b } @$numbers : @{ $filter->{rules} };
		for my $rule (@rules) {
			next if $subject && ($tflags->{$rule} || '') =~ /\bnosubject\b/;
			try_rule($pms, $rule, \$line);
		}
		$subject = 0;
	}
}

sub check_rules_at_priority {
	my ($self, $params) = @_;
	my $pms = $params->{permsgstatus};
	my $filter = $pms->{conf}{body_filter};
	return if $params->{priority} != $PRIORITY || !$filter || !@{ $filter->{rules} };
	my $deadline = $pms->{master_deadline};
	my $timer = Mail::SpamAssassin::Timeout->new({ deadline => $deadline });
	$timer->run(sub { try_all($pms, $filter) });
	if ($timer->timed_out() && $deadline && time > $deadline) {
		info('check: exceeded time limit in the rules for bodies, skipping further tests');
		$pms->{deadline_exceeded} = 1;
		return;
	}
	my $scores = $pms->{conf}{scores};
	for my $rule (@{ $filter->{rules} }) { $pms->rule_ready($rule, 1) if $scores->{$rule} }
}

1;
