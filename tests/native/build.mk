# Kernel tests: native programs that take the place of the root server.
NATIVE_TESTS := $(filter-out support,$(basename $(notdir $(wildcard tests/native/*.c))))
NATIVE_TEST_ELFS := $(patsubst %,$(B)/tests/native/%.elf,$(NATIVE_TESTS))

$(B)/tests/native/%.o: tests/native/%.c $(SETUP_STAMP)
	@mkdir -p $(@D)
	$(USER_CC) $(USER_CFLAGS) -Itests/native -c $< -o $@
$(B)/tests/native/%.elf: $(B)/tests/native/%.o $(B)/tests/native/support.o $(USER_LIBRARY)
	$(USER_CC) $(USER_LDFLAGS) $(filter %.o,$^) $(USER_LIBRARY) -o $@

.PHONY: native-tests
native-tests: $(NATIVE_TEST_ELFS)
.SECONDARY: $(patsubst %,$(B)/tests/native/%.o,$(NATIVE_TESTS) support)
-include $(wildcard $(B)/tests/native/*.d)
