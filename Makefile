# Pagoda. `make help` lists what can be made.
#
# Everything built goes to build/. Each folder's own rules are in its build.mk.

B       := build
CROSS   ?= aarch64-linux-gnu-
PYTHON  ?= /usr/bin/python3
SYSROOT := $(B)/sysroot
export CROSS

# What `make run` starts (nothing: a shell); e.g. make run PROGRAM=/bin/hello RUN="--gic 3".
PROGRAM ?=
ARGS    ?=
RUN     ?=

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# One short line for each file that is made; V=1 shows the commands instead.
ifndef V
MAKEFLAGS += --silent
announced :=
announce = $(if $(filter-out $(B)/setup.mk,$(filter $(B)/%,$1)),$(if $(filter $1,$(announced)),,$(info $(empty)  $1)$(eval announced := $1)))
SHELL = $(call announce,$@)/bin/sh
endif

# Set-up comes before everything that compiles: make remakes this file first. The
# script is quick when nothing is missing and then leaves the file as it is.
without_setup := help clean distclean format check-format lint doctor setup
ifneq ($(filter-out $(without_setup),$(or $(MAKECMDGOALS),all)),)
include $(B)/setup.mk
$(B)/setup.mk: always
	@tools/setup --quiet
endif
# Objects are made anew when the libraries of the set-up are.
SETUP_STAMP := $(wildcard $(SYSROOT)/.packages)

include kernel/build.mk platform/build.mk userland/build.mk userland/apps/build.mk
include drivers/build.mk tests/build.mk tests/native/build.mk

.PHONY: all always setup doctor run test system mutants bench compare differential gdb image format check-format lint \
        reference clean distclean help

all: kernel servers examples apps native-tests ## kernel, servers, programs (the default)

setup: ## install what is missing (asks first; see tools/setup --help)
	@tools/setup

doctor: ## name each missing thing and its fix
	@tools/pagoda doctor

run: all ## a shell, or PROGRAM, started through U-Boot; then say what happened
	@tools/pagoda run --uboot --summary $(RUN) -- $(PROGRAM) $(ARGS)

test: ## all tests; ends with one line "N passed, N failed"
	+@$(PYTHON) tests/run --make "$(MAKE)" all

# unit: see tests/build.mk
system: all ## tests that boot Pagoda in QEMU; TESTS="tests/system/test_boot.py", K=expression
	@$(PYTHON) tests/run system $(TESTS) $(if $(K),--select "$(K)")

mutants: all ## break the kernel in small ways and see that the kernel tests notice
	@$(PYTHON) tests/mutants/run $(MUTANTS)

bench: all ## instructions per operation, beside those of seL4 and Linux
	@tools/pagoda bench $(RUN)

compare: all ## one program's instructions on Debian's arm64 Linux and on Pagoda
	@tools/pagoda compare $(ROWS)

differential: all ## random programs on Linux and on Pagoda; SEEDS=1-50 STEPS=200
	@$(PYTHON) tests/differential/run $(if $(SEEDS),--seeds $(SEEDS)) $(if $(STEPS),--steps $(STEPS))

gdb: all ## run PROGRAM under the debugger, halted at the kernel's first instruction
	@tools/pagoda gdb $(RUN) -- $(or $(PROGRAM),/bin/seed) $(ARGS)

image: all ## build/virt/disk.img: a disk that U-Boot starts
	@tools/pagoda image $(RUN) -- $(PROGRAM) $(ARGS)

reference: ## build/reference.md: every kernel call, from kernel/entry/syscalls.def
	@mkdir -p $(B)
	@tools/pagoda reference >$(B)/reference.md
	@echo $(B)/reference.md

c_sources = $(shell git ls-files -co --exclude-standard '*.c' '*.h')
format: ## lay out all C files as .clang-format says
	@tools/pagoda lint --need clang-format
	@clang-format -i $(c_sources)

check-format: ## name the C files that `make format` would change
	@tools/pagoda lint --need clang-format
	@clang-format --dry-run -Werror $(c_sources)

lint: ## the rules of the house: sizes of files, READMEs, forbidden words
	@tools/pagoda lint

clean: ## remove what was built; set-up and packages stay
	@rm -rf $(filter-out $(SYSROOT) $(B)/packages $(B)/setup.mk $(B)/setup.log,$(wildcard $(B)/*))

distclean: ## remove build/ altogether
	@rm -rf $(B)

help: ## this list
	@echo 'make TARGET, where TARGET is'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' Makefile
	@echo '  unit          tests of single parts on this machine; UNIT=tree for one'
