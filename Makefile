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
#   make check-X    one part of it: layers, checks, names, rows, unit, vectors, build, warnings,
#                   exports, regress, examples, isolation, tap, docs, recipes, demo, django,
#                   programs, site, packages, zip, sanitize, fuzz; on request only: valgrind,
#                   mutation, endurance, rpm, docker
#   make check-quick    what takes less than half a minute: while working
#   make check-long     what does not fit into "make check": when all is done
#   make check-forced   regress, isolation and those of tap that keep plans, each
#                   plan made for all users from the first time on
#   make check-asserts  PostgreSQL 15 built with its own assertions, and regress,
#                   isolation and tap on it; builds it once
#   make check-regress SQL="checks orgs"        some of the SQL tests
#   make check-tap TAP="test/tap/FILE.pl ..."   some of the TAP tests
#   make check-citus [CITUS_ROOTS=DIR]
#                   a cluster of Citus, where the server has it or a root directory
#                   below DIR does; "skipped" elsewhere
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
#   make pictures   draw those of the documentation anew, from today's sources
#   make site       one static site from README.md and doc/, in site/
#   make deb        build Debian packages for the servers of this machine, into tmp_check/deb
#   make bench      compare with hand-written conditions, print ratios
#   make dist       the zip for PGXN, of what is committed, into this directory
#   make clean-up   remove whatever building and testing left here
#
# Part 2 is an ordinary PGXS makefile: make, make install, make installcheck,
# make uninstall, make clean, and the one program of ours, make test/unit/jose_verify.  A build
# may have a directory of its own: make -f DIRECTORY/Makefile.

PG_CONFIG ?= pg_config

# Where the sources are: VPATH, as PGXS has it, or wherever this file is.  It
# is "." but for who builds in a directory apart, "make -f ../Makefile".
SOURCE := $(or $(VPATH),$(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST)))))

SUITES = layers checks names rows unit vectors build warnings exports regress examples isolation \
	tap docs recipes demo django programs site packages zip sanitize fuzz
QUICK = layers checks names rows unit regress isolation

# Those whose length can be chosen.
LONG_TAP = $(addprefix test/tap/,075_preloaded_by_server.pl 100_equivalence.pl 110_pools.pl 160_lifetime.pl 180_faults.pl 190_settings.pl 245_plan_walk.pl 250_snapshots.pl \
	275_ceilings.pl 290_sets.pl 295_sets_races.pl 300_lint.pl 310_simulate.pl 320_explain_access.pl 358_keys_owner.pl 360_stat.pl 376_login_walk.pl)

# Those that keep plans.
FORCED_TAP = $(addprefix test/tap/,010_parallel.pl 020_pooling.pl 030_log_leak.pl 060_prepared_plans.pl 070_preload.pl 080_folding.pl \
	110_pools.pl 120_standby.pl 130_foreign.pl 160_lifetime.pl 200_items.pl 210_neighbour.pl 220_background.pl 230_hooks.pl)

OURS = deps demo check $(addprefix check-,$(SUITES)) check-quick check-long check-forced check-asserts \
	check-rpm check-docker check-valgrind check-mutation check-endurance check-citus check-versions-compile check-versions clean-versions check-upgrade fuzz coverage \
	dev bench deb dist pictures site clean-up
FUZZ_SECONDS ?= 60

ifneq (,$(filter $(OURS),$(MAKECMDGOALS)))

# ---------------------------------------------------------------- Part 1 --

.NOTPARALLEL:
.PHONY: $(OURS)
export PG_CONFIG SQL TAP OLD_BINDIR NEW_BINDIR CITUS_ROOTS

# All of this is about the source tree, wherever make was called.
AGAIN = $(MAKE) --no-print-directory -C $(SOURCE) VPATH=

deps:
	@$(SOURCE)/test/deps

demo: build
	@$(SOURCE)/test/throwaway demo/run

# "check-layers" needs neither a build nor a server, and so on: test/check
# asks for what it needs.
check:
	@$(SOURCE)/test/check $(SUITES)

$(addprefix check-,$(SUITES)): check-%:
	@$(SOURCE)/test/check $*

check-upgrade:
	@TAP=test/tap/150_pg_upgrade.pl $(SOURCE)/test/check tap

check-quick:
	@QUICK=1 $(SOURCE)/test/check $(QUICK)

# What takes minutes, or prints figures, is for whoever asks.
check-long:
	@DBMI_LONG=1 TAP="$(LONG_TAP)" $(SOURCE)/test/check tap valgrind asserts

