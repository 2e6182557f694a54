# SPDX-License-Identifier: GPL-2.0-only
#
#   make            build/brood and build/scenarios/*
#   make demo       see it at work (root)
#   make check      all tests (root for the live ones)
#   make help       the other targets
#
# V=1 shows the commands.  CC, CLANG, BPFTOOL, PREFIX, DESTDIR as usual.

CC        ?= gcc
CLANG     ?= clang
BPFTOOL   ?= bpftool
PKGCONFIG ?= pkg-config
INSTALL   ?= install
PREFIX    ?= /usr/local
BUILD     ?= build
# bpftool lies in /usr/sbin, which only root has in PATH.
export PATH := $(PATH):/usr/sbin:/sbin

bindir     = $(PREFIX)/bin
libexecdir = $(PREFIX)/libexec/brood
docdir     = $(PREFIX)/share/doc/brood
systemdsystemunitdir = $(PREFIX)/lib/systemd/system

WARN   := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=gnu17 $(WARN) $(EXTRA_CFLAGS) $(CFLAGS)
# make BUILD=build/asan SANITIZE=address,undefined: brood itself and its unit tests.
SANITIZE ?=
OUR_CFLAGS = $(ALL_CFLAGS) $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer)
CPPFLAGS += -D_GNU_SOURCE -Iinclude -Isrc -I$(BUILD)
LIBS   = $(shell $(PKGCONFIG) --libs libbpf libcap) -lelf -lz -lunistring
STATIC_LIBS = $(shell $(PKGCONFIG) --static --libs libbpf libcap) -lunistring

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)')

