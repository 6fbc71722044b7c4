# The kernel: one ELF for debuggers, one Image for boot loaders.
KERNEL_SOURCES := $(wildcard kernel/*.c kernel/*/*.c kernel/*/*.S platform/*.c)
KERNEL_OBJECTS := $(patsubst %,$(B)/virt/%.o,$(basename $(KERNEL_SOURCES)))
KERNEL_FLAGS := -std=gnu17 -O2 -g -ffreestanding -nostdlib -mgeneral-regs-only -mno-outline-atomics \
	-mstrict-align -mcmodel=small -fno-common -fno-pic -fno-stack-protector -fno-omit-frame-pointer \
	-fno-tree-loop-distribute-patterns -fno-strict-aliasing -Wall -Wextra -Werror \
	-Wmissing-prototypes -Wno-unused-parameter -DPAGODA_FAULT_INJECTION -Ikernel -I. \
	-I$(SYSROOT)/usr/include -MMD -MP

# What runs once, or for people: small instead of fast.
KERNEL_COLD := $(wildcard kernel/boot/*.c kernel/debug/*.c platform/*.c) kernel/main.c kernel/mm/pool_audit.c \
	kernel/arch/kernel_map.c kernel/task/pool_object.c kernel/ipc/irq.c
$(patsubst %.c,$(B)/virt/%.o,$(KERNEL_COLD)): KERNEL_FLAGS += -Os

$(B)/virt/%.o: %.c $(SETUP_STAMP)
	@mkdir -p $(@D)
	$(CROSS)gcc $(KERNEL_FLAGS) -c $< -o $@
$(B)/virt/%.o: %.S $(SETUP_STAMP)
	@mkdir -p $(@D)
	$(CROSS)gcc $(KERNEL_FLAGS) -D__ASSEMBLER__ -c $< -o $@

$(B)/virt/kernel.elf: $(KERNEL_OBJECTS) kernel/arch/kernel.ld
	$(CROSS)ld -nostdlib -static --no-warn-rwx-segments -T kernel/arch/kernel.ld -o $@ $(KERNEL_OBJECTS) $(SYSROOT)/usr/lib/aarch64-linux-gnu/libfdt.a
$(B)/virt/Image: $(B)/virt/kernel.elf
	$(CROSS)objcopy -O binary $< $@
	$(CROSS)objdump -d $< > $(B)/virt/kernel.S

.PHONY: kernel
kernel: $(B)/virt/Image
-include $(KERNEL_OBJECTS:.o=.d)
