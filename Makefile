# make test     everything that CI runs: formatting, vet, all tests with the race detector, each fuzz target briefly
# make bench    decisions against the peers, the server against its floors, proofs beside Z3; writes docs/performance*.md
# make generate the embedded data from the packages that NOTICE names; the models of AWS's APIs if BOTOCORE is the folder of botocore's data
# make fuzz     each fuzz target for FUZZTIME (default here: 1m)

GO       ?= go
FUZZTIME ?= 3s

.PHONY: test tools format vet unit fuzz bench-test bench generate

test: tools format vet unit fuzz bench-test
	@echo "all tests passed"

# The race detector needs a C compiler, one test runs the AWS CLI, and another asks Z3 what the prover says. Where they are
# missing and we may, they are installed.
tools:
	@command -v gcc >/dev/null || command -v clang >/dev/null || \
		{ echo "installing gcc for the race detector"; apt-get update -qq && apt-get install -y -qq gcc libc6-dev; }
	@command -v aws >/dev/null || { echo "installing the AWS CLI"; apt-get update -qq && apt-get install -y -qq awscli; }
	@command -v z3 >/dev/null || { echo "installing Z3, which the prover is held against"; apt-get update -qq && apt-get install -y -qq z3; }

format:
	@files=$$(gofmt -l .); test -z "$$files" || { echo "not formatted by gofmt:"; echo "$$files"; exit 1; }

vet:
	$(GO) vet ./...

unit:
	CGO_ENABLED=1 $(GO) test -race -timeout 15m ./...

# Each target runs by itself, as go test wants it. What is found is not made smaller: that can take longer than all the rest. At the
# end of its time go test, before 1.27, may take that for a failure (https://go.dev/issue/75804); then it runs once more.
fuzz:
	@set -e; out=$$(mktemp); trap 'rm -f "$$out"' EXIT; for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "fuzz $$package $$target"; \
			run="$(GO) test -run ^$$ -fuzz ^$$target\$$ -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$package"; \
			$$run >"$$out" 2>&1 || { \
				grep -q '^ *context deadline exceeded$$' "$$out" && ! grep -q 'Failing input' "$$out" && $$run >"$$out" 2>&1; \
			} || { cat "$$out"; exit 1; }; \
		done; \
	done

bench-test:
	cd bench && $(GO) vet ./... && $(GO) test ./...

bench:
	cd bench && $(GO) run . -o ../docs/performance.md
	cd bench && $(GO) run ./serving -o ../docs/performance-serving.md
	cd bench && $(GO) run ./proving -o ../docs/performance-proving.md

generate:
	$(GO) run ./internal/gen/managed
	$(GO) run ./internal/gen/authref
	test -z "$(BOTOCORE)" || $(GO) run ./internal/gen/awsmodel -botocore "$(BOTOCORE)"
