# Everything below sets up what it needs in .venv by itself.
comma := ,
PYTHON ?= python3
HOMEWORK ?= knn_and_mse_net
# One homework has TensorFlow and Keras in it.
EXTRAS ?= $(if $(or $(filter multilayer_nets,$(HOMEWORK)),$(filter lint-run,$(MAKECMDGOALS))),dev$(comma)frameworks,dev)
BIN := .venv/bin
READY := .venv/ready-$(subst $(comma),-,$(EXTRAS))

# One BLAS thread per process: two of them on a busy machine wait for each other.
export OPENBLAS_NUM_THREADS := 1

.PHONY: help demo pictures linux reference test slow faults fuzz lint lint-run stand-ins format bench clean docs

help:
	@echo "make demo [HOMEWORK=name]   run one assignment end to end"
	@echo "make test                   lint, format check, release check, all quick tests"
	@echo "make slow                   the slow tests: stock nbgrader beside ours, the documentation's commands, four homeworks, killed graders"
	@echo "make faults                 random faults while grading, for MINUTES=20"
	@echo "make fuzz                   random frames, evidence, texts, archives and notebooks: EXAMPLES=5000 of each"
	@echo "make lint                   ruff and mypy"
	@echo "make lint-run               try the checks of all HOMEWORKS out, on SEEDS=20 random inputs; kept"
	@echo "make reference              docs/reference and the schemas, from the code"
	@echo "make pictures               the documentation's pictures, from the demo; needs Chromium"
	@echo "make docs                   the documentation as a site, in site/"
	@echo "make bench                  ours against the peers"
	@echo "make clean                  remove what the demo and the tests made"

demo: linux $(READY)
	$(BIN)/autograder demo $(HOMEWORK)

linux:
	@test "$$(uname -s)" = Linux || { echo "Grading, and so the demo, needs Linux. Use the container: see Dockerfile."; exit 1; }

reference: $(READY)
	$(BIN)/python -m autograder.reference

test: lint
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow"

slow: $(READY)
	$(BIN)/python -m pytest -n auto --dist loadgroup -m slow

faults: $(READY)
	$(BIN)/python tests/grade/run/random_faults.py --minutes $(or $(MINUTES),20)

fuzz: $(READY)
	FUZZ_EXAMPLES=$(or $(EXAMPLES),5000) $(BIN)/python -m pytest -n auto tests/test_fuzz.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lint-run: $(READY) stand-ins
	$(BIN)/autograder lint --run --seeds $(or $(SEEDS),20) $(HOMEWORKS)

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

pictures: $(READY)
	@test -d demo/$(HOMEWORK)/autograded || $(BIN)/autograder demo $(HOMEWORK)
	$(BIN)/python docs/pictures.py --demo demo/$(HOMEWORK)

# Generated images, where nobody has fetched the real ones.
stand-ins: $(READY)
	@ls data/*cifar-10*/test_batch* >/dev/null 2>&1 || $(BIN)/autograder data synthetic
	@ls data/*mnist*/* data/*digits*/* >/dev/null 2>&1 || $(BIN)/autograder data synthetic-digits

bench: $(READY) stand-ins
	@bad=""; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || bad="$$bad $$script"; done; \
	test -z "$$bad" || { echo "missed what is promised, or failed:$$bad"; exit 1; }

clean:
	rm -rf demo site .pytest_cache .ruff_cache .hypothesis build dist

# environment.yml's pip part is the list of what a course machine has; the package itself comes on top.
$(READY): environment.yml pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	sed -n '/- pip:/,$$s/^ *- \([a-zA-Z].*[^:]\)$$/\1/p' environment.yml > .venv/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r .venv/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[$(EXTRAS)]"
	touch $@
