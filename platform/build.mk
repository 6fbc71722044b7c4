# build.mk: looking at boards' device trees. (kernel/build.mk compiles platform/*.c.)
#   make tree GIC=3 MEMORY=1G CPUS=4    QEMU virt's own tree as source: build/dts/virt.dts
#   make trees                          dts/unit/*.dts as the kernel would be given them
B      ?= build
GIC    ?= 2
MEMORY ?= 1G
CPUS   ?= 1

.PHONY: tree trees
tree:
	@mkdir -p $(B)/dts
	timeout 60 qemu-system-aarch64 -nodefaults -display none -cpu cortex-a72 -m $(MEMORY) -smp $(CPUS) \
	    -M virt,gic-version=$(GIC),dumpdtb=$(B)/dts/virt.dtb
	dtc -q -I dtb -O dts -o $(B)/dts/virt.dts $(B)/dts/virt.dtb
	@echo $(B)/dts/virt.dts

trees: $(patsubst dts/unit/%.dts,$(B)/dts/%.dtb,$(wildcard dts/unit/*.dts))
$(B)/dts/%.dtb: dts/unit/%.dts
	@mkdir -p $(@D)
	dtc -q -I dts -O dtb -o $@ $<
