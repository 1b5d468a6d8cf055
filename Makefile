# podnet's build. Most recipes are one line. Longer work is in scripts/, and each script
# can also be run by itself.

GO       ?= go
GOLANGCI := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# Commands that build against DPDK's headers run through this script; its head says why.
DPDK := scripts/with-dpdk.sh
# The version of podnet, the libraries and a release: the tag, else the commit.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
# The directory of a release.
DISTDIR ?= bin/dist
# Reserves so many 2 MB pages while a command runs. If it cannot, the command runs without.
HUGE := scripts/with-hugepages.sh

.DEFAULT_GOAL := help
.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## install missing packages that the build needs
	@scripts/deps.sh build

.PHONY: build
build: deps ## build bin/testpmd-wrapper
	$(DPDK) $(GO) build -o bin/testpmd-wrapper ./cmd/testpmd-wrapper

.PHONY: podnet
podnet: ## build bin/podnet, a static binary that needs no DPDK
	GO=$(GO) scripts/build-podnet.sh bin/podnet $(VERSION)

.PHONY: capi
capi: podnet ## build the C libraries into bin/capi
	@scripts/deps.sh capi
	$(MAKE) --no-print-directory -C capi VERSION=$(VERSION)

.PHONY: install
install: capi ## install podnet and the C libraries (DESTDIR=, PREFIX=/usr/local, LIBDIR=, LIBEXECDIR=)
	$(MAKE) --no-print-directory -C capi install VERSION=$(VERSION) $(if $(DESTDIR),DESTDIR=$(abspath $(DESTDIR)))

.PHONY: dist
dist: capi ## write a release into bin/dist, as root: sources, podnet, C libraries, manifests, SBOM, images (DIST="sources sbom": only these)
	@scripts/deps.sh image
	rm -rf $(DISTDIR)
	scripts/dist.sh $(VERSION) $(DISTDIR) $(DIST)

.PHONY: demo
demo: build ## resolve a scratch pod and measure its vhost-user and memif sockets (DEMO_FLAGS=--keep: keep the pod)
	$(GO) build -o bin/demo ./test/demo
	$(HUGE) 512 bin/demo $(DEMO_FLAGS)

.PHONY: test
test: ## install missing packages and run the tests that need no container
	@scripts/deps.sh build capi test test-capi instructions lab
	$(MAKE) --no-print-directory test-lib test-unit test-parity test-capi test-dpdk test-instructions test-e2e test-lab

.PHONY: test-lib
test-lib: ## test the library alone, without cgo, and compile it for other systems
	CGO_ENABLED=0 $(GO) test ./lib/... ./internal/kernel/...
	CGO_ENABLED=0 GOOS=darwin $(GO) vet ./lib/...
	CGO_ENABLED=0 GOOS=windows $(GO) vet ./lib/...
	for arch in arm64 ppc64le s390x riscv64; do \
		CGO_ENABLED=0 GOARCH=$$arch $(GO) build ./lib/... ./cmd/podnet || exit; done

# The packages with tests that are smaller or skipped under the race detector.
FULL_SIZE := ./internal/fabric ./internal/result

.PHONY: test-unit
test-unit: ## test every package with the race detector, on a machine without DPDK
	CGO_ENABLED=0 $(GO) build ./...
	$(GO) test -race -tags nodpdk ./...
	CGO_ENABLED=0 $(GO) test -tags nodpdk $(FULL_SIZE)

.PHONY: test-parity
test-parity: ## compare podnet's answers with app-netutil's, scenario by scenario
	cd test/parity && $(GO) test ./...

.PHONY: test-capi
test-capi: ## test the C libraries: sanitizers, valgrind, a hostile helper, musl, app-netutil's programs
	@scripts/deps.sh capi test-capi
	CGO_ENABLED=0 $(GO) test -count=1 -tags capi,nodpdk -timeout 20m $(CAPI_FLAGS) ./test/capi/...

# The packages that depend on DPDK. test-unit tests the others, and test/layers fails if
# one is missing here.
DPDK_PACKAGES := ./cmd/testpmd-wrapper ./internal/cli/measure ./internal/dataplane ./internal/dpdk/... \
	./internal/traffic ./test/docs ./test/loglines

.PHONY: test-dpdk
test-dpdk: build ## test the packages that depend on DPDK, and the commands and claims of the documents
	$(HUGE) 512 $(DPDK) $(GO) test -count=1 $(DPDK_PACKAGES)

.PHONY: test-e2e
test-e2e: build ## test the application against dpdk-testpmd and Open vSwitch
	$(HUGE) 1024 $(DPDK) env PODNET_BIN=$(CURDIR)/bin/testpmd-wrapper \
		$(GO) test -count=1 -tags e2e -timeout 30m $(E2E_FLAGS) ./test/e2e/... ./internal/cli/... ./lib/render

.PHONY: test-chaos
test-chaos: build ## inject faults at random moments into bench, run and dut for CHAOS (default 30s)
	$(HUGE) 256 $(DPDK) env PODNET_BIN=$(CURDIR)/bin/testpmd-wrapper \
		$(GO) test -count=1 -tags e2e -timeout 0 ./test/chaos -chaos $(or $(CHAOS),30s) $(CHAOS_FLAGS)

