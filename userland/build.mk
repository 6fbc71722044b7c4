# Native programs: one per folder of userland/servers and drivers, linked with the library.
#
#   userland/servers/NAME/*.c *.S and its folders, drivers/NAME/*.c *.S  ->  build/userland/servers/NAME.elf
#   userland/examples/NAME/*.c *.S                       ->  build/userland/examples/NAME.elf

USER_CC      := $(CROSS)gcc
USER_CFLAGS  := -std=c17 -O2 -g -Wall -Wextra -Werror -ffreestanding -mgeneral-regs-only \
                -mno-outline-atomics -fno-common -fno-pic -fno-stack-protector \
                -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
                -Iuserland -Ikernel -I. -MMD -MP
USER_LDFLAGS := -nostdlib -static -no-pie -Wl,--gc-sections -Wl,--build-id -Wl,-z,noexecstack \
                -Wl,-z,max-page-size=4096 -T userland/lib/native.ld
USER_LIBRARY := $(B)/userland/libnative.a
DRIVER_LIBRARY := $(B)/drivers/libdriver.a
DRIVER_OBJECTS := $(patsubst %,$(B)/%.o,$(wildcard drivers/lib/*.c))
USER_OBJECTS := $(patsubst %,$(B)/%.o,$(wildcard userland/lib/*.c userland/lib/*.S))
USER_SERVERS := $(notdir $(patsubst %/,%,$(wildcard userland/servers/*/)))
USER_DRIVERS := $(filter-out lib,$(notdir $(patsubst %/,%,$(wildcard drivers/*/))))
USER_EXAMPLES := $(notdir $(patsubst %/,%,$(wildcard userland/examples/*/)))
SERVER_ELFS  := $(patsubst %,$(B)/userland/servers/%.elf,$(USER_SERVERS) $(USER_DRIVERS))

$(B)/userland/%.o: userland/% $(SETUP_STAMP)
	@mkdir -p $(@D)
	$(USER_CC) $(USER_CFLAGS) -I$(<D) -I$(<D)/.. -c $< -o $@

$(B)/drivers/%.o: drivers/% $(SETUP_STAMP)
	@mkdir -p $(@D)
	$(USER_CC) $(USER_CFLAGS) -I$(<D) -I$(<D)/.. -c $< -o $@

# The compiler must not turn the loops of memcpy into calls of memcpy.
$(B)/userland/lib/memory.c.o: USER_CFLAGS += -fno-tree-loop-distribute-patterns

$(DRIVER_LIBRARY): $(DRIVER_OBJECTS)
	@rm -f $@
	$(CROSS)ar rcs $@ $^

# Root reads the device tree with the kernel's own code and libfdt.
ROOT_LIBRARIES := $(SYSROOT)/usr/lib/aarch64-linux-gnu/libfdt.a
$(B)/userland/servers/root/%.o: USER_CFLAGS += -isystem $(SYSROOT)/usr/include
$(B)/userland/servers/root/boot_tree.o: kernel/boot/tree.c $(SETUP_STAMP)
	@mkdir -p $(@D)
	$(USER_CC) $(USER_CFLAGS) -c $< -o $@
$(B)/userland/servers/root.elf: $(B)/userland/servers/root/boot_tree.o

# vfs has libext2fs for a file system, and of a C library only what servers/vfs/libc.c has: anything
# else that the archive refers to is undefined at link time. The archive uses FP registers, and so
# may vfs.
VFS_LIBRARIES := $(SYSROOT)/usr/lib/aarch64-linux-gnu/libext2fs.a
$(B)/userland/servers/vfs/%.o: USER_CFLAGS := $(filter-out -mgeneral-regs-only,$(USER_CFLAGS)) \
                                              -isystem $(SYSROOT)/usr/include

$(USER_LIBRARY): $(USER_OBJECTS)
	@rm -f $@
	$(CROSS)ar rcs $@ $^

# $(1): folder of the sources, $(2): name, $(3): folder below $(B)/userland
define native_program
$(B)/userland/$(3)/$(2).elf: $(patsubst %,$(B)/%.o,$(wildcard $(1)/$(2)/*.c $(1)/$(2)/*.S $(1)/$(2)/*/*.c)) \
                                $(DRIVER_LIBRARY) $(USER_LIBRARY) userland/lib/native.ld
	@mkdir -p $$(@D)
	$(USER_CC) $(USER_LDFLAGS) $$(filter %.o,$$^) $(DRIVER_LIBRARY) $(4) $(USER_LIBRARY) -o $$@
endef
$(foreach name,$(USER_SERVERS),$(eval $(call native_program,userland/servers,$(name),servers,$(if $(filter root,$(name)),$(ROOT_LIBRARIES))$(if $(filter vfs,$(name)),$(VFS_LIBRARIES)))))
$(foreach name,$(USER_DRIVERS),$(eval $(call native_program,drivers,$(name),servers)))
$(foreach name,$(USER_EXAMPLES),$(eval $(call native_program,userland/examples,$(name),examples)))

# The code proc maps into every Linux program. What would need a relocation is refused.
VDSO_OBJECTS := $(patsubst %,$(B)/%.o,$(wildcard userland/vdso/*.c userland/vdso/*.S))
$(VDSO_OBJECTS): USER_CFLAGS += -fPIC -O2
$(B)/userland/vdso.so: $(VDSO_OBJECTS) userland/vdso/vdso.ld
	$(USER_CC) -nostdlib -shared -Wl,-soname,linux-vdso.so.1 -Wl,--hash-style=both -Wl,--build-id \
	    -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,-z,text -Wl,--no-undefined \
	    -T userland/vdso/vdso.ld $(VDSO_OBJECTS) -o $@

.PHONY: servers examples
servers: $(SERVER_ELFS) $(B)/userland/vdso.so
examples: $(patsubst %,$(B)/userland/examples/%.elf,$(USER_EXAMPLES))

-include $(wildcard $(B)/userland/lib/*.d $(B)/userland/vdso/*.d $(B)/userland/servers/*/*.d $(B)/userland/servers/*/*/*.d $(B)/userland/examples/*/*.d \
                    $(B)/drivers/*/*.d)
