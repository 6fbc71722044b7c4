# build.mk: host unit tests. `make unit` builds every tests/unit/test_NAME.c with the sources
# its line `// sources:` names (and `// flags:`), under sanitizers, and runs them all.
#   make unit UNIT=tree                 one test program
#   make unit UNIT_FLAGS="--seed 7"     see build/unit/test_tree --help
B      ?= build
HOSTCC ?= cc
UNIT   ?= *

UNIT_CFLAGS := -std=gnu17 -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined \
               -fno-sanitize-recover=all -DPAGODA_FAULT_INJECTION \
               -Itests/unit/stubs -Itests/unit -Ikernel -Iplatform -I.

unit_tests := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
unit_line   = $(shell sed -n 's,^// $(1): *,,p' $(2))

define unit_rule
$(B)/unit/$(1): tests/unit/$(1).c tests/unit/unit.c $(call unit_line,sources,tests/unit/$(1).c) tests/build.mk
	@mkdir -p $$(@D)
	$$(HOSTCC) $$(UNIT_CFLAGS) -MMD -MP -MF $$@.d -o $$@ $$(filter %.c,$$^) \
	    $(call unit_line,flags,tests/unit/$(1).c)
endef
$(foreach test,$(notdir $(unit_tests)),$(eval $(call unit_rule,$(test))))
-include $(unit_tests:=.d)

.PHONY: unit
unit: $(filter $(B)/unit/test_$(subst *,%,$(UNIT)),$(unit_tests))
	@tests/unit/run $^
