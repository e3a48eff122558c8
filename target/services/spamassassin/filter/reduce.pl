#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# reduce.pl: what a text must have in it so that a rule for bodies can match it
#
# usage: reduce.pl patterns DIR >patterns	DIR: --siteconfigpath of SpamAssassin
#        reduce.pl check DIR [SEED]		is the database right? Ends with an error when it is not
#
# patterns prints a line for each rule: the digest that BodyFilter.pm knows it by, and, separated by tabs, patterns for
# filter.c, the most exact first. Where the rule matches a line of text, each of its patterns does: every step here makes a
# pattern match more, never less. What is not understood for certain gives no line, and the rule is interpreted as ever.
#
# Steps: assertions of what stands around a place are left out (but \b, \B and ^), also $; atomic groups and possessive
# quantifiers become ordinary; a reference to what was matched becomes "anything"; letters that may be of either case
# become sets (rules have /aa: letters of ASCII match only such). A set with one byte above 0x7f gets all of them, and a
# string of these becomes "one or more", since rules against disguised words name hundreds; so do characters by number
# (&#…;). The later patterns of a rule say less exactly how often something is repeated, or only how a match begins.
#
# check makes texts by chance that rules match, and sees that the database tells each rule that matches.
#
# LIMITS  Text in other scripts than Latin passes more often, and then costs what it always did.
#
# SOURCES  perlre(1), perlrecharclass(1).

use strict;
use warnings;
use Digest::SHA qw(sha1_hex);
use Mail::SpamAssassin;

use constant ENTITY => '\x26\x23[0-9A-Z_a-z]+\x3b';

my @HIGH = (0x80 .. 0xff);
my %NAMED = (
	d => [0x30 .. 0x39],
	w => [0x30 .. 0x39, 0x41 .. 0x5a, 0x5f, 0x61 .. 0x7a],
	s => [0x09 .. 0x0d, 0x20],
);
my %POSIX = (
	digit => $NAMED{d}, word => $NAMED{w}, space => $NAMED{s}, upper => [0x41 .. 0x5a], lower => [0x61 .. 0x7a],
	alpha => [0x41 .. 0x5a, 0x61 .. 0x7a], alnum => [0x30 .. 0x39, 0x41 .. 0x5a, 0x61 .. 0x7a],
	xdigit => [0x30 .. 0x39, 0x41 .. 0x46, 0x61 .. 0x66],
	punct => [0x21 .. 0x2f, 0x3a .. 0x40, 0x5b .. 0x60, 0x7b .. 0x7e],
);
my %CONTROL = (t => 9, n => 10, r => 13, f => 12, e => 27, a => 7);
my $ANY = set(0 .. 255);
my $WORD = set(@{ $NAMED{w} });

# --- sets of bytes: strings of 256 characters 0 or 1

sub set {
	my $s = '0' x 256;
	substr($s, $_, 1) = '1' for @_;
	return $s;
}
sub members { return grep { substr($_[0], $_, 1) eq '1' } 0 .. 255 }
sub inverse { return $_[0] =~ tr/01/10/r }
sub union { return set(map { members($_) } @_) }
sub is_high { return substr($_[0], 0, 128) !~ /1/ }

# With one byte above 0x7f come all.
sub widen {
	my ($s) = @_;
	return substr($s, 128) =~ /1/ ? substr($s, 0, 128) . '1' x 128 : $s;
}

sub both_cases {
	return set(map { chr($_) =~ /[a-zA-Z]/ ? (ord lc chr $_, ord uc chr $_) : $_ } @_);
}

# --- reading: a pattern becomes a tree
#
# Nodes: [set => $bytes], [bound => '\b' | '\B' | '^' | '$'], [alt => $sequence…], and a sequence is a list of
# [$node, $min, $max], with -1 for no limit.

my ($re, $at);

sub give_up { die "not understood: $_[0]\n" }

sub read_alternatives {
	my (%mode) = @_;
	my @all = ([]);
	while (1) {
		pos($re) //= 0;
		last if pos($re) >= length $re || $re =~ /\G(?=\))/gc;
		if ($re =~ /\G\|/gc) { push @all, []; next }
		my $node = read_atom(\%mode) or next;
		push @{ $all[-1] }, [$node, read_quantifier()];
	}
	return [alt => @all];
}

