# SPDX-License-Identifier: MIT
#
# make             build/mailserver
# make check       unit tests, golden cases, corpus replay, table lints; with sanitizers, without root
# make lint        layers, format, shell scripts, white space, file length
# make help        all targets
#
# Sources are found by wildcard: a new file or folder needs no change here. Variables to set:
#   CC       compiler (gcc; clang works too)
#   WERROR=1 warnings are errors (CI, image build; `make check` sets it)
#   VERSION, CFLAGS, LDFLAGS, V=1, DESTDIR, PREFIX, T="str tpl" (which unit tests)

ifeq ($(origin CC),default)
CC = gcc
endif
MAKEFLAGS += --no-builtin-rules
# As many jobs as there are processors, unless the caller says otherwise.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

PREFIX ?= /usr/local
VERSION ?= local
SHAREDIR ?= /usr/share/mailserver
Q = $(if $(V),,@)

# --- sources ---------------------------------------------------------------------------------------------
SOURCES := $(sort $(wildcard target/src/*.c target/src/*/*.c target/services/*/*.c))
LIB_SOURCES := $(filter-out target/src/main.c,$(SOURCES))
UNIT_SOURCES := $(sort $(wildcard test/unit/test_*.c))
FUZZ_SOURCES := $(sort $(wildcard test/fuzz/fuzz_*.c))
HAVE_MAIN := $(wildcard target/src/main.c)

SETTINGS_DEFS := $(wildcard target/services/*/settings.def)
SERVICE_FILES := $(wildcard target/services/*/service.c)
ORDER_FILE := $(wildcard target/services/ORDER)
DEF_FOLDERS := $(sort $(patsubst target/services/%/settings.def,%,$(SETTINGS_DEFS)))
SERVICE_FOLDERS := $(sort $(patsubst target/services/%/service.c,%,$(SERVICE_FILES)))
ORDER := $(if $(ORDER_FILE),$(shell sed 's/\#.*//' $(ORDER_FILE)))
# The folders of ORDER that have rows, then the others by name.
DEF_ORDER := $(filter $(DEF_FOLDERS),$(ORDER)) $(filter-out $(ORDER),$(DEF_FOLDERS))

# Libraries: linked only if a source includes their header.
uses = $(shell grep -lE '^.include <$(1)[.]h>' $(SOURCES) /dev/null)
LIBS := -lcrypt -lcrypto -lssl -lresolv
LIBS += $(if $(call uses,jansson),-ljansson)
LIBS += $(if $(call uses,cdb),-lcdb)
LIBS += $(if $(call uses,lmdb),-llmdb)
LIBS += $(if $(call uses,sqlite3),-lsqlite3)
LIBS += $(if $(call uses,pcre2),-lpcre2-8)
LIBS := -Wl,--as-needed $(strip $(LIBS))

# --- flags -----------------------------------------------------------------------------------------------
# Each flag below is tried once by itself; those the compiler takes end up in build/flags.mk.
WARN_FLAGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2 \
	-Wformat-signedness -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Wwrite-strings \
	-Wcast-qual -Wpointer-arith -Wswitch-enum -Wnull-dereference -Wduplicated-cond \
	-Wduplicated-branches -Wlogical-op
HARD_FLAGS = -fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero \
	-fno-strict-overflow -fstrict-flex-arrays=3 -fcf-protection=full -mbranch-protection=standard

BASE_FLAGS = -std=gnu17 -include target/src/base/prelude.h -Itarget/src -Itarget/services -Ibuild \
	-DMAILSERVER_VERSION='"$(VERSION)"'
OPT_FLAGS = -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 $(PROBED_HARD) -fPIE
LINK_FLAGS = -pie -Wl,-z,relro,-z,now,-z,noexecstack
SAN_FLAGS = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
COV_FLAGS = -O0 -g --coverage
DEP_FLAGS = -MMD -MP
compile = $(CC) $(BASE_FLAGS) $(PROBED_WARN) $(if $(WERROR),-Werror) $(DEP_FLAGS)

# Another compiler or version than last time: begin anew.
$(shell grep -qsxF 'PROBED_FOR := $(CC) $(VERSION)' build/flags.mk || rm -f build/flags.mk)
NO_BUILD_GOALS = clean help lint lint-% format
ifneq ($(filter-out $(NO_BUILD_GOALS),$(or $(MAKECMDGOALS),all)),)
include build/flags.mk
endif

build/flags.mk:
	@mkdir -p build
	@probe() { for flag; do \
		echo 'int probe;' | $(CC) -Werror $$flag -x c -c - -o $@.o 2>/dev/null && \
			printf ' %s' $$flag; \
	done; rm -f $@.o; }; \
	{ \
		echo 'PROBED_FOR := $(CC) $(VERSION)'; \
		echo "PROBED_WARN :=$$(probe $(WARN_FLAGS))"; \
		echo "PROBED_HARD :=$$(probe $(HARD_FLAGS))"; \
	} >$@.new && mv $@.new $@

# --- generated lists -------------------------------------------------------------------------------------
# Written anew by every make, but touched only when their text changes. Parallel makes may run at the same time.
define settings_list
$(if $(wildcard target/src/settings/core.def),#include "settings/core.def"
)$(foreach d,$(DEF_ORDER),#include "$(d)/settings.def"
)
endef
define services_list
$(foreach s,$(SERVICE_FOLDERS),SERVICE($(subst -,_,$(s)))
)
endef
GENERATED = build/gen/settings.list build/gen/services.list

.PHONY: FORCE
FORCE:

write_if_changed = mkdir -p $(@D) && { cmp -s $@.$$$$ $@ && rm -f $@.$$$$ || mv $@.$$$$ $@; }
export settings_list services_list

build/gen/settings.list: FORCE
	@mkdir -p $(@D); printf '%s' "$$settings_list" | sed 's/^ //; /^$$/d' >$@.$$$$; $(write_if_changed)

build/gen/services.list: FORCE
	@mkdir -p $(@D); printf '%s' "$$services_list" | sed 's/^ //; /^$$/d' >$@.$$$$; $(write_if_changed)

# --- objects: three directories, three sets of flags -------------------------------------------------------
OBJ = $(patsubst %.c,build/obj/%.o,$(SOURCES))
ASAN_OBJ = $(patsubst %.c,build/asan/%.o,$(SOURCES))
ASAN_LIB_OBJ = $(patsubst %.c,build/asan/%.o,$(LIB_SOURCES))
COV_OBJ = $(patsubst %.c,build/cov/%.o,$(SOURCES))
COV_LIB_OBJ = $(patsubst %.c,build/cov/%.o,$(LIB_SOURCES))

build/obj/%.o: %.c build/flags.mk | $(GENERATED)
	$(if $(V),,@echo "  CC      $<")
	$(Q)mkdir -p $(@D) && $(compile) $(OPT_FLAGS) $(CFLAGS) -c $< -o $@

build/asan/%.o: %.c build/flags.mk | $(GENERATED)
	$(if $(V),,@echo "  CC asan $<")
	$(Q)mkdir -p $(@D) && $(compile) $(SAN_FLAGS) -Itest $(CFLAGS) -c $< -o $@

build/cov/%.o: %.c build/flags.mk | $(GENERATED)
	$(if $(V),,@echo "  CC cov  $<")
	$(Q)mkdir -p $(@D) && $(compile) $(COV_FLAGS) -Itest $(CFLAGS) -c $< -o $@

# Written anew each time: an archive keeps the objects of sources that are gone.
build/asan/lib.a: $(ASAN_LIB_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

build/cov/lib.a: $(COV_LIB_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# --- programs --------------------------------------------------------------------------------------------
.PHONY: all
all: $(if $(HAVE_MAIN),build/mailserver,$(OBJ))

build/mailserver: $(OBJ)
	$(if $(V),,@echo "  LINK    $@")
	$(Q)$(CC) $(OPT_FLAGS) $(CFLAGS) $(LINK_FLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

build/asan/mailserver: $(ASAN_OBJ)
	$(if $(V),,@echo "  LINK    $@")
	$(Q)$(CC) $(SAN_FLAGS) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

build/cov/mailserver: $(COV_OBJ)
	$(if $(V),,@echo "  LINK    $@")
	$(Q)$(CC) $(COV_FLAGS) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

UNITS = $(if $(T),$(addprefix test_,$(T)),$(patsubst test/unit/%.c,%,$(UNIT_SOURCES)))
FUZZERS = $(patsubst test/fuzz/%.c,%,$(FUZZ_SOURCES))
ASAN_UNITS = $(addprefix build/asan/unit/,$(UNITS))
ASAN_FUZZERS = $(addprefix build/asan/fuzz/,$(FUZZERS))
COV_UNITS = $(addprefix build/cov/unit/,$(UNITS))
COV_FUZZERS = $(addprefix build/cov/fuzz/,$(FUZZERS))

$(ASAN_UNITS): build/asan/unit/%: build/asan/test/unit/%.o build/asan/lib.a
	$(Q)mkdir -p $(@D) && $(CC) $(SAN_FLAGS) $(LDFLAGS) $^ -lcmocka $(LIBS) -o $@

$(ASAN_FUZZERS): build/asan/fuzz/%: build/asan/test/fuzz/%.o build/asan/test/fuzz/replay_main.o build/asan/lib.a
	$(Q)mkdir -p $(@D) && $(CC) $(SAN_FLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

$(COV_UNITS): build/cov/unit/%: build/cov/test/unit/%.o build/cov/lib.a
	$(Q)mkdir -p $(@D) && $(CC) $(COV_FLAGS) $(LDFLAGS) $^ -lcmocka $(LIBS) -o $@

$(COV_FUZZERS): build/cov/fuzz/%: build/cov/test/fuzz/%.o build/cov/test/fuzz/replay_main.o build/cov/lib.a
	$(Q)mkdir -p $(@D) && $(CC) $(COV_FLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

# --- tests -----------------------------------------------------------------------------------------------
.PHONY: check check-start check-unit check-fuzz check-golden check-tables coverage golden-update env-dist man
check build/asan/% build/cov/%: WERROR = 1

check: check-unit check-fuzz check-golden check-tables coverage

check-start:
	@mkdir -p build/results && rm -f build/results/counts

check-unit: $(ASAN_UNITS) | check-start
	@test/run-suite.sh unit $(ASAN_UNITS)

check-fuzz: $(ASAN_FUZZERS) | check-start
	@test/run-suite.sh fuzz $(ASAN_FUZZERS)

# These two need the program and the scripts, which a tree under construction may lack.
GOLDEN = $(if $(HAVE_MAIN),$(wildcard test/golden/run.sh))
check-golden: $(if $(GOLDEN),build/asan/mailserver) | check-start
	@$(if $(GOLDEN),test/golden/run.sh build/asan/mailserver,echo "golden: no cases yet")

check-tables: $(if $(HAVE_MAIN),build/asan/mailserver) | check-start
	@$(if $(HAVE_MAIN),test/run-suite.sh tables build/asan/mailserver,echo "tables: no program yet")

golden-update: build/asan/mailserver
	@test/golden/run.sh --update build/asan/mailserver

env-dist: build/mailserver
	@build/mailserver config dist >env-mailserver.dist.new && mv env-mailserver.dist.new env-mailserver.dist

# Manual pages, made from the rows; in the source for those who read them before they build.
MAN_PAGES = setup mailserver
man: build/mailserver
	@mkdir -p docs/man && for page in $(MAN_PAGES); do \
		build/mailserver man $$page >docs/man/$$page.8.new && mv docs/man/$$page.8.new docs/man/$$page.8 || exit 1; done

# The same cases once more, with another set of objects; their verdict is given above, here only lines count.
coverage: $(COV_UNITS) $(COV_FUZZERS) $(if $(HAVE_MAIN),build/cov/mailserver)
	@test/coverage.sh build/cov settings plan base

# Real fuzzing, with clang: make fuzz-tpl [FUZZ_TIME=60]; what it finds goes into the corpus.
FUZZ_TIME ?= 60
fuzz-%: test/fuzz/fuzz_%.c $(LIB_SOURCES) $(GENERATED)
	@mkdir -p build/fuzz test/fuzz/corpus/$*
	clang $(BASE_FLAGS) -g -O1 -fsanitize=fuzzer,address,undefined $< $(LIB_SOURCES) $(LIBS) -o build/fuzz/$*
	build/fuzz/$* -max_total_time=$(FUZZ_TIME) -artifact_prefix=test/fuzz/corpus/$*/ build/fuzz/ test/fuzz/corpus/$*

# --- lint ------------------------------------------------------------------------------------------------
.PHONY: lint lint-layers lint-format lint-shell lint-text format
lint: lint-layers lint-format lint-shell lint-text

lint-layers:
	@test/lint-layers.sh

lint-format:
	@test/lint-text.sh format

lint-shell:
	@test/lint-text.sh shell

lint-text:
	@test/lint-text.sh text

format:
	clang-format -i $$(test/lint-text.sh list-c)

# Slow checks: the compiler's analyser over all sources, and clang-tidy.
.PHONY: analyse
analyse: $(GENERATED)
	@for f in $(SOURCES); do $(compile) -O2 -fanalyzer -Werror -c $$f -o /dev/null -MF /dev/null || exit 1; done
	@clang-tidy --quiet $(SOURCES) -- $(BASE_FLAGS)

# --- the rest --------------------------------------------------------------------------------------------
.PHONY: install clean help
install: build/mailserver
	install -D -m 0755 build/mailserver $(DESTDIR)$(PREFIX)/bin/mailserver
	ln -sf mailserver $(DESTDIR)$(PREFIX)/bin/setup
	ln -sf mailserver $(DESTDIR)$(PREFIX)/bin/healthcheck
	@for page in $(MAN_PAGES); do \
		install -D -m 0644 docs/man/$$page.8 $(DESTDIR)$(PREFIX)/share/man/man8/$$page.8 || exit 1; done
	@cd target/services && for f in */*.tpl; do \
		[ ! -e "$$f" ] || install -D -m 0644 "$$f" "$(DESTDIR)$(SHAREDIR)/$$f" || exit 1; done

clean:
	rm -rf build

help:
	@sed -n '3,/^$$/s/^# \{0,1\}//p' Makefile
	@echo 'make check-unit T="str tpl"   some unit tests'
	@echo 'make coverage                 line coverage of settings, plan and base (part of check)'
	@echo 'make golden-update env-dist man   write generated files anew; review the diff'
	@echo 'make fuzz-tpl FUZZ_TIME=60    fuzz one parser (clang)'
	@echo 'make format analyse           clang-format in place; analyser and clang-tidy'
	@echo 'make install DESTDIR=dir      binary, links, manual pages, templates'
	@echo 'make clean'
	@for f in target/make/*.mk; do [ ! -e "$$f" ] || sed -n 's/^#   //p' "$$f"; done

-include target/make/container.mk
-include $(patsubst %.c,build/obj/%.d,$(SOURCES))
-include $(patsubst %.c,build/asan/%.d,$(SOURCES) $(UNIT_SOURCES) $(FUZZ_SOURCES) test/fuzz/replay_main.c)
-include $(patsubst %.c,build/cov/%.d,$(SOURCES) $(UNIT_SOURCES) $(FUZZ_SOURCES) test/fuzz/replay_main.c)
