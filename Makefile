# SPDX-License-Identifier: Apache-2.0
# Two commands do everything: `make up` runs Vakt on this machine, `make test` proves it. `make bench`
# measures what it costs; ROUNDS=3 LOADS="exec open" make it shorter.

BUILD := build/release
ASAN := build/asan
TSAN := build/tsan

.PHONY: up down build test test-kill bench clean

up:
	@tools/install-packages.sh packaging/packages-build.txt
	@tools/up.sh

down:
	@tools/down.sh

build: $(BUILD)/build.ninja
	ninja -C $(BUILD)
	@tools/build-portal.sh build/portal

$(BUILD)/build.ninja:
	meson setup $(BUILD)

$(ASAN)/build.ninja:
	meson setup $(ASAN) -Db_sanitize=address,undefined -Db_lundef=false

$(TSAN)/build.ninja:
	meson setup $(TSAN) -Db_sanitize=thread -Db_lundef=false

test:
	@tools/install-packages.sh packaging/packages-build.txt packaging/packages-test.txt
	@tools/fetch-libchdb.sh build/chdb
	@$(MAKE) --no-print-directory build $(ASAN)/build.ninja $(TSAN)/build.ninja
	ninja -C $(ASAN)
	@tools/run-tests.py $(ASAN):unit,fuzz,sanitized $(TSAN):threads $(BUILD):check,host $(BUILD):guest

bench:
	@tools/install-packages.sh packaging/packages-build.txt packaging/packages-bench.txt
	@$(MAKE) --no-print-directory build
	@bench/bench.py

# 200 kills in a row; make test has a short one.
test-kill: build
	@tests/e2e/kill.py $(BUILD) 200

clean:
	rm -rf build
