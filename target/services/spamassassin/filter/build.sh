#!/bin/sh
# SPDX-License-Identifier: MIT
#
# build.sh RULES OUT: builds BodyFilter for Perl and its databases, and checks them; RULES is a --siteconfigpath of SpamAssassin
set -eu
cd "$(dirname "$0")"
rules=$1 perl=$2/MailServer library=$2/auto/MailServer/BodyFilter
mkdir -p "$perl/BodyFilter" "$library"

typemap=$(perl -MConfig -e 'print "$Config{privlibexp}/ExtUtils/typemap"')
xsubpp -typemap "$typemap" BodyFilter.xs >/tmp/BodyFilter.c
# shellcheck disable=SC2046 # options
gcc -shared -fPIC -O2 $(perl -MExtUtils::Embed -e ccopts) -DVERSION='"1"' -DXS_VERSION='"1"' -o "$library/BodyFilter.so" \
	/tmp/BodyFilter.c -Wl,--gc-sections,-z,relro,-z,now -Wl,-Bstatic -lhs_runtime -lhs -lstdc++ -Wl,-Bdynamic -lm -static-libgcc
strip "$library/BodyFilter.so"
cp BodyFilter.pm "$perl/"

gcc -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -o /tmp/filter filter.c -lhs
perl reduce.pl patterns "$rules" >/tmp/patterns
/tmp/filter "$perl/BodyFilter/rules" "$perl/BodyFilter/rules.keys" </tmp/patterns
perl "-I$2" reduce.pl check "$rules"
