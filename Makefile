# What people type. Everything is set up on the way: local tools in .venv, what trains models in .venv-models.
PYTHON ?= python3
CARGO ?= cargo

LOCAL := target/debug/stream-predictor-local
BINARIES = $(CARGO) build --locked --workspace --bins
BENCH = $(CARGO) bench --locked --bench predict --no-run

# What `make demo` and `make up` show: rides or flights.
MODEL = rides
MADE_flights := target/fixtures/flights.stamp

.PHONY: help demo up test plan deploy promote rollback infra-test infra-local soak fuzz bench cost bench-features conformance conformance-models fixtures lint build clean
.DEFAULT_GOAL := help

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/ready build $(MADE_$(MODEL)) ## Rides in, predictions out, on a local stack that goes away again; MODEL=flights
	$(LOCAL) demo $(MODEL)

up: .venv/ready build $(MADE_$(MODEL)) ## The same local stack, to put records on yourself until Ctrl-C; MODEL=flights
	$(LOCAL) up $(MODEL)

test: .venv/ready .venv-models/ready fixtures conformance-models infra-test ## Every test; sets up what they need
	$(CARGO) test --locked --workspace --no-run
	$(LOCAL) demo
	.venv-models/bin/python -m unittest discover --start-directory tests/python
	$(LOCAL) demo flights
	$(CARGO) test --locked --workspace

# What goes to Lambda: one static binary an architecture, in the zip and in the image. docs/packaging.md says how and why.
.PHONY: zip image push zip-arm64 zip-x86-64 image-arm64 image-x86-64
zip: $(foreach arch,$(or $(ARCH),arm64 x86-64),zip-$(arch)) ## What Lambda runs, target/package/stream-predictor-ARCH.zip for arm64 and x86-64; ARCH=arm64

image: image-$(or $(ARCH),arm64) ## The same as an image, stream-predictor:ARCH, with Docker or buildah; ARCH=x86-64

push: ## The image to ECR, its address by digest: REPOSITORY=….dkr.ecr.….amazonaws.com/name AWS_REGION=…; ARCH=x86-64
	@test -n "$(REPOSITORY)" -a -n "$$AWS_REGION" || \
		{ echo "make push REPOSITORY=123456789012.dkr.ecr.eu-west-1.amazonaws.com/name AWS_REGION=eu-west-1"; exit 2; }
	@$(MAKE) --no-print-directory image >&2
	@infra/image.sh push $(or $(ARCH),arm64) $(REPOSITORY)

# Cargo knows whether there is something to build.
zip-arm64 zip-x86-64: zip-%: .venv/ready
	infra/package.sh $*

image-arm64 image-x86-64: image-%: zip-%
	infra/image.sh build $*

# The tests run what this machine can run.
PACKAGE_Linux_x86_64 := image-x86-64
PACKAGE_Linux_aarch64 := image-arm64
test: $(PACKAGE_$(shell uname -sm | tr ' ' _))

# What is deployed: infra/, or a configuration of yours that uses it as a module.
INFRA ?= infra
RELEASE = $(PYTHON) infra/release.py --root $(INFRA) $(if $(YES),--yes) $(if $(IMAGE_URI),--image-uri $(IMAGE_URI))

plan: ## What `make deploy` would do; INFRA=folder
	@$(RELEASE) plan

deploy: ## Streams, roles, function and alarms with Terraform, which shows its plan and asks first; INFRA=folder, YES=1, IMAGE_URI=…
	@$(RELEASE) deploy

promote: ## Another model, by its MLflow run id: RUN_ID=…; CANARY=0.1 for a tenth of the invocations at first
	@test -n "$(RUN_ID)" || { echo "make promote RUN_ID=0123456789abcdef0123456789abcdef"; exit 2; }
	@$(RELEASE) promote $(RUN_ID) $(if $(CANARY),--canary $(CANARY))

rollback: ## The model before
	@$(RELEASE) rollback

