#!/bin/sh
# SPDX-License-Identifier: MIT
#
# build.sh OUT: Pigeonhole's extprograms as a plugin that stays in memory once it has been loaded
#
# Pigeonhole loads its plugins for each user anew, and takes them out of memory after each delivery, to bind the same symbols
# again for the next one. What is built here has no code. It needs the package's plugin, which the loader therefore brings along,
# and it is marked to stay; dlsym(3) finds the plugin's functions in what it needs. The package's file is as it was.
#
# SOURCES
#	dlopen(3) RTLD_NODELETE, dlsym(3); ld(1) "-z nodelete".
set -eu
plugin=lib90_sieve_extprograms_plugin.so dir=/usr/lib/dovecot/modules/sieve
mkdir -p "$1"
work=$(mktemp -d)
# The package need not be here: its name is all that the linker takes from it.
gcc -shared -nostdlib -Wl,-soname,"$plugin" -o "$work/$plugin" -x c /dev/null
gcc -shared -nostdlib -Wl,--no-as-needed,-z,nodelete,-z,relro,-z,now,-z,noexecstack,--enable-new-dtags,-rpath,"$dir" \
	-o "$1/$plugin" -x c /dev/null -x none "$work/$plugin"
rm -r "$work"
readelf -d "$1/$plugin" | grep -q "NEEDED.*\[$plugin\]"
readelf -d "$1/$plugin" | grep -q 'FLAGS_1.*NODELETE'
