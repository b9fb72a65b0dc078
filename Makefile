# Targets are sentences: make demo, make test, make check, make fuzz FUZZTIME=1m.
GO           ?= go
GOEXPERIMENT ?=
FUZZTIME     ?= 1m
PACKAGES     ?= ./...
OUT          ?= runs/demo
STATICCHECK  := honnef.co/go/tools/cmd/staticcheck@v0.7.0
ROUNDS       ?= 3
TESTFLAGS    ?=
# packages with assembly of some architecture
KERNELS      := ./internal/crc32c ./internal/inflate ./io/imagefile/jpeg ./model/backend/cpu/internal/kernels ./transforms/views/augment

export GOEXPERIMENT

.PHONY: all build demo test store-test flink-test xla-test arm64-test race check format vet lint layers generate generated fuzz bench bench-peers bench-scale interop interop-pictures graph-picture report-shot clean help

all: build

help: ## say what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

build: bin/retort ## build bin/retort

.PHONY: bin/retort
bin/retort:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o $@ ./cmd/retort

demo: bin/retort ## make a small image set and run the whole graph on it
	bin/retort synth --out $(OUT)/images --per-class 300
	bin/retort run --preset demo --images $(OUT)/images --labels folder --out $(OUT)/run

test: ## run all tests; Go alone is enough
	$(GO) test $(TESTFLAGS) $(PACKAGES)

store-test: ## the tests of stores, also against servers that spoil every fifth answer
	RETORT_STORE_TEST=1 $(GO) test -count=1 ./io/blob ./pipelines/simclrv2 -run 'Bucket|Store|Faults|Refus|Lease|Lock|List|Object|Whole'

flink-test: ## the smoke graph on a real Flink, with faults, and on a Spark (installs them into .flink; needs Java and Maven)
	bash runners/flink/test.sh $(TESTFLAGS)

xla-test: ## the tests of model/ and the smoke graph on XLA (installs a plugin for CPUs into .xla; needs pip and a C compiler)
	bash bench/xla/test.sh

arm64-test: ## the tests of the packages with kernels on an emulated arm64 (needs qemu-user)
	GOARCH=arm64 $(GO) test -timeout 2h -exec qemu-aarch64 $(TESTFLAGS) $(KERNELS)

race: ## run all tests with the race detector
	$(GO) test -race $(PACKAGES)

check: format vet lint layers generated test ## format, vet, lint, import directions, generated code, tests

format: ## fail when a file is not as gofmt writes it
	@files=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	if [ -n "$$files" ]; then echo "not as gofmt writes them:"; echo "$$files"; exit 1; fi

vet:
	$(GO) vet $(PACKAGES)
	GOARCH=arm64 $(GO) vet $(KERNELS)

lint:
	$(GO) run $(STATICCHECK) $(PACKAGES)

layers: ## fail when a package imports against the direction
	$(GO) test ./internal/layers

generate: graph-picture ## make all generated code, tables and the picture of the graph anew
	$(GO) generate $(PACKAGES)
	$(GO) test ./model/backend/cpu -run '^TestReadmeClaimsWhatIsThere$$' -update
	$(GO) test ./transforms/views/augment -run '^TestDocsShowTheTableOfOperations$$' -update

generated: ## fail when generated code is not what its generators make
	@GO="$(GO)" .ci/generated

fuzz: ## run every fuzz target for FUZZTIME
	@for p in $$($(GO) list $(PACKAGES)); do \
		for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "== $$p $$f"; \
			$(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x $$p || exit 1; \
		done; \
	done

bench: bin/retort ## measure views, TFRecord, training and labelling on this machine
	bin/retort bench augment
	bin/retort bench tfrecord
	bin/retort bench train
	bin/retort bench label

bench-peers: bin/retort ## the same beside albumentations, simplejpeg with OpenCV, DALI, TensorFlow, webdataset, grain, PyTorch, JAX (installs them into .peers), and C++ (needs libjpeg-turbo)
	ROUNDS=$(ROUNDS) bash bench/peers/run.sh

COUNTS ?= 1000,100000,1000000
bench-scale: bin/retort ## time per image, peak memory and open files of ingest, split, views and an epoch's reading, up to a million tiny images; N=10000000: so many, views as recipes
	$(GO) run ./bench/scale --retort bin/retort $(if $(N),--counts $(N) --store recipe,--counts $(COUNTS))

interop: bin/retort ## check files against TensorFlow, onnxruntime and PyTorch (installs them into .peers)
	bash bench/interop/run.sh

interop-pictures: ## compare odd pictures with what Pillow makes of them (installs it into .peers)
	bash bench/interop/pictures.sh $(PICTURES)

graph-picture: bin/retort ## draw the README's picture of the graph anew
	bin/retort synth --out .picture --classes 2 --per-class 2
	bin/retort graph --preset demo --images .picture --out .picture/run --format svg > docs/img/graph.svg
	rm -rf .picture

REPORT ?= $(OUT)/run/report/index.html
report-shot: ## picture the top of the demo's report for the README (needs Chromium)
	sh bench/report/screenshot.sh $(REPORT) docs/img/report.png light 1180 1500

clean: ## remove what was built and the demo's run
	rm -rf bin runs/demo