sub read_quantifier {
	my ($min, $max) = (1, 1);
	if ($re =~ /\G\*/gc) { ($min, $max) = (0, -1) }
	elsif ($re =~ /\G\+/gc) { ($min, $max) = (1, -1) }
	elsif ($re =~ /\G\?/gc) { ($min, $max) = (0, 1) }
	elsif ($re =~ /\G\{(\d+)\}/gc) { ($min, $max) = ($1, $1) }
	elsif ($re =~ /\G\{(\d+),\}/gc) { ($min, $max) = ($1, -1) }
	elsif ($re =~ /\G\{(\d+),(\d+)\}/gc) { ($min, $max) = ($1, $2) }
	elsif ($re =~ /\G(?=\{\s*[\d,])/gc) { give_up('quantifier') }
	else { return (1, 1) }
	$re =~ /\G[?+]/gc; # lazy, possessive
	give_up('two quantifiers') if $re =~ /\G(?=[*+?]|\{[\d,])/gc;
	return ($min, $max);
}

sub read_group {
	my ($mode) = @_;
	my $kind = 'group';
	my %inner = %$mode;
	if ($re =~ /\G\?#[^)]*\)/gc) { return undef }
	elsif ($re =~ /\G\?(?:=|!|<=|<!)/gc) { $kind = 'look' }
	elsif ($re =~ /\G\?>/gc || $re =~ /\G\?P?<[A-Za-z_]\w*>/gc) { }
	elsif ($re =~ /\G\?(\^?)([a-z]*)(?:-([a-z]*))?([:)])/gc) {
		my ($reset, $on, $off, $end) = ($1, $2, $3 // '', $4);
		give_up("flags $on-$off") if "$on$off" =~ /[^aism]/ || $off =~ /a/;
		$inner{i} = 0 if $reset;
		$inner{i} = 1 if $on =~ /i/;
		$inner{i} = 0 if $off =~ /i/;
		if ($end eq ')') { $mode->{i} = $inner{i}; return undef }
	}
	elsif ($re =~ /\G(?=[?*])/gc) { give_up('group ' . substr($re, pos $re, 8)) }
	my $node = read_alternatives(%inner);
	$re =~ /\G\)/gc or give_up('no )');
	return $kind eq 'look' ? [alt => []] : $node;
}

# After a backslash: bytes, or nothing when it is no single byte.
sub read_escape {
	my ($in_set) = @_;
	if ($re =~ /\G([dws])/gc) { return @{ $NAMED{$1} } }
	if ($re =~ /\G([DWS])/gc) { return members(inverse(set(@{ $NAMED{ lc $1 } }))) }
	if ($re =~ /\Gx\{([0-9a-fA-F]{1,2})\}/gc || $re =~ /\Gx([0-9a-fA-F]{2})/gc) { return hex $1 }
	if ($re =~ /\G([tnrfea])/gc) { return $CONTROL{$1} }
	if ($in_set && $re =~ /\Gb/gc) { return 8 }
	if ($re =~ /\G([^a-zA-Z0-9])/gcs) { return ord $1 }
	give_up('\\' . substr($re, pos $re, 4));
}

sub read_set {
	my ($mode) = @_;
	my $negated = $re =~ /\G\^/gc;
	my ($first, @bytes) = (1);
	while ($first || $re !~ /\G\]/gc) {
		my @one;
		if ($re =~ /\G\[:(\w+):\]/gc) { @one = @{ $POSIX{$1} // give_up("[:$1:]") } }
		elsif ($re =~ /\G\[[:=.]/gc) { give_up('[: in a set') }
		elsif ($re =~ /\G\\/gc) { @one = read_escape(1) }
		elsif ($re =~ /\G(.)/gcs) { @one = (ord $1) }
		else { give_up('no ]') }
		if (@one == 1 && $re =~ /\G-(?!\])/gc) {
			my @end = $re =~ /\G\\/gc ? read_escape(1) : $re =~ /\G([^\[])/gcs ? (ord $1) : give_up('range');
			give_up('range') if @end != 1 || $end[0] < $one[0];
			@one = ($one[0] .. $end[0]);
		}
		push @bytes, @one;
		$first = 0;
	}
	my $s = $mode->{i} ? both_cases(@bytes) : set(@bytes);
	if ($negated) {
		# What a byte above 0x7f stands for depends on the case: it may match.
		$s = inverse($s);
		return substr($s, 0, 128) . '1' x 128;
	}
	return widen($s);
}

sub read_atom {
	my ($mode) = @_;
	return read_group($mode) if $re =~ /\G\(/gc;
	return [set => read_set($mode)] if $re =~ /\G\[/gc;
	return [set => $ANY] if $re =~ /\G\./gc;
	return [bound => $1] if $re =~ /\G([\^\$])/gc;
	if ($re =~ /\G\\/gc) {
		return [bound => "\\$1"] if $re =~ /\G([bB])(?!\{)/gc;
		return [bound => '$'] if $re =~ /\G[Zz]/gc;
		return [bound => '^'] if $re =~ /\GA/gc;
		return [alt => [[[set => $ANY], 0, -1]]] if $re =~ /\G(?:[1-9]|g\{?[1-9]\}?|k<\w+>)(?!\d)/gc;
		my @bytes = read_escape(0);
		return [set => widen($mode->{i} ? both_cases(@bytes) : set(@bytes))];
	}
	$re =~ /\G([^*+?|()])/gcs or give_up('at ' . substr($re, pos $re, 4));
	return [set => widen($mode->{i} ? both_cases(ord $1) : set(ord $1))];
}

sub read_rule {
	my ($text) = @_;
	give_up('flags') if $text !~ /^\(\?\^aa([a-z]*):(.*)\)\z/s || $1 =~ /[^ism]/;
	my %mode = (i => index($1, 'i') >= 0);
	$re = $2;
	pos($re) = 0;
	my $tree = read_alternatives(%mode);
	give_up('unbalanced') if pos($re) < length $re;
	give_up('short') if least($tree) < 3;
	return $tree;
}

# --- writing

sub least {
	my ($node) = @_;
	return 1 if $node->[0] eq 'set';
	return 0 if $node->[0] eq 'bound';
	my $least;
	for my $sequence (@$node[1 .. $#$node]) {
		my $n = 0;
		$n += $_->[1] * least($_->[0]) for @$sequence;
		$least = $n if !defined $least || $n < $least;
	}
	return $least;
}

# Nothing but bytes above 0x7f, and at least one.
sub only_high {
	my ($sequence) = @_;
	for my $item (@$sequence) {
		my $node = $item->[0];
		return 0 if $node->[0] eq 'bound' || $node->[0] eq 'set' && !is_high($node->[1]);
		return 0 if $node->[0] eq 'alt' && grep { @$_ && !only_high($_) } @$node[1 .. $#$node];
	}
	return least([alt => $sequence]) > 0;
}

# A character by its number, as HTML has it: &#…; with letters and digits.
sub is_entity {
	my ($sequence) = @_;
	my @s = @$sequence;
	return 0 if @s < 4 || grep { $_->[0][0] ne 'set' || $_->[1] != 1 || $_->[2] != 1 } @s[0, 1, -1];
	return $s[0][0][1] eq set(ord '&') && $s[1][0][1] eq set(ord '#') && $s[-1][0][1] eq set(ord ';') &&
		only_word([alt => [@s[2 .. $#s - 1]]]) && least([alt => [@s[2 .. $#s - 1]]]) > 0;
}

sub only_word {
	my ($node) = @_;
	return 0 if $node->[0] eq 'bound';
	return union($node->[1], $WORD) eq $WORD if $node->[0] eq 'set';
	for my $sequence (@$node[1 .. $#$node]) { return 0 if grep { !only_word($_->[0]) } @$sequence }
	return 1;
}

sub write_set {
	my ($s) = @_;
	my @m = members($s);
	give_up('empty set') unless @m;
	my $name = sub { my $c = chr $_[0]; $c =~ /[A-Za-z0-9]/ ? $c : sprintf '\x%02x', $_[0] };
	return $name->($m[0]) if @m == 1;
	my $out = '';
	while (@m) {
		my ($low, $high) = ($m[0], $m[0]);
		$high = shift @m while @m && $m[0] <= $high + 1;
		$out .= $name->($low) . ($high > $low ? ($high > $low + 1 ? '-' : '') . $name->($high) : '');
	}
	return "[$out]";
}

# How often something may be repeated, said less exactly the higher the form is.
sub write_quantifier {
	my ($node, $min, $max, $edge, $form) = @_;
	my $most = (99999, 3, 3, 2, 1)[$form];
	if ($edge && $min > $most) { $min = $max = $most }
	elsif ($form >= 1 && $max > 1 && ($node->[0] ne 'set' || $max > 8 || $form >= 2)) {
		$max = -1 if $min < $max || $min > $most;
		$min = $most if $min > $most;
	}
	elsif ($form >= 1 && $max < 0 && $min > $most) { $min = $most }
	return '' if $min == 1 && $max == 1;
	return '?' if $min == 0 && $max == 1;
	return '*' if $min == 0 && $max < 0;
	return '+' if $min == 1 && $max < 0;
	return $min == $max ? "{$min}" : $max < 0 ? "{$min,}" : "{$min,$max}";
}

sub write_sequence {
	my ($sequence, $form) = @_;
	my $out = '';
	for my $item (@$sequence) {
		my ($node, $min, $max, $edge) = @$item;
		next if $max == 0;
		if ($node->[0] eq 'bound') {
			# An end in the middle is more than filter.c can have.
			$out .= $node->[1] if $min > 0 && !($node->[1] eq '$' && $form >= 1);
			next;
		}
		my $text = $node->[0] eq 'set' ? write_set($node->[1]) : write_alternatives($node, $form);
		next if $text eq '';
		my $q = write_quantifier($node, $min, $max, $edge, $form);
		$out .= $q ne '' && $node->[0] eq 'alt' ? "(?:$text)$q" : "$text$q";
	}
	return $out;
}

sub write_alternatives {
	my ($node, $form) = @_;
	my ($bytes, $high, $empty) = (set(), 0, 0);
	my (%seen, @out);
	for my $sequence (@$node[1 .. $#$node]) {
		if (only_high($sequence)) { $high = 1; next }
		if (is_entity($sequence)) { $seen{&ENTITY}++ or push @out, ENTITY; next }
		if (@$sequence == 1 && $sequence->[0][0][0] eq 'set' && $sequence->[0][1] == 1 && $sequence->[0][2] == 1) {
			$bytes = union($bytes, $sequence->[0][0][1]);
			next;
		}
		my $text = write_sequence($sequence, $form);
		if ($text eq '') { $empty = 1; next }
		push @out, $text unless $seen{$text}++;
	}
	if (substr($bytes, 128) =~ /1/ && $high) { $bytes = substr($bytes, 0, 128) . '0' x 128 }
	unshift @out, write_set($bytes) if $bytes =~ /1/;
	push @out, write_set(set(@HIGH)) . '+' if $high;
	return '' if !@out;
	my $text = '(?:' . join('|', @out) . ')';
	return $empty ? "(?:$text)?" : $text;
}

# A search does not need what may be empty at either end, nor that the first or last thing is repeated more often than it must.
sub trim {
	my ($node) = @_;
	my @out = ('alt');
	for my $sequence (@$node[1 .. $#$node]) {
		my @s = @$sequence;
		shift @s while @s && can_go($s[0]);
		pop @s while @s && can_go($s[-1]);
		for (0, -1) { $s[$_] = [@{ $s[$_] }[0, 1, 1], 1] if @s && $s[$_][0][0] ne 'bound' }
		if (@s == 1 && $s[0][0][0] eq 'alt' && $s[0][1] == 1) { push @out, @{ trim($s[0][0]) }[1 .. $#{ trim($s[0][0]) }] }
		else { push @out, \@s }
	}
	return \@out;
}

sub can_go {
	my ($node, $min) = @{ $_[0] };
	return $min == 0 || $node->[0] eq 'alt' && least($node) == 0;
}

# The beginning of whatever matches, down to about $n bytes. The second value tells that something was cut off.
sub cut {
	my ($node, $n) = @_;
	return ($node, 0) if $node->[0] ne 'alt';
	my ($cut, @out) = (0, 'alt');
	for my $sequence (@$node[1 .. $#$node]) {
		my ($left, @s) = ($n);
		for my $item (@$sequence) {
			my ($part, $was_cut) = $left > 0 ? cut($item->[0], $left) : (undef, 1);
			$cut = 1 if $was_cut;
			push @s, $was_cut ? [$part, $item->[1] > 0 ? 1 : 0, 1] : $item if $part;
			last if $was_cut;
			$left -= $item->[1] * least($item->[0]);
		}
		push @out, \@s;
	}
	return (\@out, $cut);
}

sub beginning {
	my ($tree, $n) = @_;
	my $part = trim((cut($tree, $n))[0]);
	return least($part) > 2 ? $part : $tree;
}

# From the most exact on; an empty one stands before those that know only the beginning.
sub patterns {
	my ($tree) = @_;
	my $trimmed = trim($tree);
	my @exact = map { write_alternatives($trimmed, $_) } 0 .. 3;
	my @coarse = (
		(map { write_alternatives(beginning($trimmed, $_), 3) } 24, 16), write_alternatives($trimmed, 4),
		(map { write_alternatives(beginning($trimmed, $_), 4) } 12, 8, 5),
	);
	my %seen;
	return grep { $_ eq '' || !$seen{$_}++ } @exact, '', @coarse;
}

my ($what, $dir, $seed) = @ARGV;

# --- samples, for the check

# A text that the tree matches, chosen by chance.
sub sample {
	my ($node, $plain) = @_;
	return '' if $node->[0] eq 'bound';
	if ($node->[0] eq 'set') {
		my @m = members($node->[1]);
		my @plain = grep { chr($_) =~ /[ -~]/ } @m;
		@m = @plain if @plain && ($plain || rand() < 0.8);
		return chr $m[rand @m];
	}
	my @all = @$node[1 .. $#$node];
	my @plain = $plain ? grep { !only_high($_) && !is_entity($_) } @all : ();
	@all = @plain if @plain;
	my $sequence = $all[rand @all];
	my $out = '';
	for my $item (@$sequence) {
		my ($part, $min, $max) = @$item;
		my $most = $max < 0 || $max > $min + 3 ? $min + 3 : $max;
		my $n = $min + int rand($most - $min + 1);
		$out .= sample($part, $plain) for 1 .. $n;
	}
	return $out;
}

# Each rule of the database sees texts made after it, and those made after others: where it matches, its number must be told.
sub check {
	my ($rules, $times) = @_;
	require MailServer::BodyFilter;
	MailServer::BodyFilter::load();
	my @keys = MailServer::BodyFilter::keys_of_rules();
	my %number = map { $keys[$_] => $_ } 0 .. $#keys;
	my ($matches, $never, @texts) = (0, 0);
	for my $r (@$rules) {
		my ($had, $number) = (0, $number{ $r->{key} });
		die "$r->{name} is not in the database\n" unless defined $number;
		for my $i (1 .. $times) {
			my $text = sample($r->{tree}, $i % 2);
			$text = join '', ('', 'Dear friend, ', ' ')[rand 3], $text, ('', ' and so on', '.', "\n")[rand 4];
			next unless $text =~ $r->{qr};
			$matches++;
			grep { $_ == $number } @{ MailServer::BodyFilter::scan($text) } or die "$r->{name} matches and is not told: $text\n";
			push @texts, $text if $had++ < 1;
		}
		$never++ unless $had;
	}
	for my $text (@texts) {
		my %told = map { $_ => 1 } @{ MailServer::BodyFilter::scan($text) };
		for my $r (@$rules) {
			next if $told{ $number{ $r->{key} } } || $text !~ $r->{qr};
			die "$r->{name} matches and is not told: $text\n";
		}
	}
	printf "%d rules, %d matches of texts made after them, %d rules without; %d texts against all rules\n",
		scalar @$rules, $matches, $never, scalar @texts;
	die "too few of the texts match\n" if $never > @$rules / 20;
}

# --- the rules

sub rules_of {
	my ($dir) = @_;
	my $sa = Mail::SpamAssassin->new({
		site_rules_filename => $dir, userprefs_filename => '/dev/null', dont_copy_prefs => 1, local_tests_only => 1,
	});
	$sa->init(0);
	my $conf = $sa->{conf};
	my (%done, @rules);
	for my $name (sort keys %{ $conf->{body_tests}{0} }) {
		next if $conf->{capture_rules}{$name} || $conf->{capture_template_rules}{$name};
		my $text = "$conf->{test_qrs}{$name}";
		next if utf8::is_utf8($text);
		my $key = sha1_hex($text);
		next if $done{$key}++;
		my $tree = eval { read_rule($text) };
		print STDERR "$name is interpreted: $@" if $@ && $what eq 'patterns';
		push @rules, { name => $name, key => $key, qr => $conf->{test_qrs}{$name}, tree => $tree } if $tree;
	}
	return @rules;
}

my @rules = rules_of($dir);
if ($what eq 'patterns') {
	print join("\t", $_->{key}, patterns($_->{tree})), "\n" for @rules;
} else {
	srand($seed // 1);
	check(\@rules, 60);
}
