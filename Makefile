# pam_psg: `make`, `make demo`, `make check`, `make install`. `make help` lists all.

PREFIX     ?= /usr
SYSCONFDIR ?= /etc
UNITDIR    ?= $(PREFIX)/lib/systemd/system
LIBDIR     ?= $(PREFIX)/lib/$(shell $(CC) -print-multiarch 2>/dev/null)
PAMDIR     ?= $(LIBDIR)/security
BUILD      ?= build
VERSION    := 0.1.0

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wformat=2 \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wcast-qual \
	-Wwrite-strings -Wpointer-arith -Wundef -Wvla -Wimplicit-fallthrough -Wswitch-enum
ifdef WERROR
WARNINGS += -Werror
endif
ifdef FUZZ
HARDEN := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
LINK_HARDEN := -fsanitize=fuzzer,address,undefined
else ifdef SANITIZE
HARDEN := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
LINK_HARDEN := -fsanitize=address,undefined
else ifdef COVERAGE
# Counted at -O0, where every line is its own; atomically, as some tests run threads.
HARDEN := -O0 --coverage -fprofile-update=atomic
LINK_HARDEN := --coverage -Wl,--wrap=_exit $(BUILD)/obj/tests/counts.o
else
HARDEN := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection
LINK_HARDEN := -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
endif

CFLAGS  ?= -g
ALL_CFLAGS := -std=gnu11 -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections \
	$(HARDEN) $(WARNINGS) -D_GNU_SOURCE -DPSG_VERSION='"$(VERSION)"' -Iinclude -MMD -MP $(CFLAGS)
XML_CFLAGS := $(shell xml2-config --cflags 2>/dev/null || echo -I/usr/include/libxml2)