check-forced:
	@FORCED=1 TAP="$(if $(TAP),$(TAP),$(FORCED_TAP))" $(SOURCE)/test/check regress isolation tap

check-asserts:
	@$(SOURCE)/test/asserts

check-valgrind:
	@$(SOURCE)/test/valgrind

check-rpm:
	@$(SOURCE)/test/packages/rpm

check-docker:
	@$(SOURCE)/test/packages/docker

check-mutation:
	@$(SOURCE)/test/mutation/run

check-endurance:
	@DBMI_CALLS=1000000 DBMI_EVERY=1 TAP="test/tap/180_faults.pl test/tap/185_loading.pl" $(SOURCE)/test/check tap

check-citus:
	@$(SOURCE)/test/citus/run

fuzz:
	@$(SOURCE)/test/fuzz/run $(FUZZ_SECONDS)

coverage:
	@$(SOURCE)/test/coverage

check-versions-compile:
	@$(SOURCE)/test/compile $(PG_CONFIGS)

# Those that are left out look at the source alone, or make root directories of their own.
export VERSIONS COMPILERS ROOTS MIRROR
check-versions:
	@$(SOURCE)/test/versions $(filter-out layers checks names rows programs site packages zip,$(SUITES))

clean-versions:
	@$(SOURCE)/test/versions --remove

dev: clean
	$(AGAIN) all DEV=1

bench: build
	@$(AGAIN) -s bench/key_speed
	@$(SOURCE)/test/throwaway bench/run

pictures:
	@$(SOURCE)/doc/pictures/draw.py

site:
	@$(SOURCE)/test/site $(SOURCE)/site

dist:
	@$(SOURCE)/packaging/dist

deb:
	@$(SOURCE)/debian/build-packages

clean-up:
	cd $(SOURCE) && rm -rf tmp_check fuzz_kept site results regression.diffs regression.out output_iso
	@if command -v $(PG_CONFIG) >/dev/null; then $(MAKE) -C $(SOURCE)/modules clean; $(AGAIN) clean; fi

.PHONY: build
build:
	@$(AGAIN) -s all
	@$(MAKE) --no-print-directory -s -C $(SOURCE)/modules all

# Anything else asked for in the same breath, as in "make clean check".
OTHERS = $(sort clean $(filter-out build $(OURS),$(MAKECMDGOALS)))
.PHONY: $(OTHERS)
$(OTHERS):
	@$(AGAIN) $@

else

# ---------------------------------------------------------------- Part 2 --

MODULE_big = dbmi_authz
EXTENSION = dbmi_authz
DATA = $(call files,dbmi_authz--*.sql)

# Files of the source tree, by their names in there.
files = $(patsubst $(SOURCE)/%,%,$(sort $(wildcard $(addprefix $(SOURCE)/,$(1)))))

TOKEN_OBJS = $(patsubst %.c,%.o,$(call files,src/token/*.c))
OBJS = $(TOKEN_OBJS) $(filter-out $(TOKEN_OBJS),$(patsubst %.c,%.o,$(call files,src/*.c src/*/*.c)))

# Not there: see "no-sources" below.
-include $(SOURCE)/src/flags.mk

