# Kernel tests: native programs that take the place of the root server.
#   NAME.c NAME_*.c     -> build/tests/native/NAME.elf
#   support.c support_* -> linked into all of them
NATIVE_SOURCES   := $(patsubst tests/native/%.c,%,$(wildcard tests/native/*.c))
NATIVE_SUPPORT   := $(filter support%,$(NATIVE_SOURCES))
NATIVE_TESTS     := $(foreach name,$(filter-out support,$(NATIVE_SOURCES)),$(if $(findstring _,$(name)),,$(name)))
NATIVE_TEST_ELFS := $(patsubst %,$(B)/tests/native/%.elf,$(NATIVE_TESTS))

$(B)/tests/native/%.o: tests/native/%.c $(SETUP_STAMP)
	@mkdir -p $(@D)
	$(USER_CC) $(USER_CFLAGS) -Itests/native -c $< -o $@
$(B)/tests/native/%.elf: $(patsubst %,$(B)/tests/native/%.o,$(NATIVE_SUPPORT)) $(USER_LIBRARY)
	$(USER_CC) $(USER_LDFLAGS) $(filter %.o,$^) $(USER_LIBRARY) -o $@
$(foreach name,$(NATIVE_TESTS),$(eval $(B)/tests/native/$(name).elf: \
    $(patsubst %,$(B)/tests/native/%.o,$(name) $(filter $(name)_%,$(NATIVE_SOURCES)))))

.PHONY: native-tests
native-tests: $(NATIVE_TEST_ELFS)
.SECONDARY: $(patsubst %,$(B)/tests/native/%.o,$(NATIVE_SOURCES))
-include $(wildcard $(B)/tests/native/*.d)

# Servers for tests, in manifests of their own: tests/native/servers/NAME/*.c -> build/userland/servers/NAME.elf
$(B)/tests/native/servers/%.o: tests/native/servers/% $(SETUP_STAMP)
	@mkdir -p $(@D)
	$(USER_CC) $(USER_CFLAGS) -c $< -o $@
TEST_SERVERS := $(notdir $(patsubst %/,%,$(wildcard tests/native/servers/*/)))
$(foreach name,$(TEST_SERVERS),$(eval $(call native_program,tests/native/servers,$(name),servers)))
native-tests: $(patsubst %,$(B)/userland/servers/%.elf,$(TEST_SERVERS))
-include $(wildcard $(B)/tests/native/servers/*/*.d)
