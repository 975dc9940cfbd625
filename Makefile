# What a person types here. Each target does its own set-up; see CONTRIBUTING.md.
.PHONY: demo test bench counts soak faithful setup fmt lint doc help

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: ## an invented store, the proxy in front of it, before and after side by side
	@scripts/setup demo
	@cargo build --bin sfumato
	@cargo run --quiet --bin sfumato -- demo

test: ## all tests
	@scripts/setup test
	@scripts/test

bench: ## kernels and bodies with criterion, then the whole process beside nginx and pgbouncer
	@scripts/setup bench
	@scripts/bench

counts: ## instructions of the hot paths under callgrind, against benches/counts.toml
	@scripts/setup test
	@benches/counts.py

soak: ## the long tests: properties with many cases (SOAK_CASES), generated input against an oracle
	@scripts/setup soak
	@scripts/soak

faithful: ## the server's own regression statements through the pipeline, beside a server asked directly
	@scripts/setup test
	@scripts/faithful

setup: ## install what building and testing needs
	@scripts/setup test

fmt: ## write all code in the house's format
	@cargo fmt

lint: ## format and clippy, warnings denied
	@cargo fmt --check
	@cargo clippy --quiet --all-targets -- -D warnings

doc: ## the library's documentation, warnings denied
	@RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' cargo doc --quiet --no-deps --document-private-items
