# Everything a fresh clone needs is made below .venv; nothing needs root.
PYTHON ?= python3
BIN := .venv/bin
LANES := memory memory_async local s3_boto3_moto s3_boto3_moto_strict

.PHONY: certify test reports lint benchmark releases clean

certify: .venv/ready  ## Certify the reference backend on moto
	$(BIN)/rsconform run --backend s3_boto3_moto

test: .venv/ready  ## Lint, types and every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/taplo fmt --check
	$(BIN)/rsconform lint specs
	$(BIN)/python -m pytest -n 4 --dist worksteal  # Many of them wait most of the time.

reports: .venv/ready  ## Move to the newest dependencies, pin them, and rewrite the committed certificates
	$(BIN)/uv pip install --quiet --upgrade --python $(BIN)/python --editable '.[dev]'
	$(BIN)/uv pip freeze --python $(BIN)/python --exclude-editable | grep '==' > constraints.txt
	touch .venv/ready
	for lane in $(LANES); do $(BIN)/rsconform run --backend $$lane; [ $$? -le 1 ] || exit 1; done
	cd examples/redis && $(CURDIR)/$(BIN)/rsconform run --backend redis

benchmark: .venv/ready  ## Speed, as ratios within one run
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/wire.py

releases: .venv/ready  ## Put the kit to each release of remote-store, in an environment of its own
	$(BIN)/python benchmarks/releases.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev]'
	touch $@