src = $(sort $(wildcard pam_psg/$(1)/*.c))
obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

LIB_OBJ    := $(call obj,$(call src,core) $(call src,store) $(call src,audit) pam_psg/module/codes.c)
MODULE_OBJ := $(call obj,$(filter-out pam_psg/module/codes.c,$(call src,module)))
ENFORCE_OBJ := $(call obj,$(call src,enforce))
REPORT_OBJ := $(call obj,$(call src,report))
META_OBJ   := $(call obj,$(call src,metadata))
CTL_OBJ    := $(call obj,$(call src,psgctl))
# All of psgctl but main, for the fuzzers of what it reads.
CTL_LIB_OBJ := $(filter-out %/main.o,$(CTL_OBJ))

TEST_SRC := $(sort $(wildcard tests/unit/*.c tests/store/*.c tests/pam/*.c tests/fault/*.c))
TEST_BIN := $(patsubst tests/%.c,$(BUILD)/tests/%,$(filter %_test.c,$(TEST_SRC)))
# tests/fuzz/NAME_fuzz.c is both: a program of `make fuzz`, and with replay.c a test over tests/fuzz/corpus/NAME.
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*_fuzz.c))
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(FUZZ_SRC))
REPLAY_BIN := $(patsubst tests/%.c,$(BUILD)/tests/%,$(FUZZ_SRC))
TEST_LIB := $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out %_test.c,$(TEST_SRC)))

# `make V=1` shows the commands whole.
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '  %-5s %s\n' '$(1)' '$(2)')

all: $(BUILD)/pam_psg.so $(BUILD)/psgctl

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<
$(META_OBJ) $(REPORT_OBJ) $(BUILD)/obj/tests/fuzz/report_fuzz.o: ALL_CFLAGS += $(XML_CFLAGS)
$(CTL_OBJ): ALL_CFLAGS += -DPSG_MODULE_DIRECTORY='"$(PAMDIR)"'

$(BUILD)/libpsg.a: $(LIB_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^
$(BUILD)/libmetadata.a: $(META_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

# -z nodelete: a module that is unloaded under a running host crashes it at pam_end.
$(BUILD)/pam_psg.so: $(MODULE_OBJ) $(BUILD)/libpsg.a pam_psg/module/pam_psg.map Makefile
	$(call say,LINK,$@)
	$(Q)$(CC) -shared $(if $(FUZZ),$(HARDEN),$(LINK_HARDEN)) $(if $(SANITIZE)$(FUZZ),,-Wl,-z,defs) -Wl,-z,nodelete -Wl,--gc-sections -Wl,--as-needed \
	  -Wl,--version-script=pam_psg/module/pam_psg.map $(LDFLAGS) -o $@ \
	  $(MODULE_OBJ) $(BUILD)/libpsg.a -lpam -loath -lsodium

$(BUILD)/libenforce.a: $(ENFORCE_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/libreport.a: $(REPORT_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/psgctl: $(CTL_OBJ) $(BUILD)/libmetadata.a $(BUILD)/libenforce.a $(BUILD)/libreport.a $(BUILD)/libpsg.a
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(LINK_HARDEN) -Wl,--gc-sections -Wl,--as-needed $(LDFLAGS) -o $@ \
	  $(CTL_OBJ) $(BUILD)/libmetadata.a $(BUILD)/libenforce.a $(BUILD)/libreport.a $(BUILD)/libpsg.a -loath -lsodium -lxml2 -lzip -lz -lqrencode -ljansson

# -- tests: every tests/{unit,store,pam,fault}/NAME_test.c is a program; the other files there are linked to all --

TEST_LINK := $(BUILD)/libmetadata.a $(BUILD)/libenforce.a $(BUILD)/libreport.a $(BUILD)/libpsg.a -lcdb -lcmocka -lpam -loath \
	-lsodium -lxml2 -lzip -lz -ljansson -lpthread
TEST_NEEDS := $(BUILD)/libmetadata.a $(BUILD)/libenforce.a $(BUILD)/libreport.a $(BUILD)/libpsg.a

# What a fuzzer is linked with; of TEST_LIB only what it uses.
FUZZ_LINK := $(TEST_LIB) $(BUILD)/libctl.a $(TEST_LINK) -lqrencode
FUZZ_NEEDS := $(TEST_LIB) $(BUILD)/libctl.a $(TEST_NEEDS)
$(BUILD)/libctl.a: $(CTL_LIB_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

tests: $(TEST_BIN) $(REPLAY_BIN) bench-programs
ifdef COVERAGE
$(BUILD)/pam_psg.so $(BUILD)/psgctl $(BUILD)/bench/login $(TEST_BIN) $(REPLAY_BIN): | $(BUILD)/obj/tests/counts.o
$(BUILD)/pam_psg.so: LDFLAGS += -Wl,--wrap=psg_request_end $(BUILD)/obj/tests/counts_module.o
$(BUILD)/pam_psg.so: | $(BUILD)/obj/tests/counts_module.o
endif
# Its own malloc and the like stand before libc's, to fail one by one.
$(patsubst %,$(BUILD)/tests/%_memory_test,store/policy unit/metadata unit/retrieve fault/module): LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup,--wrap=strndup
$(REPLAY_BIN): $(BUILD)/tests/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/obj/tests/fuzz/replay.o $(FUZZ_NEEDS)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK_HARDEN) -Wl,--gc-sections -Wl,--as-needed $(LDFLAGS) -o $@ $< \
	  $(BUILD)/obj/tests/fuzz/replay.o $(FUZZ_LINK)
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(TEST_LIB) $(TEST_NEEDS)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK_HARDEN) -Wl,--gc-sections -Wl,--as-needed $(LDFLAGS) -o $@ $< $(TEST_LIB) $(TEST_LINK)

check: deps
	@$(MAKE) --no-print-directory all tests
	tests/run $(BUILD)

# The same programs under the sanitizers, and the C tests once more under valgrind.
sanitize: deps
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/sanitize SANITIZE=1 all tests
	tests/run --sanitize $(BUILD)/sanitize

# Which lines and branches the tests reach: build/coverage/report. Fails when core/, module/ or store/ has under 95 %.
coverage: deps
	@tests/deps gcovr
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/coverage COVERAGE=1 all tests
	tests/coverage $(BUILD)/coverage

# The same tests with more rounds and every case: what takes too long for `make check`. Then the mutants and the fuzzers.
soak: deps
	@$(MAKE) --no-print-directory all tests
	tests/run --soak $(BUILD)
	@$(MAKE) --no-print-directory mutants
	@$(MAKE) --no-print-directory fuzz
	@$(MAKE) --no-print-directory fresh

# Each defence taken out in turn (tests/mutants/NAME.patch): a test must notice.
mutants: deps
	@$(MAKE) --no-print-directory all tests
	tests/mutants/run $(BUILD)

# Every tests/fuzz/*_fuzz.c under libFuzzer, FUZZ_S seconds each.
FUZZ_S ?= 30
fuzz:
	@tests/deps clang libclang-rt-dev
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz FUZZ=1 CC=clang fuzz-programs
	tests/fuzz/run $(BUILD)/fuzz $(FUZZ_S)
fuzz-programs: $(FUZZ_BIN) $(BUILD)/pam_psg.so
$(FUZZ_BIN): $(BUILD)/%: $(BUILD)/obj/tests/fuzz/%.o $(FUZZ_NEEDS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK_HARDEN) -Wl,--gc-sections $(LDFLAGS) -o $@ $< $(FUZZ_LINK)

# Deploying at scale, next to xmllint over the same files, and logins next to the peers': build/bench/metadata.txt and
# login.txt. Nothing in `make check` is timed.
bench bench-quick: deps
	@$(MAKE) --no-print-directory all bench-programs
	tests/bench/run $(BUILD) $(if $(filter bench-quick,$@),--divide 100)
	tests/bench/logins $(BUILD) $(if $(filter bench-quick,$@),--quick)
bench-programs: $(BUILD)/bench/login
# libpam alone: what a module links must not be in the process before it.
$(BUILD)/bench/login: $(patsubst %.c,$(BUILD)/obj/%.o,$(sort $(wildcard tests/bench/*.c)))
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(LINK_HARDEN) $(LDFLAGS) -o $@ $^ -lpam

demo: deps
	@$(MAKE) --no-print-directory all
	tests/demo $(BUILD)

deps:
	@tests/deps
build-deps:
	@tests/deps --build

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

# Files only: no stack is changed, nothing is enabled. See README, "Quick start".
SHARE := $(DESTDIR)$(PREFIX)/share
# To be copied or included by hand; the rest of conf/ has its own places.
EXAMPLES = $(filter-out conf/completions conf/systemd conf/sysusers.d conf/tmpfiles.d conf/%.in,$(wildcard conf/*))
install: all
	install -d $(DESTDIR)$(PAMDIR) $(DESTDIR)$(PREFIX)/sbin $(SHARE)/pam_psg $(DESTDIR)$(UNITDIR)
	install -m 0644 $(BUILD)/pam_psg.so $(DESTDIR)$(PAMDIR)/pam_psg.so
	install -m 0755 $(BUILD)/psgctl $(DESTDIR)$(PREFIX)/sbin/psgctl
	cp -R $(EXAMPLES) $(SHARE)/pam_psg/
	for unit in conf/systemd/*; do \
	  sed 's|/usr/sbin/|$(PREFIX)/sbin/|' $$unit >$(DESTDIR)$(UNITDIR)/$${unit##*/} || exit 1; \
	  chmod 0644 $(DESTDIR)$(UNITDIR)/$${unit##*/} || exit 1; \
	done
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/lib/tmpfiles.d conf/tmpfiles.d/*
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/lib/sysusers.d conf/sysusers.d/*
	install -D -m 0644 conf/completions/psgctl.bash $(SHARE)/bash-completion/completions/psgctl
	install -D -m 0644 -t $(SHARE)/zsh/vendor-completions conf/completions/_psgctl
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@PAMDIR@|$(PAMDIR)|' -e 's|@VERSION@|$(VERSION)|' conf/pam_psg.pc.in \
	  >$(DESTDIR)$(LIBDIR)/pkgconfig/pam_psg.pc
	chmod 0644 $(DESTDIR)$(LIBDIR)/pkgconfig/pam_psg.pc
	install -d $(SHARE)/man/man5 $(SHARE)/man/man7 $(SHARE)/man/man8
	for section in 5 7 8; do install -m 0644 man/*.$$section $(SHARE)/man/man$$section/ || exit 1; done
	rm -rf $(BUILD)/man && mkdir -p $(BUILD)/man
	awk -f man/commands.awk -v directory=$(BUILD)/man -v psgctl=$(BUILD)/psgctl man/psgctl.8
	install -m 0644 $(BUILD)/man/*.8 $(SHARE)/man/man8/
	ln -sf psg-housekeeping.service.8 $(SHARE)/man/man8/psg-housekeeping.timer.8
	ln -sf ../man7/psg.7 $(SHARE)/man/man5/psg-store.5
	install -d -m 0700 $(DESTDIR)$(SYSCONFDIR)/psg

# What install put there; not the store and its key. Never while a stack still names the module.
uninstall: STAGE = $(abspath $(BUILD))/uninstall
uninstall:
	@. debian/in-use.sh; if said=$$(psg_in_use "$(DESTDIR)"); then \
	  printf '%s\n' 'Not uninstalled: without it nobody gets past these lines, root included.' "$$said" \
	    'Take them out, try a login while a root shell is open, and uninstall again.' >&2; exit 1; \
	fi
	$(if $(DESTDIR),,-systemctl disable --now psg-enforce.service psg-housekeeping.timer)
	rm -rf $(STAGE)
	$(MAKE) --no-print-directory install DESTDIR=$(STAGE)
	cd $(STAGE) && find . ! -type d -exec sh -c 'for file; do rm -f "$(DESTDIR)/$$file"; done' sh {} +
	cd $(STAGE) && find .$(PREFIX)/share/pam_psg .$(SYSCONFDIR)/psg -depth -type d \
	  -exec sh -c 'for folder; do rmdir --ignore-fail-on-non-empty "$(DESTDIR)/$$folder" || exit 1; done' sh {} +
	@rm -rf $(STAGE)

# build/libpam-psg_VERSION_ARCH.deb and the source package, of a copy of the tree; then lintian.
DEB = $(abspath $(BUILD))/deb
deb:
	@tests/deps debhelper dpkg-dev lintian xz-utils
	rm -rf $(DEB) $(BUILD)/*.deb && mkdir -p $(DEB)/pam-psg
	tar -c --exclude-vcs --exclude=./build --exclude='./$(BUILD)' --exclude='__pycache__' --exclude='.pytest_cache' . | tar -x -C $(DEB)/pam-psg
	cd $(DEB)/pam-psg && env -u BUILD -u CFLAGS -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -us -uc -tc
	lintian -EviI --pedantic --fail-on error,warning $(DEB)/*.changes
	cp $(DEB)/*.deb $(BUILD)/
	@ls -l $(BUILD)/*.deb

# The package in a Debian 12 that debootstrap made just now, and a login there. Needs the network.
fresh: deb
	@tests/deps debootstrap
	tests/fresh $(BUILD)

clean:
	rm -rf $(BUILD)

help:
	@echo 'make            build/pam_psg.so and build/psgctl'
	@echo 'make demo       show the main job for real, in a private namespace'
	@echo 'make check      build and run every test (as root for the real programs)'
	@echo 'make sanitize   the tests under ASan, UBSan and valgrind'
	@echo 'make coverage   which lines and branches the tests reach: build/coverage/report'
	@echo 'make soak       the tests with more rounds and every case, then make mutants, make fuzz and make fresh'
	@echo 'make mutants    each defence taken out in turn: a test must notice'
	@echo 'make install    DESTDIR, PREFIX, PAMDIR, UNITDIR, SYSCONFDIR; enables nothing'
	@echo 'make uninstall  takes the same files away; refuses while a stack names the module'
	@echo 'make deb        build/libpam-psg_$(VERSION)_ARCH.deb, judged by lintian'
	@echo 'make fresh      the package in a Debian 12 made by debootstrap, with a login; needs the network'
	@echo 'make fuzz       libFuzzer on whatever is read: records, arguments, answers, files; FUZZ_S=30 seconds each'
	@echo 'make bench      deploying at scale, and logins next to the peers, measured; make bench-quick in less than a minute'
	@echo 'make build-deps install the Debian packages that building takes; make deps: those of the tests too'
	@echo 'make clean      remove build/'
	@echo 'CC=clang WERROR=1 BUILD=DIR are honoured.'

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
.PHONY: all tests check sanitize coverage soak mutants fuzz fuzz-programs bench bench-quick bench-programs demo deps build-deps format install uninstall deb fresh clean help
.DELETE_ON_ERROR:
.SECONDARY:
