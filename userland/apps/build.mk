# Linux test programs. Every NAME.c here becomes four unmodified Linux programs in
# $(B)/userland/apps: NAME.musl, NAME.musl-pie, NAME.glibc, NAME.glibc-pie, all static.
# SYSROOT holds Debian's musl-dev for arm64, unpacked; glibc comes with the cross compiler.
SYSROOT ?= $(B)/sysroot
APPS_CC := $(CROSS)gcc
APPS_OUT := $(B)/userland/apps
APPS := $(patsubst userland/apps/%.c,%,$(wildcard userland/apps/*.c))
APPS_FLAVOURS := musl musl-pie glibc glibc-pie
APPS_PROGRAMS := $(foreach a,$(APPS),$(foreach f,$(APPS_FLAVOURS),$(APPS_OUT)/$a.$f))
APPS_CFLAGS := -std=gnu17 -O2 -g -Wall -Wextra -Werror

MUSL_LIB := $(SYSROOT)/usr/lib/aarch64-linux-musl
MUSL_CFLAGS := -nostdinc -isystem $(SYSROOT)/usr/include/aarch64-linux-musl \
    -isystem $(shell $(APPS_CC) -print-file-name=include) -idirafter /usr/aarch64-linux-gnu/include
MUSL_LIBS := -Wl,--start-group $(MUSL_LIB)/libc.a $(shell $(APPS_CC) -print-libgcc-file-name) \
    -Wl,--end-group $(MUSL_LIB)/crtn.o

# A folder NAME of several files becomes one program, NAME.musl.
APPS_FOLDERS := $(notdir $(patsubst %/,%,$(wildcard userland/apps/*/)))
APPS_PROGRAMS += $(APPS_FOLDERS:%=$(APPS_OUT)/%.musl)

.PHONY: apps
apps: $(APPS_PROGRAMS)

$(APPS_OUT)/%.musl.o: userland/apps/%.c | $(APPS_OUT)
	$(APPS_CC) $(APPS_CFLAGS) $(MUSL_CFLAGS) -fno-pie -c -o $@ $<
$(APPS_OUT)/%.musl-pie.o: userland/apps/%.c | $(APPS_OUT)
	$(APPS_CC) $(APPS_CFLAGS) $(MUSL_CFLAGS) -fPIE -mno-outline-atomics -c -o $@ $<

APPS_LINK_MUSL = $(APPS_CC) -nostdlib -static -no-pie -o $@ $(MUSL_LIB)/crt1.o $(MUSL_LIB)/crti.o \
    $(filter %.o,$^) $(MUSL_LIBS)
$(APPS_OUT)/%.musl: $(APPS_OUT)/%.musl.o
	$(APPS_LINK_MUSL)
define app_folder
$(APPS_OUT)/$(1).musl: $(patsubst userland/apps/%.c,$(APPS_OUT)/%.musl.o,$(wildcard userland/apps/$(1)/*.c))
	$$(APPS_LINK_MUSL)
$(patsubst userland/apps/%.c,$(APPS_OUT)/%.musl.o,$(wildcard userland/apps/$(1)/*.c)): \
    $(wildcard userland/apps/$(1)/*.h) | $(APPS_OUT)/$(1)
$(APPS_OUT)/$(1):
	mkdir -p $$@
endef
$(foreach name,$(APPS_FOLDERS),$(eval $(call app_folder,$(name))))
$(APPS_OUT)/%.musl-pie: $(APPS_OUT)/%.musl-pie.o
	$(APPS_CC) -nostdlib -static-pie -o $@ $(MUSL_LIB)/rcrt1.o $(MUSL_LIB)/crti.o $< $(MUSL_LIBS)
$(APPS_OUT)/%.glibc: userland/apps/%.c | $(APPS_OUT)
	$(APPS_CC) $(APPS_CFLAGS) -static -o $@ $<
$(APPS_OUT)/%.glibc-pie: userland/apps/%.c | $(APPS_OUT)
	$(APPS_CC) $(APPS_CFLAGS) -static-pie -o $@ $<

$(APPS_OUT):
	mkdir -p $@
