# How our C is compiled: for the Makefile of the extension and for modules/module.mk.
# $(SOURCE) is where the source tree is.

PG_CPPFLAGS = -I$(SOURCE)/src
PG_CFLAGS = -fvisibility=hidden
SHLIB_LINK += -ljansson -lcrypto

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
