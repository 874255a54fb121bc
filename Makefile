# Every command of the project but those of kernel/Makefile; `make help` lists them. Missing system packages are
# installed (scripts/need says which); what is built or fetched once is kept in CACHE, outside the checkout, under a name
# that says what it depends on.
CACHE         ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/pulso
GOLANGCI_LINT := v2.15.0
# Without gin's MessagePack, which nobody here speaks: half the agent's size.
export GOFLAGS += -tags=nomsgpack
# What git calls these sources; where they came without git, make VERSION=… says it.
VERSION       := $(or $(VERSION),$(shell git describe --tags --always --dirty 2>/dev/null),unknown)
# Static, as an image with nothing else in it needs them; and the same sources make the same bytes, wherever they lie and
# with or without git.
GO_BUILD      := CGO_ENABLED=0 go build -trimpath -buildvcs=false \
	-ldflags "-X github.com/pulso-lab/pulso/internal/service.version=$(VERSION)"
# Of each, one image: Dockerfile.
SERVICES      := agent workload functions socket migrator frontend

LINT_DIR := $(CACHE)/golangci-lint-$(GOLANGCI_LINT)-$(shell go env GOVERSION 2>/dev/null)
VENV     := $(CACHE)/python-$(shell (python3 --version; cat locust/requirements.lock) 2>/dev/null | sha256sum | cut -c1-16)
# built DIR: the folder of CACHE for what the module in DIR builds.
built     = $(CACHE)/$(notdir $(1))-$(shell (go version; cat $(1)/go.mod $(1)/go.sum) 2>/dev/null | sha256sum | cut -c1-16)
TOOLS    := gke/test/tools
KUBERNETES := $(call built,$(TOOLS)/kubernetes)
CONTROL_PLANE := kube-apiserver kube-controller-manager kubectl
TRAEFIK  := $(call built,$(TOOLS)/traefik)
PAGES    := $(shell find frontend/src frontend/public -type f 2>/dev/null) $(wildcard frontend/*.html frontend/*.ts frontend/*.json frontend/tools/*.mjs)

.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help demo smoke function report build test test-go test-conformance test-locust test-frontend test-e2e test-kernel test-vm test-gke test-cloud doctor bench bench-kernel bench-agent bench-ingest bench-stream bench-history bench-ui bench-verdict lint fmt generate clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

## -- run

demo: build ## the whole system on this machine: open http://127.0.0.1:8000 (FULL=1: the brief's full protocol)
	@bin/local $(if $(FULL),-full) demo

smoke: build ## the same path, headless and short: fails if anything is lost
	@bin/local smoke

function: function-name bin/functions bin/local | need-mariadb ## one function alone, under functions-framework and on the local database: make function NAME=api1
	@bin/local $(NAME)

.PHONY: function-name
function-name:
	@test -n "$(filter api1 api2,$(NAME))" || { echo "say which: make function NAME=api1, or NAME=api2"; exit 2; }

report: bin/report frontend/dist/index.html ## what a run says, as an HTML page and Markdown to hand on: make report RUN=run.json, or RUN=ID of the dashboard's, or two of them
	@bin/report $(RUN)

## -- build

build: $(SERVICES:%=bin/%) bin/local bin/report frontend/dist/index.html $(VENV)/ready | need-mariadb ## the binaries in bin/ and the dashboard in frontend/dist/
	@ln -sfn $(VENV)/bin/locust bin/locust

bin/agent:     PACKAGE := ./agent
bin/workload:  PACKAGE := ./agent/workload
bin/functions: PACKAGE := ./functions/cmd
bin/socket:    PACKAGE := ./socket
bin/migrator:  PACKAGE := ./gke/migrator
bin/frontend:  PACKAGE := ./frontend/server
bin/local:     PACKAGE := ./local
bin/report:    PACKAGE := ./report

.PHONY: $(SERVICES:%=bin/%) bin/local bin/report # go itself knows what is up to date
$(SERVICES:%=bin/%) bin/local bin/report: | need-go
	$(GO_BUILD) -o $@ $(PACKAGE)
	@chmod 755 $@ # whatever the umask: in its image, another user runs it

frontend/dist/index.html: $(PAGES) frontend/node_modules/ready
	cd frontend && npm run build
	@chmod -R u=rwX,go=rX frontend/dist # and reads these

frontend/node_modules/ready: frontend/package-lock.json | need-node
	cd frontend && npm ci --no-fund --no-audit
	@touch $@

$(VENV)/ready: | need-python
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement locust/requirements.lock
	@touch $@

$(LINT_DIR)/golangci-lint: | need-go
	@echo "building golangci-lint $(GOLANGCI_LINT), once"
	GOBIN=$(LINT_DIR) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)

.PHONY: need-go need-cc need-node need-python need-mariadb need-chromium need-kernel need-vm need-gke need-cloud need-shellcheck
need-go need-cc need-node need-python need-mariadb need-chromium need-kernel need-vm need-gke need-cloud need-shellcheck: need-%:
	@scripts/need $*

## -- check

test: test-go test-locust test-frontend test-e2e smoke ## the tests of everything but the kernel and the VM: Go, database, Locust, front end, end to end
	@echo "make test: all passed"

test-go: frontend/node_modules/ready socket/bench/node/node_modules/ready | need-go need-cc need-mariadb ## Go with the race detector, on a private MariaDB
	go test -race -count=1 $$(go list ./... | grep -v /local/internal/faults) # a cached result could be that of a machine without MariaDB
	go test -race -count=1 ./local/internal/faults # alone: its limits of time are those of a machine that has nothing else to do

test-conformance: frontend/node_modules/ready | need-go need-mariadb ## the stream against the Socket.IO and Engine.IO protocols, with raw frames and the official client
	go test -count=1 ./socket/conformance

test-locust: $(VENV)/ready ## the Locust scripts, with real Locust
	cd locust && $(VENV)/bin/python -m pytest

test-frontend: frontend/node_modules/ready ## the dashboard's logic and components
	cd frontend && npm test

test-e2e: build | need-chromium ## the dashboard in Chromium on the whole system
	cd frontend && npm run e2e

test-kernel: | need-go need-kernel ## the kernel modules, and the agent on them, in QEMU on two of Debian's kernels
	go test -tags=nomsgpack,qemu -count=1 -p 1 -v -timeout 30m ./internal/qemu ./kernel/test

test-vm: | need-go need-kernel need-vm ## the VM's start-up script, images and services, on a Debian 12 in QEMU (as root)
	go test -tags=nomsgpack,vm -count=1 -v -timeout 60m ./agent/deploy/test

test-gke: bin/functions bin/socket bin/migrator $(KUBERNETES)/ready $(TRAEFIK)/ready $(VENV)/ready frontend/node_modules/ready | need-go need-mariadb need-gke ## the manifests on a real control plane with a real gateway, 10,000 requests (as root)
	@mkdir -p bin/gke && ln -sfn $(VENV)/bin/locust bin/locust
	@ln -sfn $(addprefix $(KUBERNETES)/,$(CONTROL_PLANE)) $(TRAEFIK)/traefik "$$(scripts/fetch-etcd $(CACHE))" bin/gke/
	cd gke/test && CGO_ENABLED=0 go test -count=1 ./manifests
	cd gke/test && CGO_ENABLED=0 go test -count=1 -v -timeout 15m .

test-cloud: $(SERVICES:%=bin/%) frontend/dist/index.html | need-go need-node need-cloud ## Terraform and Cloud Build as far as they can be tried without Google Cloud, and the images, built and run (as root)
	@ln -sfn "$$(scripts/google-stub $(CACHE))" bin/google-stub
	cd terraform/test && CGO_ENABLED=0 go test -count=1 -p 1 -timeout 15m ./...
	go test -tags=nomsgpack,cloud -count=1 -timeout 10m ./doctor/...

$(KUBERNETES)/ready: | need-go
	@mkdir -p $(@D)
	@echo "building Kubernetes' control plane, once (about ten minutes on two cores)"
	cd $(TOOLS)/kubernetes && CGO_ENABLED=0 go build -trimpath -o $(KUBERNETES)/ \
		-ldflags "-s -w $(addprefix -X k8s.io/component-base/version.,gitVersion=v1.36.0 gitMajor=1 gitMinor=36)" \
		$(addprefix k8s.io/kubernetes/cmd/,$(CONTROL_PLANE))
	@touch $@

$(TRAEFIK)/ready: | need-go
	@mkdir -p $(@D)
	@echo "building Traefik, once (about ten minutes on two cores)"
	cd $(TOOLS)/traefik && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o $(TRAEFIK)/ github.com/traefik/traefik/v3/cmd/traefik
	@touch $@

lint: $(LINT_DIR)/golangci-lint $(VENV)/ready frontend/node_modules/ready frontend/bench/node_modules/ready | need-shellcheck ## all linters, and generated files are up to date
	$(LINT_DIR)/golangci-lint run ./...
	cd gke/test && $(LINT_DIR)/golangci-lint run ./...
	cd terraform/test && $(LINT_DIR)/golangci-lint run ./...
	$(VENV)/bin/ruff check locust
	$(VENV)/bin/ruff format --check locust
	cd frontend && npm run lint && npx tsc --noEmit --project bench
	shellcheck $$(git grep -lE '^#!/(usr/bin/env bash|bin/(busybox )?sh)$$')
	scripts/check-generated

fmt: $(LINT_DIR)/golangci-lint $(VENV)/ready frontend/node_modules/ready ## format everything
	$(LINT_DIR)/golangci-lint fmt ./...
	cd gke/test && $(LINT_DIR)/golangci-lint fmt ./...
	cd terraform/test && $(LINT_DIR)/golangci-lint fmt ./...
	$(VENV)/bin/ruff format locust
	cd frontend && npm run format

generate: | need-go ## TypeScript types from the Go contract, and the golden recording
	go generate ./internal/golden
	go tool -modfile=tools/go.mod tygo generate --config tools/tygo.yaml

doctor: | need-go ## what this machine and the cloud project lack, each with its cure (ARGS=-v: and what was asked)
	@go run ./doctor $(ARGS)

clean: ## remove what was built and the local database
	$(MAKE) --no-print-directory -C kernel clean
	rm -rf bin frontend/dist frontend/dist-report frontend/test-results .pulso

## -- measure

bench: bench-kernel bench-agent bench-ingest bench-stream bench-history bench-ui bench-verdict ## every benchmark; nothing else should run meanwhile

bench-kernel: | need-go need-kernel ## what the modules save, in instructions
	go run ./kernel/bench

bench-agent: bin/agent | need-go need-kernel ## what the agent costs: requests a second, latency, memory, instructions a sample
	go run ./agent/bench
	go run ./kernel/bench -agent

bench-ingest: bin/functions | need-go need-mariadb ## the two routes side by side, at the store and over HTTP: rows a second, latency, CPU a row
	go run ./functions/bench

bench-stream: bin/socket socket/bench/node/node_modules/ready | need-go need-mariadb ## the stream beside two Node.js servers: loss, latency, CPU a row, memory a client (SOAK=10m: cut clients for so long)
	go run ./socket/bench $(if $(SOAK),-soak $(SOAK))

socket/bench/node/node_modules/ready: socket/bench/node/package-lock.json | need-node
	cd socket/bench/node && npm ci --no-fund --no-audit
	@touch $@

bench-history: | need-go need-mariadb ## the answers to history on ten million rows, and the rate of an export
	go run ./socket/bench/history

bench-ui: build frontend/bench/node_modules/ready | need-chromium ## the dashboard in Chromium with its CPU slowed four times: script, first paint, frames, memory, beside Recharts and Chart.js
	node frontend/bench/main.mjs

bench-verdict: bin/agent bin/workload $(VENV)/ready | need-go need-kernel ## the verdict against VMs whose capacity is known: ten simulated, eight in QEMU that Locust loads (25 minutes)
	@ln -sfn $(VENV)/bin/locust bin/locust
	go run ./internal/verdict/bench

frontend/bench/node_modules/ready: frontend/bench/package-lock.json | need-node
	cd frontend/bench && npm ci --no-fund --no-audit
	@touch $@
