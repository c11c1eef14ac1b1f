# What the makefiles of the optional libraries share: ours are the token library
# and the headers of src.  MODULE_big, OBJS and SHLIB_LINK are set by who includes it.

PG_CONFIG ?= pg_config

SOURCE := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))/..
TOKEN_OBJS := $(patsubst %.c,%.o,$(wildcard $(SOURCE)/src/token/*.c))
OBJS += $(TOKEN_OBJS)

include $(SOURCE)/src/flags.mk
PG_CPPFLAGS += -I.

PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq (,$(PGXS))
$(error $(PG_CONFIG) was not found: run "make deps", or say PG_CONFIG=/path/to/pg_config)
endif
include $(PGXS)

$(OBJS): $(wildcard *.h $(SOURCE)/src/*/*.h)