SOURCES   := src/main.c $(wildcard src/base/*.c src/source/*.c src/model/*.c src/view/*.c \
	src/export/*.c src/trace/*.c src/verbs/*.c)
OBJECTS   := $(SOURCES:src/%.c=$(BUILD)/obj/%.o)
SCENARIOS := $(patsubst src/scenarios/%.c,$(BUILD)/scenarios/%,$(wildcard src/scenarios/*.c))
UNIT      := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
LIVE      := $(patsubst tests/live/%.c,$(BUILD)/live/%,$(wildcard tests/live/*.c)) $(BUILD)/live/grove
RETRACE   := $(BUILD)/unit/retrace
# The rooms that run without a kernel: what unit tests are linked with.
PURE      := $(filter-out $(BUILD)/obj/source/% $(BUILD)/obj/verbs/% $(BUILD)/obj/main.o,$(OBJECTS)) \
	$(patsubst %,$(BUILD)/obj/%.o,source/file source/dir source/redact source/reapwatch \
	source/procfs source/queue source/catchup verbs/options verbs/moment verbs/select \
	verbs/recorder verbs/rotation verbs/series)

.PHONY: all static scenarios live check check-unit check-live check-memory check-kernels soak \
	soak-model demo install uninstall lint clean vmlinux help
.DELETE_ON_ERROR:

all: $(BUILD)/brood scenarios
scenarios: $(SCENARIOS)
live: $(LIVE) $(RETRACE)
static: $(BUILD)/brood-static

# --- the kernel side ------------------------------------------------------------------

MULTIARCH = $(shell $(CC) -print-multiarch 2>/dev/null)
BPF_CFLAGS = -g -O2 -target bpf -mcpu=v3 -Wall -Wextra -Wno-unused-parameter \
	-Ivmlinux -Iinclude -idirafter /usr/include/$(MULTIARCH) -MMD -MP

# The first that is built: here it turns out what a machine lacks.  `make` installs nothing.
$(BUILD)/brood.bpf.o: bpf/brood.bpf.c
	@.ci/install --tell build || true
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) $(EXTRA_BPF_CFLAGS) -c $< -o $@

$(BUILD)/brood.skel.h: $(BUILD)/brood.bpf.o Makefile
	$(call say,SKEL,$@)
	$(Q){ echo '/* NOLINTBEGIN: generated */' && $(BPFTOOL) gen skeleton $< name brood && \
		echo '/* NOLINTEND */'; } > $@

vmlinux:
	$(call say,VMLINUX,vmlinux/vmlinux.h)
	$(Q)CLANG=$(CLANG) BPFTOOL=$(BPFTOOL) vmlinux/generate.sh vmlinux/vmlinux.h

# --- user space -----------------------------------------------------------------------

$(BUILD)/obj/%.o: src/%.c | $(BUILD)/brood.skel.h
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(OUR_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/brood: $(OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(OUR_CFLAGS) $(LDFLAGS) $^ -o $@ $(LIBS)

STATIC_OBJECTS := $(filter-out $(BUILD)/obj/base/users.o,$(OBJECTS)) $(BUILD)/obj/base/users-static.o

$(BUILD)/obj/base/users-static.o: src/base/users.c
	$(call say,CC,$< (static))
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -DWITHOUT_NSS $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/brood-static: $(STATIC_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -static $^ -o $@ $(STATIC_LIBS)

# Standalone programs: one file each, no library of ours.
$(BUILD)/scenarios/%: src/scenarios/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $< -o $@

# --- tests ----------------------------------------------------------------------------

# An archive, so that each is linked with what it uses.  And -Og: most of the time to build
# them went into optimizing assertions; what they test is built as ever.
$(BUILD)/pure.a: $(PURE)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/pure.a
	$(call say,TEST,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests/unit $(OUR_CFLAGS) -Og -MMD -MP $(LDFLAGS) $< $(BUILD)/pure.a \
		-o $@ -lcmocka $(LIBS)

# Not a test, but what a live test makes its traces with.
$(RETRACE): tests/unit/retrace.c $(PURE)
	$(call say,TEST,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(OUR_CFLAGS) -MMD -MP $(LDFLAGS) $< $(PURE) -o $@ $(LIBS)

# What the live tests trace, one file each.
$(BUILD)/live/%: tests/live/%.c
	$(call say,TEST,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE $(ALL_CFLAGS) -MMD -MP $(LDFLAGS) $< -o $@ -pthread

# And one of several files: a random process tree, the journal of what it did.
GROVE := $(wildcard tests/live/grove/*.c)

$(BUILD)/live/grove: $(GROVE) tests/live/grove/grove.h
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE $(ALL_CFLAGS) $(LDFLAGS) $(GROVE) -o $@ -pthread

check: deps-build-test
	@$(MAKE) --no-print-directory all $(UNIT) $(LIVE) $(RETRACE)
	$(Q)tests/run $(BUILD)

check-unit: $(UNIT)
	$(Q)tests/run --unit $(BUILD)

check-live: all $(LIVE) $(RETRACE)
	$(Q)tests/run --live $(BUILD)

# brood itself under AddressSanitizer, UBSan and valgrind: some of the live tests, once more.
IN_MEMORY := test_scenarios test_traces test_secrets test_survive.Killed test_survive.Unread

check-memory: deps-build-test-memory
	@$(MAKE) --no-print-directory all $(LIVE)
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan SANITIZE=address,undefined CFLAGS='-O1 -g' \
		all live
	$(Q)tests/run --live $(BUILD)/asan $(IN_MEMORY)
	$(Q)tests/run --live $(BUILD) memory

# --- ground truth, for as long as one likes ---------------------------------------------

SEEDS ?= 2000
FIRST ?= 1

soak: deps-build-test all $(BUILD)/live/grove $(BUILD)/live/reaper $(BUILD)/live/lives
	$(Q)BUILD=$(BUILD) tests/live/grove_check.py $(FIRST) $$(($(FIRST) + $(SEEDS) - 1))
	$(if $(LIVES),$(Q)BUILD=$(BUILD) tests/live/soak.py $(LIVES))

# A day of process lives (LIVES=10000000), through the model alone: no kernel, no root.
soak-model: LIVES ?= 10000000
soak-model: $(BUILD)/unit/test_day $(BUILD)/unit/test_day_of_losses
	$(Q)BROOD_TEST_LIVES=$(LIVES) $(BUILD)/unit/test_day
	$(Q)BROOD_TEST_LIVES=$(LIVES) $(BUILD)/unit/test_day_of_losses

# --- kernels: the same tests on other kernels, in virtual machines --------------------
# Linked statically, with the libraries of no release.  KERNELS=bullseye TESTS=fates choose.

IN_VM := $(patsubst tests/live/%.c,$(BUILD)/kernels/live/%,$(wildcard tests/live/*.c)) \
	$(SCENARIOS:$(BUILD)/%=$(BUILD)/kernels/%) $(BUILD)/kernels/fates $(BUILD)/kernels/init \
	$(BUILD)/kernels/live/grove $(BUILD)/kernels/unit/retrace

define static_program
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(1) $(ALL_CFLAGS) -MMD -MP $(LDFLAGS) -static $< -o $@ -pthread
endef
$(BUILD)/kernels/scenarios/%: src/scenarios/%.c
	$(call static_program)
$(BUILD)/kernels/live/%: tests/live/%.c
	$(call static_program,-D_GNU_SOURCE)
$(BUILD)/kernels/live/grove: $(GROVE) tests/live/grove/grove.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE $(ALL_CFLAGS) $(LDFLAGS) -static $(GROVE) -o $@ -pthread
$(BUILD)/kernels/unit/retrace: tests/unit/retrace.c $(PURE:%/users.o=%/users-static.o)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(OUR_CFLAGS) $(LDFLAGS) -static $^ -o $@ $(STATIC_LIBS)
$(BUILD)/kernels/%: tests/kernels/%.c
	$(call static_program,-D_GNU_SOURCE)

.PHONY: in-vm check-kernels-ci check-kernels-arm64
in-vm: $(BUILD)/brood-static $(IN_VM)

check-kernels: deps-build-test-kernels in-vm
	$(Q)tests/kernels/run $(BUILD) $(KERNELS) $(if $(TESTS),-- $(TESTS))

# The most truth for a few minutes: the oldest kernel and the newest.
check-kernels-ci: KERNELS = bullseye sid
check-kernels-ci: TESTS = machine fates grove
check-kernels-ci: export GROVE_SEEDS = 10
check-kernels-ci: check-kernels

# For another architecture: its libraries and programs come unpacked from Debian (sysroot),
# this machine stays as it is.  The probes are the same bytes.
check-kernels-arm64: deps-build-test-kernels-arm $(BUILD)/brood.bpf.o
	$(Q)sysroot=$$(tests/kernels/sysroot arm64) && \
	$(MAKE) --no-print-directory BUILD=$(BUILD)/arm64 CC=aarch64-linux-gnu-gcc MULTIARCH=$(MULTIARCH) \
		EXTRA_CFLAGS="$(EXTRA_CFLAGS) -isystem $$sysroot/usr/include -isystem $$sysroot/usr/include/aarch64-linux-gnu" \
		LDFLAGS="-L$$sysroot/usr/lib/aarch64-linux-gnu" in-vm && \
	ARCH=arm64 SYSROOT=$$sysroot tests/kernels/run $(BUILD)/arm64 $(or $(KERNELS),bookworm trixie) \
		$(if $(TESTS),-- $(TESTS))

# --- cost: figures to read, not tests to pass -------------------------------------------

$(BUILD)/bench/%: tests/bench/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE $(ALL_CFLAGS) $(LDFLAGS) -static $< -o $@ -pthread

# These use our own library.
$(BUILD)/bench/repeat $(BUILD)/bench/read: $(BUILD)/bench/%: tests/bench/%.c $(PURE)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP $(LDFLAGS) $< $(PURE) -o $@ $(LIBS)

# What any probe costs here, beside ours.
$(BUILD)/bench/floor.bpf.o: tests/bench/floor.bpf.c
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/bench/floor.skel.h: $(BUILD)/bench/floor.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name floor_bpf > $@

$(BUILD)/bench/floor: tests/bench/floor.c $(BUILD)/bench/floor.skel.h
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) $< -o $@ $(LIBS)

bench: deps-build-test all $(BUILD)/bench/loop $(BUILD)/bench/floor
	$(Q)python3 tests/bench/cost.py $(BUILD)

# Loaded into brood, with which it has nothing else in common.
$(BUILD)/bench/toggle.so: tests/bench/toggle.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE $(ALL_CFLAGS) -shared -fPIC $(LDFLAGS) $< -o $@

bench-onoff: all $(BUILD)/bench/loop $(BUILD)/bench/toggle.so
	$(Q)python3 tests/bench/onoff.py $(BUILD)

bench-trace: all $(BUILD)/bench/loop $(BUILD)/bench/repeat $(BUILD)/bench/read
	$(Q)python3 tests/bench/trace.py $(BUILD) "$(SOURCE)" $(MILLIONS)

# --- fuzz -------------------------------------------------------------------------------

# make fuzz SECONDS=60: all targets together.  What crashes one stays in its corpus.
SECONDS      ?= 60
FUZZ         := trace_reader trace_block
FUZZ_SOURCES := $(wildcard src/trace/*.c)
FUZZ_CFLAGS   = -std=gnu17 $(WARN) -g -O1 -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=undefined -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION

$(BUILD)/fuzz/%: tests/fuzz/%.c $(FUZZ_SOURCES) $(wildcard src/trace/*.h include/*.h)
	$(call say,FUZZ,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) $(FUZZ_CFLAGS) $< $(FUZZ_SOURCES) -o $@ -lz -pthread

.PHONY: fuzz fuzz-seeds $(FUZZ:%=fuzz-%)
.SECONDARY: $(FUZZ:%=$(BUILD)/fuzz/%)

fuzz: deps-build-fuzz
	@$(MAKE) --no-print-directory $(FUZZ:%=fuzz-%)

$(FUZZ:%=fuzz-%): fuzz-%: $(BUILD)/fuzz/%
	@mkdir -p $(BUILD)/fuzz/corpus/$* tests/fuzz/corpus/$*
	$(Q)ASAN_OPTIONS=quarantine_size_mb=8 $< -verbosity=0 -print_final_stats=1 -timeout=10 \
		-rss_limit_mb=512 -max_total_time=$$(($(SECONDS) / $(words $(FUZZ)))) \
		-artifact_prefix=tests/fuzz/corpus/$*/ \
		$(BUILD)/fuzz/corpus/$* tests/fuzz/corpus/$* >$<.log 2>&1 || { cat $<.log; exit 1; }
	@sed -n 's/^stat::number_of_executed_units: */fuzz $*: runs without a fault: /p' $<.log

# After the format has changed: what the fuzzers start from.
fuzz-seeds: tests/fuzz/seeds.c
	@mkdir -p $(BUILD)/fuzz
	$(Q)$(CC) $(CPPFLAGS) -Itests/unit $(ALL_CFLAGS) $< $(FUZZ_SOURCES) -o $(BUILD)/fuzz/seeds \
		-lcmocka -lz -pthread
	$(Q)$(BUILD)/fuzz/seeds tests/fuzz/corpus

# --- seeing it, and keeping it --------------------------------------------------------

# Made anew each time: what it depends on, PREFIX, is no file.
.PHONY: $(BUILD)/brood.service
$(BUILD)/brood.service: src/brood.service.in
	@mkdir -p $(@D)
	$(Q)sed 's|@bindir@|$(bindir)|; s|@docdir@|$(docdir)|' $< > $@

# `demo` and `check` bring what they need, so that git and make are enough to start.
deps-%:
	@.ci/install $(subst -, ,$*)

demo: deps-build
	@$(MAKE) --no-print-directory all
	@echo; echo '$$ brood -- server 3'
	@$(BUILD)/brood -- $(BUILD)/scenarios/server 3

install: all $(BUILD)/brood.service
	$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(libexecdir) $(DESTDIR)$(docdir) \
		$(DESTDIR)$(systemdsystemunitdir)
	$(INSTALL) -m 755 $(BUILD)/brood $(DESTDIR)$(bindir)/brood
	$(INSTALL) -m 755 $(SCENARIOS) $(DESTDIR)$(libexecdir)
	$(INSTALL) -m 644 README.md LICENSE $(DESTDIR)$(docdir)
	$(INSTALL) -m 644 $(BUILD)/brood.service $(DESTDIR)$(systemdsystemunitdir)

uninstall:
	rm -f $(DESTDIR)$(bindir)/brood $(DESTDIR)$(systemdsystemunitdir)/brood.service
	rm -f $(SCENARIOS:$(BUILD)/scenarios/%=$(DESTDIR)$(libexecdir)/%)
	rm -f $(DESTDIR)$(docdir)/README.md $(DESTDIR)$(docdir)/LICENSE
	-rmdir $(DESTDIR)$(libexecdir) $(DESTDIR)$(docdir) 2>/dev/null

# --- the code itself ------------------------------------------------------------------

LINT := $(SOURCES) $(wildcard src/scenarios/*.c)

lint: $(LINT:%=$(BUILD)/lint/%.ok) $(BUILD)/lint/cppcheck.ok $(BUILD)/lint/service.ok

$(BUILD)/lint/%.ok: % .clang-tidy | $(BUILD)/brood.skel.h
	$(call say,TIDY,$<)
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $< -- \
		$(if $(findstring scenarios/,$<),,$(CPPFLAGS)) $(ALL_CFLAGS) 2>$@.log || \
		{ cat $@.log; exit 1; }
	@touch $@

$(BUILD)/lint/cppcheck.ok: $(LINT) | $(BUILD)/brood.skel.h
	$(call say,CPPCHECK,src)
	@mkdir -p $(@D)
	$(Q)cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
		--inline-suppr --suppress=missingIncludeSystem \
		'-DLIBBPF_OPTS(type,name,...)=struct type name = { __VA_ARGS__ }' \
		'-DHASH_ITER(hh,head,e,next)=while ((e = head))' -Iinclude -Isrc -D_GNU_SOURCE $(LINT)
	@touch $@

# As it would be installed; its exposure, from 0 to 100, is 9 to systemd 252.
$(BUILD)/lint/service.ok: src/brood.service.in | $(BUILD)/brood
	$(call say,SYSTEMD,$<)
	@mkdir -p $(@D)
	$(Q)sed 's|@bindir@|$(abspath $(BUILD))|; s|@docdir@|$(docdir)|' $< > $(@D)/brood.service
	$(Q)systemd-analyze verify --man=no $(@D)/brood.service
	$(Q)systemd-analyze security --offline=yes --no-pager --threshold=15 $(@D)/brood.service \
		>$@.log || { cat $@.log; exit 1; }
	@touch $@

clean:
	rm -rf $(BUILD)

help:
	@sed -n '3,/^$$/s/^# \{0,1\}//p' Makefile
	@echo 'other targets: static check-unit check-live check-memory check-kernels soak fuzz bench'
	@echo '               check-kernels-ci check-kernels-arm64'
	@echo '               bench-onoff bench-trace lint install uninstall vmlinux clean'

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
