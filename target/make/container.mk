# SPDX-License-Identifier: MIT
#
# Targets that need a container engine; included by the top-level Makefile, which has `all`, `check` and `lint`.
# test/engine.sh gets the engine and the base image where they are missing, and says what it found.
#
#   make image           build mailserver:local (IMAGE=NAME); CHECK=0 leaves out `make check` in the builder stage
#   make up, make down   start and stop a demo server through docker-compose.yml (BIND=0.0.0.0: for others too)
#   make e2e             the end-to-end tests; TESTS='test/e2e/imap.bats' for some of them, JOBS=1 for one at a time
#   make test            everything: lint, unit, golden, corpus, image, end to end
#   make bench           the figures of this image, of the bare daemons, and of others: IMAGES='a b', ONLY=start,throughput,
#                        ROUNDS=5, QUICK=1; `test/bench/run.sh --help` explains it and has more

IMAGE ?= mailserver:local
CHECK ?= 1
JOBS ?= 2
TESTS ?=
BIND ?= 127.0.0.1
IMAGES ?=
ONLY ?=
ROUNDS ?=
QUICK ?=

# Shell text at the start of a recipe line: sets ENGINE and COMPOSE or fails with a sentence.
with_engine = settings=$$(test/engine.sh env) && eval "$$settings"

.PHONY: engine engine-compose image up down e2e test bench

engine:
	@test/engine.sh ensure

engine-compose:
	@test/engine.sh ensure compose

image: engine
	@$(with_engine) && \
	case $$ENGINE in *podman*) set -- --format docker ;; *) set -- ;; esac && \
	revision=$$(git rev-parse -q --verify --short HEAD 2>/dev/null || echo unknown) && \
	"$$ENGINE" build "$$@" --tag $(IMAGE) --build-arg CHECK=$(CHECK) --build-arg REVISION="$$revision" .

# A newcomer need not wait for the tests.
up: CHECK = 0
up: engine-compose image
	@$(with_engine) && BIND=$(BIND) target/make/up.sh up

down:
	@$(with_engine) && target/make/up.sh down

e2e: engine-compose image
	@$(with_engine) && IMAGE=$(IMAGE) JOBS=$(JOBS) test/e2e/run.sh $(TESTS)

# Every step is run, and what they counted is added up at the end: one failed or skipped test makes it fail.
# (Not $(MAKE): with that word in a line, `make -n test` would run it.)
again = make --no-print-directory

test: engine-compose
	@test/tally.sh start
	@test/tally.sh run lint $(again) lint || :
	@test/tally.sh run check $(again) -k -j$(JOBS) check || :
	@test/tally.sh run image $(again) image CHECK=$(CHECK) IMAGE=$(IMAGE) && $(with_engine) && \
	IMAGE=$(IMAGE) JOBS=$(JOBS) test/e2e/run.sh $(TESTS) || :
	@test/tally.sh sum

bench: image
	@$(with_engine) && IMAGE=$(IMAGE) test/bench/run.sh $(if $(QUICK),--quick) $(if $(ONLY),--only '$(ONLY)') \
		$(if $(ROUNDS),--rounds $(ROUNDS)) $(IMAGES)
