# Two commands on a fresh machine: `make tflite` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OLD_RUNTIME := .venv-tflite-runtime

.PHONY: help tflite venv test test-all explore schedule test-android android-assets lint lock web-demo web-site web-packages clean

help:
	@echo "make tflite          the bundled GhostNet as .tflite files, in build/"
	@echo "make venv            .venv alone, for ./ghostnet"
	@echo "make web-demo        the bundled GhostNet in a browser; ARGS=--https for phones nearby"
	@echo "make web-site        the same page as a folder for any static host, in build/web_site"
	@echo "make web-packages    what the web demo needs from npm, alone"
	@echo "make android-assets  the bundled models into the Android app"
	@echo "make test            every check; photos of your own are used where GHOSTNET_DATA names them"
	@echo "make test-all        the same, and its generators draw thousands where make test draws hundreds"
	@echo "make test-android    the app's checks, without an Android SDK (Debian 12)"
	@echo "make schedule        cycles of the operators' main loops on cores that run in order, by a model"
	@echo "make lint            format, rules and types, which make test checks first"
	@echo "make explore         property tests with real dice, for MINUTES=60; no landing depends on them"
	@echo "make lock            requirements*.txt anew from pyproject.toml"
	@echo "make clean           remove build/ and what make has installed"
	@echo "./ghostnet           every command; ./ghostnet VERB --help says more"

tflite: $(VENV)/core
	$(BIN)/python export/to_tflite.py

venv: $(VENV)/core

test: lint $(VENV)/onnx $(OLD_RUNTIME)/ready web-packages
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# tests/counts.py
test-all: export GHOSTNET_TEST_ALL := 1
test-all: test

# Real dice for MINUTES, or until they find something, which is then pinned with @example.
MINUTES ?= 60
explore: $(VENV)/onnx
	GHOSTNET_DICE=explore timeout --foreground $(MINUTES)m \
		sh -c 'while $(BIN)/python -m pytest -m hypothesis -x -q; do :; done; exit 1' || test $$? = 124

schedule: $(VENV)/core
	$(BIN)/python kernels/loop_cycles.py --write
	$(BIN)/python docs/results.py

ASSETS := android_demo/app/src/main/assets
android-assets: $(VENV)/core
	$(BIN)/python android_demo/checks/assets.py
	mkdir -p $(ASSETS)/about
	cp docs/model_card.md LICENSE THIRD_PARTY_NOTICES.md $(ASSETS)/about
	$(BIN)/python android_demo/checks/phone_goldens.py

test-android: $(VENV)/dev
	$(BIN)/python -m pytest android_demo/checks

# With ONNX: without it, the type checker takes our folder of that name for the package.
lint: $(VENV)/onnx
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

web-demo: $(VENV)/core
	@$(BIN)/python web_demo/packages.py
	@$(BIN)/python web_demo/models.py
	@$(BIN)/python web_demo/serve.py $(ARGS)

web-site: $(VENV)/core
	@$(BIN)/python web_demo/packages.py
	@$(BIN)/python web_demo/models.py
	@$(BIN)/python web_demo/website.py $(ARGS)

# Without npm the web demo's tests are skipped, and say so.
web-packages: $(VENV)/core
	-@$(BIN)/python web_demo/packages.py

# Debian keeps the part of Python that makes an environment in a package of its own.
NO_VENV := error: $(PYTHON) is missing, or cannot make a virtual environment
VENV_FIX := apt-get install python3 python3-venv (Debian, Ubuntu), or PYTHON=another one, 3.11 to 3.13
$(VENV)/core: requirements.txt
	@$(PYTHON) -c "import ensurepip, venv" 2>/dev/null || { \
		echo "$(NO_VENV)" >&2; echo "  fix: $(VENV_FIX)" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --requirement requirements.txt
	touch $@

$(VENV)/dev: requirements-dev.txt $(VENV)/core
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	touch $@

# tf-keras asks for `tensorflow`, half a gigabyte laid over the tensorflow-cpu that is there.
$(VENV)/onnx: requirements-onnx.txt $(VENV)/dev
	$(BIN)/pip install --quiet --no-deps --requirement requirements-onnx.txt
	touch $@

# The runtime of years ago needs NumPy 1, so it lives by itself; it has wheels up to Python 3.11.
$(OLD_RUNTIME)/ready:
	$(PYTHON) -m venv $(OLD_RUNTIME)
	-$(OLD_RUNTIME)/bin/pip install --quiet tflite-runtime==2.14.0 "numpy<2"
	touch $@

lock: $(VENV)/dev
	$(BIN)/uv lock
	$(BIN)/uv export --quiet --no-hashes --no-annotate --no-emit-project --no-dev --output-file requirements.txt
	$(BIN)/uv export --quiet --no-hashes --no-annotate --no-emit-project --no-dev --extra onnx --output-file requirements-onnx.txt
	$(BIN)/uv export --quiet --no-hashes --no-annotate --no-emit-project --only-dev --output-file requirements-dev.txt

clean:
	rm -rf build $(VENV) $(OLD_RUNTIME)
