# What the makefiles of the optional libraries share: ours are the token library
# and the headers of src.  MODULE_big, OBJS and SHLIB_LINK are set by who includes it.

PG_CONFIG ?= pg_config

SOURCE := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))/..
TOKEN_OBJS := $(patsubst %.c,%.o,$(wildcard $(SOURCE)/src/token/*.c))
OBJS += $(TOKEN_OBJS)

PG_CPPFLAGS = -I$(SOURCE)/src -I.
PG_CFLAGS = -fvisibility=hidden
SHLIB_LINK += -ljansson -lcrypto

ifneq (,$(findstring clang,$(CC)))
PG_CFLAGS += -Wno-unknown-warning-option -Wno-ignored-optimization-argument \
	-Wno-ignored-attributes
endif

# As in the Makefile of the extension.
ifdef DEV
PG_CPPFLAGS += -DUSE_ASSERT_CHECKING=1 -UNDEBUG \
	-isystem $(shell $(PG_CONFIG) --includedir-server)
PG_CFLAGS += -Wall -Wextra -Wno-unused-parameter -Wstrict-prototypes \
	-Wmissing-prototypes -Wdeclaration-after-statement -Werror=vla -Werror
else
PG_CPPFLAGS += -DNDEBUG
endif
override with_llvm = no

PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq (,$(PGXS))
$(error $(PG_CONFIG) was not found: run "make deps", or say PG_CONFIG=/path/to/pg_config)
endif
include $(PGXS)

$(OBJS): $(wildcard *.h $(SOURCE)/src/*/*.h)
