# Everything needed is set up in .venv on the first call; a second call starts at once.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready
PEERS = @$(BIN)/python -m pip install --quiet --no-deps --upgrade --target .ferbench/peers \
  batch-face==1.4.0 facenet-pytorch==2.6.0 tqdm

.PHONY: help env demo test check bench bench-gpu soak mutants lock audit
.DEFAULT_GOAL := help

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

env: $(READY)  ## set up .venv

$(READY): pyproject.toml requirements.txt
	@test -n "$(PYTHON)" || { echo "no Python 3.11, 3.12 or 3.13 found; name one: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.txt --editable '.[dev]'
	@touch $@

demo: $(READY)  ## a sweep of 12 runs over three public clips, recorded in MLflow
	$(BIN)/ferbench run -m experiment=demo signal=smile_or_surprise,head_motion,mouth_opening event=hysteresis,windowed event.enter=0.6,0.9

test: $(READY)  ## the tests
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest -n auto  # torch's threads that wait leave the cores to the other workers

check: $(READY)  ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## speed against peers and limits, on a demo clip; JSON in benchmarks/results
	$(PEERS)
	PYTHONPATH=.ferbench/peers $(BIN)/python -m benchmarks

bench-gpu: $(READY)  ## speed on a CUDA device, against its own stages
	$(BIN)/python -m benchmarks pass_gpu

soak: $(READY)  ## the long runs: kills, servers that go away, damaged files (hours); logs in .ferbench/soak
	$(BIN)/python -m soak

lock:  ## renew requirements-hashes.txt from requirements.txt (needs the network)
	$(PYTHON) -m venv .ferbench/lock
	.ferbench/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	.ferbench/lock/bin/uv pip compile pyproject.toml --all-extras --constraint requirements.txt \
	  --universal --python-version 3.11.5 --generate-hashes --no-annotate \
	  --custom-compile-command "make lock" --quiet --output-file requirements-hashes.txt

audit: $(READY)  ## known holes in the packages of requirements-hashes.txt (needs the network), and weights that are here
	$(PYTHON) -m venv .ferbench/audit
	.ferbench/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	$(BIN)/python -m pip check
	$(BIN)/ferbench models verify
	.ferbench/audit/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off \
	  --requirement requirements-hashes.txt

mutants: $(READY)  ## do the tests bite? one-token changes of the parts that make numbers (takes a while)
	$(BIN)/python tools/mutants.py