# TF_PLUGIN_DIR, if set, is a folder of providers for where the public registry can't be reached.
TERRAFORM_ROOTS = infra $(wildcard infra/examples/*) tests/infra/root

infra-test: .venv-infra/ready ## The rules of infra/, without AWS: Terraform's own tests, checkov, the workflows' lints
	@command -v terraform >/dev/null || { echo "terraform 1.10 or later is needed: developer.hashicorp.com/terraform/install"; exit 1; }
	terraform fmt -check -recursive infra
	terraform fmt -check -recursive tests/infra
	@echo "Setting up Terraform: fetches the AWS provider from its registry, unless TF_PLUGIN_DIR has it"
	@for root in $(TERRAFORM_ROOTS); do \
		terraform -chdir=$$root init -backend=false -input=false $${TF_PLUGIN_DIR:+-plugin-dir="$$TF_PLUGIN_DIR"} >/dev/null && \
		terraform -chdir=$$root validate -no-color || exit; done
	terraform -chdir=infra test -no-color
	$(PYTHON) -m unittest discover --start-directory tests/infra
	.venv-infra/bin/checkov --directory infra --framework terraform --quiet --compact --skip-download
	.venv-infra/bin/zizmor --offline --no-progress --quiet .github/workflows

infra-local: .venv/ready build zip-x86-64 ## infra/ applied to a local stack, rides through it, a promotion, a rollback, and all destroyed
	.venv/bin/python tests/infra/local.py

soak: ## A million records through killed processes above failing services, some minutes; SOAK="--records 20000"
	@$(BINARIES) --quiet
	$(LOCAL) soak $(SOAK)

# What is fed is derived from fuzz/seeds/TARGET, and from what else there is for a target.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS := $(basename $(notdir $(wildcard fuzz/targets/*.rs)))
SEEDS_event := events
SEEDS_payload := tests/fixtures/payloads
SEEDS_model := target/fuzz/models
# Seconds that one input may take, where 10 are too few.
LIMIT_model := 60

fuzz: $(FUZZ_TARGETS:%=fuzz-%) ## All that is read, broken: 10 minutes each; needs a nightly compiler and `cargo install cargo-fuzz`

fuzz-model: target/fuzz/models

.PHONY: $(FUZZ_TARGETS:%=fuzz-%)
$(FUZZ_TARGETS:%=fuzz-%): fuzz-%:
	@mkdir -p target/fuzz/found-$*
	$(CARGO) +nightly fuzz run --target-dir target/fuzz --release $* \
		target/fuzz/found-$* $(wildcard fuzz/seeds/$*) $(SEEDS_$*) -- \
		-max_total_time=$(FUZZ_SECONDS) -max_len=65536 -timeout=$(or $(LIMIT_$*),10) -rss_limit_mb=3000

target/fuzz/models: target/conformance.stamp
	@mkdir -p $@
	@find target/conformance/ -name model.onnx -size -64 | while read -r path; do \
		cp "$$path" "$@/$$(echo "$$path" | tr / _)"; done
	@touch $@

# Cargo builds the program, and then, with nothing left to build, says where it is.
bench: .venv-bench/ready target/bench.stamp ## How fast predictions and loading are beside ONNX Runtime and the libraries; some minutes
	$(BENCH)
	program="$$($(BENCH) --quiet --message-format=json | sed -n 's|.*"executable":"\([^"]*/predict-[^"]*\)".*|\1|p')" && \
	.venv-bench/bin/python benches/compare.py --bars --models target/bench --predict "$$program" && \
	.venv-bench/bin/python benches/compare.py --bars --models target/bench --predict "$$program" --load

cost: .venv-models/ready zip-x86-64 ## What a million records cost, by batch size and memory, beside the Python function; some minutes
	.venv-models/bin/python benches/cost.py --bootstrap target/package/x86-64/bootstrap

bench-features: target/fixtures/flights.stamp ## What the features of a record cost, and a look-up in a million keys
	$(CARGO) bench --locked --bench features

lint: ## Format and clippy
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

conformance: ## Do the models below DIR give the outputs that they are known to have? DIR=path
	@test -n "$(DIR)" || { echo "make conformance DIR=path: a folder of models and data sets, as target/conformance is"; exit 2; }
	@$(BINARIES) --quiet
	@target/debug/conformance "$(DIR)"

conformance-models: target/conformance.stamp ## The models of libraries that the tests run, in target/conformance

fixtures: target/fixtures/forest.stamp target/fixtures/flights.stamp ## The models that are too large to be committed

build: ## The function and the local tools, for this machine
	@echo "Building; the first time fetches crates from crates.io and takes some minutes"
	$(BINARIES)

clean: ## Forget what was built and set up
	rm -rf target .venv .venv-models .venv-zoo .venv-bench .venv-infra

# A folder with Python packages is ready when its pinned requirements are in.
define venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.x")'
	@echo "Setting up $(@D): fetches the packages that $< pins from PyPI"
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

.venv-bench/ready: benches/requirements.txt tests/zoo/requirements.txt
	$(venv)

target/bench.stamp: benches/models.py benches/requirements.txt tests/zoo/requirements.txt | .venv-bench/ready
	@echo "Training the models of the speed table, a minute or two"
	.venv-bench/bin/python benches/models.py --out target/bench
	@touch $@

target/conformance.stamp: tests/zoo/requirements.txt $(wildcard tests/zoo/*.py tests/zoo/*/*.py) | .venv-zoo/ready
	@echo "Training the models of the tests, some minutes"
	.venv-zoo/bin/python tests/zoo/make.py --out target/conformance
	@touch $@

target/fixtures/forest.stamp: examples/ride_duration.py tests/fixtures/make.py | .venv-models/ready
	@echo "Training the forest of the tests, about half a minute"
	.venv-models/bin/python tests/fixtures/make.py forest --out $(@D)
	@touch $@

target/fixtures/flights.stamp: $(wildcard examples/*.py) python/stream_predictor.py tests/fixtures/make.py | .venv-models/ready
	@echo "Training the forest of flight delays, about half a minute"
	.venv-models/bin/python tests/fixtures/make.py flights --out $(@D)
	@touch $@
