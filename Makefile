# dbmi_authz: a verified token, an identity, and policies that enforce it.
#
# Part 1 holds the targets of this project.  They run before PostgreSQL is
# installed ("deps"), or bear a name that PGXS would answer itself (its
# "check" tests nothing and succeeds); whenever one of them is asked for,
# PGXS is not read, and the work is done by calling make anew.
#
#   make deps       install what building and testing needs (Debian packages)
#   make demo       show the extension at work in a throw-away cluster
#   make check      run every test, each server in a throw-away cluster
#   make check-X    one part of it: layers, names, rows, unit, vectors, warnings,
#                   exports, regress, examples, isolation, tap, docs, django,
#                   sanitize, fuzz; on request only: valgrind, mutation,
#                   endurance
#   make check-tap TAP="test/tap/FILE.pl ..."   some of the TAP tests
#   make check-upgrade [OLD_BINDIR=DIR NEW_BINDIR=DIR]
#                   pg_upgrade between two servers that have the extension
#                   installed; without these, from this server to itself
#   make fuzz FUZZ_SECONDS=n
#                   fuzz each target of the token library for that long
#   make coverage   which share of the token library's lines the tests run
#   make check-versions-compile [PG_CONFIGS="/path/to/pg_config ..."]
#   make check-versions [VERSIONS="15 17 18"] [COMPILERS="gcc clang"] [SUITES="regress tap ..."]
#                   build and test in root directories with other releases
#                   of Debian; as root.  "make clean-versions" removes them
#   make dev        build with assertions, every warning an error ("make clean"
#                   before the next ordinary make)
#   make bench      compare with hand-written conditions, print ratios
#   make clean-up   remove whatever building and testing left here
#
# Part 2 is an ordinary PGXS makefile: make, make install, make installcheck,
# make clean, and the one program of ours, make test/unit/jose_verify.

PG_CONFIG ?= pg_config

SUITES = layers names rows unit vectors warnings exports regress examples isolation tap docs \
	django sanitize fuzz
OURS = deps demo check $(addprefix check-,$(SUITES)) check-valgrind check-mutation \
	check-endurance check-versions-compile check-versions clean-versions check-upgrade fuzz coverage \
	dev bench clean-up
FUZZ_SECONDS ?= 60

ifneq (,$(filter $(OURS),$(MAKECMDGOALS)))

# ---------------------------------------------------------------- Part 1 --

.NOTPARALLEL:
.PHONY: $(OURS)
export PG_CONFIG TAP OLD_BINDIR NEW_BINDIR

AGAIN = $(MAKE) --no-print-directory

deps:
	@test/deps

demo: build
	@test/throwaway demo/run

# "check-layers" needs neither a build nor a server, and so on: test/check
# asks for what it needs.
check:
	@test/check $(SUITES)

$(addprefix check-,$(SUITES)): check-%:
	@test/check $*

check-upgrade:
	@TAP=test/tap/150_pg_upgrade.pl test/check tap

# What takes minutes, or prints figures, is for whoever asks.
check-valgrind:
	@test/valgrind

check-mutation:
	@test/mutation/run

check-endurance:
	@DBMI_CALLS=1000000 TAP=test/tap/180_faults.pl test/check tap

fuzz:
	@test/fuzz/run $(FUZZ_SECONDS)

coverage:
	@test/coverage

check-versions-compile:
	@test/compile $(PG_CONFIGS)

# The first three look at the source alone.
export VERSIONS COMPILERS ROOTS MIRROR
check-versions:
	@test/versions $(filter-out layers names rows,$(SUITES))

clean-versions:
	@test/versions --remove

dev: clean
	$(AGAIN) all DEV=1

bench: build
	@test/throwaway bench/run

clean-up:
	rm -rf tmp_check fuzz_kept results regression.diffs regression.out output_iso
	@if command -v $(PG_CONFIG) >/dev/null; then $(AGAIN) clean; fi

.PHONY: build
build:
	@$(AGAIN) -s all

# Anything else asked for in the same breath, as in "make clean check".
OTHERS = $(sort clean $(filter-out build $(OURS),$(MAKECMDGOALS)))
.PHONY: $(OTHERS)
$(OTHERS):
	@$(AGAIN) $@

else

# ---------------------------------------------------------------- Part 2 --

MODULE_big = dbmi_authz
EXTENSION = dbmi_authz
DATA = $(sort $(wildcard dbmi_authz--*.sql))

TOKEN_OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/token/*.c)))
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))

PG_CPPFLAGS = -Isrc
PG_CFLAGS = -fvisibility=hidden
SHLIB_LINK = -ljansson -lcrypto

# The flags come from the server's gcc; clang need not comment on them.
ifneq (,$(findstring clang,$(CC)))
PG_CFLAGS += -Wno-unknown-warning-option -Wno-ignored-optimization-argument \
	-Wno-ignored-attributes
endif

# Assertions may be on here while they are off in the server: core keeps
# ExceptionalCondition() for that.  Its headers are not ours to mend, so their
# warnings are silenced by reading them as system headers.
ifdef DEV
PG_CPPFLAGS += -DUSE_ASSERT_CHECKING=1 -UNDEBUG \
	-isystem $(shell $(PG_CONFIG) --includedir-server)
PG_CFLAGS += -Wall -Wextra -Wno-unused-parameter -Wstrict-prototypes \
	-Wmissing-prototypes -Wdeclaration-after-statement -Werror=vla -Werror
else
PG_CPPFLAGS += -DNDEBUG
endif

# No bitcode for the just-in-time compiler: a function that it copied into a
# query could not reach our hidden symbols, and the checks that matter are
# gone from the plan before anything is compiled.
override with_llvm = no

# sql/setup.sql comes first if there is one, then the rest by name.  All run
# in one database, in UTF-8 whatever the server's own encoding.
TESTS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS = $(filter setup,$(TESTS)) $(filter-out setup,$(TESTS))
REGRESS_OPTS = --encoding=UTF8 --no-locale

ISOLATION = $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --load-extension=dbmi_authz

TAP_TESTS = 1
PROVE_TESTS = $(sort $(wildcard test/tap/*.pl))

EXTRA_CLEAN = tmp_check $(patsubst %.o,%.gcno,$(OBJS))

PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq (,$(PGXS))
$(error $(PG_CONFIG) was not found: run "make deps", or say PG_CONFIG=/path/to/pg_config)
endif
include $(PGXS)

# PGXS makes no dependencies by itself; there are few files, and one changed
# header rebuilds them all.
$(OBJS): $(wildcard src/*/*.h)

# The token library's own program links the objects of the extension.
test/unit/%: $(TOKEN_OBJS) FORCE
	$(MAKE) -C test/unit $*

clean: clean-unit
.PHONY: clean-unit FORCE
clean-unit:
	$(MAKE) -C test/unit clean
	$(MAKE) -C test/fuzz clean

endif
