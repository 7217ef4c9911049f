# Each target bootstraps .venv by itself: Python >= 3.11 and make are all a machine needs.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
QUICK := -n 2 --dist loadgroup --no-loadscope-reorder -m 'not extras and not slow and not r'
PRODUCT := tests/e2e tests/browser tests/faults
LOCKED := Makefile pyproject.toml uv.lock scripts/bootstrap.py scripts/installer.txt
.PHONY: help install audit test test-product check test-extras test-all test-latest test-lowest coverage screens bench docs calibration specimens

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

.venv/.installed: $(LOCKED)
	$(PYTHON) scripts/bootstrap.py .venv 'dev'
	@touch $@

.venv/.installed-extras: .venv/.installed scripts/small-model.txt
	$(PYTHON) scripts/bootstrap.py .venv 'dev,serving,inspect,lmeval,rate,notebooks,train,stores,ray,s3,moto,embed,level'
	@bash scripts/install-small-model.sh
	@sh scripts/install-promptfoo.sh
	@touch $@

.venv/.installed-docs: .venv/.installed
	$(PYTHON) scripts/bootstrap.py .venv 'dev,docs'
	@touch $@

install: .venv/.installed ## make .venv with the package and its development tools, from uv.lock

audit: install ## audit the offline default and write a report to runs/
	$(BIN)/evenhand audit --yes

check: install ## format, lint, types, prose, import rules
	$(BIN)/ruff format --check src tests bench scripts specimens examples
	$(BIN)/ruff check src tests bench scripts specimens examples
	$(BIN)/mypy
	$(BIN)/python scripts/prose.py
	$(BIN)/pytest tests/arch

test: install ## the tests of the parts and of whole audits, without extras
	@sh scripts/install-browser.sh
	$(BIN)/pytest $(QUICK) $(PRODUCT:%=--ignore=%)

test-product: install ## the tests of the product as a user meets it: its commands, the browser, broken files and servers, kills
	@sh scripts/install-browser.sh
	@sh scripts/install-faketime.sh
	$(BIN)/pytest $(QUICK) $(PRODUCT)

test-extras: .venv/.installed-extras ## the tests that need torch, transformers, a real small model and the other extras
	$(BIN)/pytest -m 'extras and not slow'

test-all: .venv/.installed-extras ## everything, long ones too (R, training, soak)
	@sh scripts/install-browser.sh
	@sh scripts/install-faketime.sh
	@bash scripts/install-r.sh
	$(BIN)/pytest

test-latest: install ## an audit and the unit tests with the newest versions that pyproject.toml allows
	$(BIN)/python scripts/declared_versions.py highest

test-lowest: install ## the same with the oldest versions that it allows
	$(BIN)/python scripts/declared_versions.py lowest-direct

coverage: install ## which lines of analysis, scoring and run the tests reach; build/coverage/index.html
	$(BIN)/pytest -n 2 --dist loadgroup --no-loadscope-reorder -m 'not extras and not slow and not r and not browser' \
		--cov=evenhand --cov-report= --cov-report=html:build/coverage --cov-report=json:build/coverage.json
	$(BIN)/python scripts/coverage_rooms.py build/coverage.json analysis scoring run

docs: .venv/.installed-docs ## reference pages from the code, then the site in site/
	$(BIN)/python scripts/reference_pages.py
	$(BIN)/python scripts/house_figure.py
	$(BIN)/mkdocs build --strict --quiet

screens: install ## screenshots of reports, wide and narrow, light and dark, in build/screens; RUNS="DIR DIR": of these, and of evenhand view on the first
	@sh scripts/install-browser.sh
	$(BIN)/python scripts/screens.py build/screens $(RUNS)
	@for run in $(firstword $(RUNS)); do $(BIN)/python scripts/view_picture.py $$run build/screens/view; done

bench: install ## what the README claims about speed, as ratios
	$(BIN)/python -m bench

calibration: install ## simulate null rates, coverage and power, and write docs/methods/calibration.md
	$(BIN)/python -m bench.calibration

specimens: .venv/.installed-extras ## rebuild the specimens from nothing with torch, and print what was measured; SEED=2: another seed, in build/seed-2
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m specimens $(if $(SEED),--seed $(SEED) --out build/seed-$(SEED))
