# Every target sets up .venv first, if it must; a second call starts at once.
.DEFAULT_GOAL := help
.PHONY: help setup lab handout test browser fuzz mutants bench bench-quick products stale
IN_VENV := .venv/bin/python
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] && echo --allow-root)

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' Makefile | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

setup:  ## make .venv and install what the labs and the tests need
	@sh tools/setup.sh

lab: setup  ## open JupyterLab on your own copy of the first lab; e.g. ARGS="--port=9000 --no-browser"
	@$(IN_VENV) tools/lab.py $(AS_ROOT) $(ARGS)

handout: setup  ## write copies for a class into handout/, without solutions and outputs
	@$(IN_VENV) tools/hand_out.py

test: setup  ## run all tests, and every notebook in a small configuration
	@$(IN_VENV) -m pytest -rs -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

browser: setup  ## use the labs in headless Chromium, in the small configuration; screenshots in runs/browser
	@$(IN_VENV) tools/browser.py $(ARGS)

fuzz: setup  ## ten thousand cases of unusual input, and two hundred kills
	@CASES=600 KILLS=200 $(IN_VENV) -m pytest -n auto --dist load tests/test_properties.py tests/test_runs.py $(ARGS)

mutants: setup  ## change one thing in the core, 4,800 times, and see whether a test notices; an hour or two, stop and go on
	@$(IN_VENV) tools/mutants.py $(ARGS)

bench: setup  ## compare the speed of the labs with the course's way, and write it into the READMEs
	@$(IN_VENV) benchmarks/bench.py

bench-quick: setup  ## its first table alone, in five minutes; write nothing
	@$(IN_VENV) benchmarks/bench.py --quick

products: setup  ## make again what is older than its inputs: sprites, weights, outputs of the notebooks
	@$(IN_VENV) tools/products.py $(ARGS)

stale: setup  ## list what `make products` would make again
	@$(IN_VENV) tools/products.py --list