# sql/setup.sql comes first if there is one, then the rest by name.  All run
# in one database, in UTF-8 whatever the server's own encoding.  SQL names some of them.
TESTS = $(patsubst sql/%.sql,%,$(call files,sql/*.sql))
REGRESS = $(or $(SQL),$(filter setup,$(TESTS)) $(filter-out setup,$(TESTS)))
REGRESS_OPTS = --encoding=UTF8 --no-locale

ISOLATION = $(patsubst test/isolation/specs/%.spec,%,$(call files,test/isolation/specs/*.spec))
ISOLATION_OPTS = --inputdir=$(SOURCE)/test/isolation --load-extension=dbmi_authz

# The longest first: what is begun last ought to end soon.
LONGEST = $(addprefix test/tap/,190_settings.pl 100_equivalence.pl 110_pools.pl 350_update_keys.pl 351_update_keys_addresses.pl 295_sets_races.pl 275_ceilings.pl \
	050_restores.pl 185_loading.pl 352_update_keys_database.pl 240_upgrade.pl 357_keys_life.pl 075_preloaded_by_server.pl 290_sets.pl \
	375_login_identity.pl 031_noisy_log.pl 366_log_identity.pl 080_folding.pl 160_lifetime.pl 300_lint.pl 245_plan_walk.pl \
	361_sessions.pl 310_simulate.pl 365_log_logins.pl 376_login_walk.pl 355_keys_worker.pl 230_trust_walk.pl)
# "make installcheck" runs these too if asked: make installcheck TAP_TESTS=1
PROVE_TESTS = $(LONGEST) $(filter-out $(LONGEST),$(call files,test/tap/*.pl))

EXTRA_CLEAN = tmp_check bench/key_speed $(patsubst %.o,%.gcno,$(OBJS))

# No library without code, and none without its script.
ifeq (,$(and $(OBJS),$(DATA)))
all install dbmi_authz.so: no-sources
.PHONY: no-sources
no-sources:
	@echo "the sources of $(EXTENSION) are not in \"$(SOURCE)\": say make -f DIRECTORY/Makefile, or VPATH=DIRECTORY; where a name has a blank, make works in the directory itself" >&2
	@false
endif

PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq (,$(PGXS))
$(error $(PG_CONFIG) was not found: run "make deps", or say PG_CONFIG=/path/to/pg_config)
endif
include $(PGXS)

ifneq (,$(filter 7.% 8.% 9.% 10 11 12 13 14,$(MAJORVERSION)))
$(error $(PG_CONFIG) is of PostgreSQL $(MAJORVERSION), and 15 is the oldest that will do: say PG_CONFIG=/path/to/another/pg_config)
endif

# In a directory apart only sources are looked for in the tree: an object that
# an earlier build left there is none of this one.
srcdir := $(SOURCE)
override VPATH =
vpath %.c $(SOURCE)
vpath %.control $(SOURCE)

# PGXS makes no dependencies by itself; there are few files, and one changed
# header rebuilds them all.
$(OBJS): $(wildcard $(SOURCE)/src/*/*.h) | $(sort $(dir $(OBJS))) libraries

# Said once, and not by each file that wants them.
.PHONY: libraries
libraries:
	@for header in jansson openssl/evp; do \
		echo "#include <$$header.h>" | $(CC) $(CPPFLAGS) -E -x c - >/dev/null 2>&1 || \
			{ echo "$$header.h was not found: OpenSSL and jansson are needed, with their headers (Debian: libssl-dev libjansson-dev)" >&2; exit 1; }; \
	done

$(sort $(dir $(OBJS))):
	@mkdir -p $@

# The pages lie below here as they lie in the tree, beside the programs of contrib/
# that they tell of, so that links from one to another lead on.
PAGES_DIR = $(docdir)/$(docmoduledir)/$(EXTENSION)
PAGES = $(call files,*.md LICENSE doc/*.* doc/*/*.* doc/*/*/*.* doc/*/*/*/*.* django/*.md modules/*/*.md src/*/*.md \
	test/*.md test/*/*.md bench/*.md examples/*.md examples/*/*.md contrib/*/*.*)
PROGRAMS = $(filter-out $(sort $(patsubst %/,%,$(dir $(call files,contrib/*/*)))),$(call files,contrib/*))

# $(call install_folder,COMMAND,FOLDER/,FILES): those of the files that lie in there
define install_folder
	$(MKDIR_P) '$(DESTDIR)$(PAGES_DIR)/$(2)'
	$(1) $(foreach file,$(3),$(if $(filter $(2),$(dir $(file))),'$(SOURCE)/$(file)')) '$(DESTDIR)$(PAGES_DIR)/$(2)'

endef

install: install-pages
uninstall: uninstall-pages
.PHONY: install-pages uninstall-pages
install-pages:
	$(foreach folder,$(sort $(dir $(PAGES))),$(call install_folder,$(INSTALL_DATA),$(folder),$(PAGES)))
	$(foreach folder,$(sort $(dir $(PROGRAMS))),$(call install_folder,$(INSTALL_SCRIPT),$(folder),$(PROGRAMS)))
uninstall-pages:
	rm -rf '$(DESTDIR)$(PAGES_DIR)'

# The token library's own program links the objects of the extension.
ifeq ($(realpath $(SOURCE)),$(CURDIR))
test/unit/%: $(TOKEN_OBJS) FORCE
	$(MAKE) -C test/unit $*

bench/key_speed: bench/key_speed.c $(TOKEN_OBJS)
	$(CC) $(CFLAGS) $(CPPFLAGS) -o $@ $^ $(SHLIB_LINK) -lm

clean: clean-unit
.PHONY: clean-unit FORCE
clean-unit:
	$(MAKE) -C test/unit clean
	$(MAKE) -C test/fuzz clean
endif

endif