# Each package of test/lab is tested in a guest of its own, two at a time. The test
# binaries have no cgo, so that they run on any root of the guest.
LAB = CGO_ENABLED=0 $(GO) test -count=1 -tags lab -p 2 -timeout 30m -exec $(CURDIR)/test/lab/boot.sh $(LAB_FLAGS) ./test/lab/...

.PHONY: test-lab
test-lab: build ## test on the VFs, RDMA and vDPA devices of an emulated machine
	@scripts/deps.sh lab
	PODNET_BIN=$(CURDIR)/bin/testpmd-wrapper $(LAB)

.PHONY: test-busy
test-busy: ## the same as test, while a busy process runs on each CPU
	scripts/beside-load.sh $(MAKE) --no-print-directory test

.PHONY: test-cross
test-cross: ## build for arm64 against Debian's DPDK, and run the program under QEMU's emulation
	@scripts/deps.sh build cross
	CGO_ENABLED=0 $(GO) test -count=1 -tags cross -timeout 20m -v ./test/cross/...

.PHONY: test-image
test-image: ## build the container image, run its programs, and make a release, as root
	@scripts/deps.sh capi image
	CGO_ENABLED=0 $(GO) test -count=1 -tags image -timeout 30m ./test/image/...

.PHONY: test-k8s
test-k8s: ## test the image and the manifests on a Kubernetes node that this target starts, as root
	@scripts/deps.sh image k8s
	cd test/k8s/node && CGO_ENABLED=0 $(GO) test .
	$(HUGE) 512 env CGO_ENABLED=0 $(GO) test -count=1 -tags k8s -timeout 45m $(K8S_FLAGS) ./test/k8s/

# Other releases of Debian, for their DPDK. The built programs are in bin/SUITE.
.PHONY: test-trixie test-forky
test-trixie: ## build and test in a root of Debian 13, on DPDK 24.11
test-forky: ## build and test in a root of Debian's testing, on DPDK 25.11
test-trixie test-forky: test-%:
	@scripts/deps.sh debian
	scripts/debian.sh $* test-dpdk test-e2e

.PHONY: test-lab-trixie
test-lab-trixie: ## the same as test-lab with Debian 13's programs and DPDK 24.11
	@scripts/deps.sh lab debian
	scripts/debian.sh trixie build
	PODNET_BIN=$(CURDIR)/bin/trixie/testpmd-wrapper LAB_ROOT=$$(scripts/debian.sh --root trixie) $(LAB)

.PHONY: test-instructions
test-instructions: ## compare the loops' instructions per packet with the baseline and with dpdk-testpmd's
	@scripts/deps.sh build instructions
	$(GO) test -count=1 -tags instructions -timeout 20m ./test/instructions $(INSTRUCTIONS_FLAGS)

.PHONY: bench-peers
bench-peers: build ## write docs/reference/performance.md: podnet's speed beside dpdk-testpmd's and app-netutil's
	@scripts/deps.sh test
	$(GO) build -o bin/benchpeers ./test/benchpeers
	$(HUGE) 512 bin/benchpeers -write docs/reference/performance.md $(PEERS_FLAGS)

.PHONY: bench-dut
bench-dut: build ## measure a device whose rate, loss and delay are known (BENCH_DUT_FLAGS="-rate 50000")
	$(HUGE) 512 $(GO) run ./test/benchdut $(BENCH_DUT_FLAGS)

.PHONY: mlrsearch
mlrsearch: ## write the table that compares podnet's search with FD.io's
	CGO_ENABLED=0 $(GO) test -tags nodpdk -count=1 -run TestSearchBesideReference ./internal/bench -mlrsearch-table

.PHONY: bench-parity
bench-parity: ## compare podnet's speed with app-netutil's, in CPU time per call
	cd test/parity && $(GO) run ./bench

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (default 2m)
	scripts/fuzz.sh $(FUZZTIME)

.PHONY: cover
cover: ## print how much of the library its tests cover
	@mkdir -p bin
	$(GO) test -coverpkg=./lib/... -coverprofile=bin/cover.out ./lib/...
	$(GO) tool cover -func=bin/cover.out | tail -1

.PHONY: prose
prose: ## count the phrases that make our texts hard to read (SHOW=name or all: print them)
	@CGO_ENABLED=0 $(GO) test -count=1 -v -run Patterns ./test/prose $(if $(SHOW),-args -show $(SHOW))

.PHONY: lint
lint: prose ## check the Go code, the C code, the scripts and the wording
	@scripts/deps.sh build capi lint
	$(DPDK) $(GOLANGCI) run --build-tags e2e,lab,image,k8s,cross,capi,instructions
	$(GOLANGCI) run --build-tags nodpdk
	cd test/parity && $(GOLANGCI) run --config ../../.golangci.yml
	scripts/lint-c.sh
	shellcheck scripts/*.sh test/lab/*.sh test/lab/init test/image/*.sh test/k8s/node/*.sh .ci/run

.PHONY: fmt
fmt: ## format the Go code
	$(GOLANGCI) fmt

.PHONY: clean
clean: ## remove the results of the build
	rm -rf bin
