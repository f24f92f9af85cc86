# Mouse Match: every task, each with the tasks it needs first. A fresh clone needs Python 3.10 to 3.13 and make.
#
# Stamps (files named .ready, and what a task builds) make a second run skip what is up to date.

PY       := .venv/bin/python
VERSION  := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' bin/mousematch/__init__.py)
PACKAGE  := dist/mousematch-$(VERSION).spl
WEIGHTS  := $(wildcard models/*/*/weights.npz)
EXPORTED := $(WEIGHTS:weights.npz=model.tflite)

# Everything that `make package` reads.
APP_FILES = $(shell find bin default metadata README lookups static appserver models -type f \
              -not -name '*.pyc' -not -path '*/variables/*' -not -name '*.pb' 2>/dev/null) README.md LICENSE

.DEFAULT_GOAL := help
.PHONY: help env demo serve studio test check lib package appinspect sample export bench bench-accuracy study bots fleet ghost lock reference icons collector clean
.DELETE_ON_ERROR:
# Recipes start programs that already use all cores, and their output should stay readable.
.NOTPARALLEL:

help:  ## this list
	@echo 'Mouse Match $(VERSION). Tasks:'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

env: .venv/.ready $(EXPORTED)  ## the environment .venv from the pinned lock (TensorFlow with CUDA where a GPU is), and make export
.venv/.ready: requirements/cpu.txt requirements/gpu.txt requirements/bootstrap.txt packaging/environment.py
	@python="$$(packaging/find-python)" && "$$python" packaging/environment.py .venv
	@touch $@

export: $(EXPORTED)  ## the model's LiteRT and SavedModel files, from its committed weights
models/%/model.tflite: models/%/weights.npz models/%/model.json bin/mousematch/model.py bin/mousematch/export.py | .venv/.ready
	@echo '==> exporting models/$* to LiteRT and SavedModel (a minute; TensorFlow loads)'
	@$(PY) -m mousematch.export models/$*
	@touch $@

demo: .venv/.ready $(EXPORTED)  ## enroll the sample users, score their held-out sessions, write demo/report.html
	@$(PY) -m samples.demo

sample: .venv/.ready  ## write lookups/mousematch_sample.csv anew with the telemetry generator
	@$(PY) -m samples

serve: .venv/.ready $(EXPORTED) $(if $(shell command -v npm),build/studio/.ready)  ## pages, HEC, REST and schedules on 127.0.0.1 (PORT=8000), until Ctrl-C
	@$(PY) -m searchhead serve --port $(or $(PORT),8000) $(SERVE)

studio: build/studio/.ready  ## Splunk's dashboard renderer for make serve, from npm (540 MB; never part of the app)
build/studio/.ready: $(wildcard searchhead/web/studio/*)
	@mkdir -p build/studio
	@cmp -s searchhead/web/studio/package-lock.json build/studio/package-lock.json && test -d build/studio/node_modules || { \
	    cp searchhead/web/studio/package.json searchhead/web/studio/package-lock.json build/studio/ && \
	    echo "==> Splunk's dashboard renderer: npm packages" && \
	    cd build/studio && npm ci --ignore-scripts --no-audit --no-fund || { rm -f package-lock.json; exit 1; }; }
	@echo "==> Splunk's dashboard renderer: bundle"
	@node searchhead/web/studio/build.mjs build/studio
	@touch $@

check: .venv/.ready  ## ruff, mypy, import-linter and an SPL lint
	@echo '==> ruff: style and mistakes'
	@$(PY) -m ruff check .
	@echo '==> mypy: types of bin/mousematch'
	@$(PY) -m mypy
	@echo '==> import-linter: what may import what'
	@.venv/bin/lint-imports --no-logo
	@echo '==> splint: SPL of macros, saved searches and dashboards'
	@$(PY) packaging/lint_spl.py

# Where CI is set, the whole package is built and inspected too. pytest comes last, so that its summary ends the output.
test: check $(EXPORTED) lib/.ready $(if $(CI),appinspect) $(if $(and $(CI),$(shell command -v npm)),studio)  ## all checks, then the tests (with CI=true also AppInspect)
	@echo '==> pytest'
	@$(PY) -m pytest $(PYTEST)

lib: lib/.ready  ## what the app vendors: lib/py39 and lib/py313
lib/.ready: requirements/lib-py39.txt requirements/lib-py313.txt requirements/build.txt packaging/vendored.py | .venv/.ready
	@$(PY) packaging/vendored.py
	@touch $@

package: $(PACKAGE)  ## dist/mousematch-VERSION.spl, the app that Splunk installs; the same bytes each time
$(PACKAGE): $(APP_FILES) $(EXPORTED) lib/.ready packaging/build.py | .venv/.ready
	@$(PY) packaging/build.py --output $@

appinspect: build/appinspect/.ready  ## Splunk's AppInspect on the package; warnings must be listed in docs/appinspect.md
build/appinspect/.ready: $(PACKAGE) .venv-appinspect/.ready packaging/appinspect.py docs/appinspect.md
	@$(PY) packaging/appinspect.py $(PACKAGE)
	@touch $@
.venv-appinspect/.ready: requirements/appinspect.txt packaging/environment.py | .venv/.ready
	@$(PY) packaging/environment.py .venv-appinspect requirements/appinspect.txt
	@touch $@

bench: .venv/.ready $(EXPORTED)  ## speed and memory, as ratios measured in one run (make bench ONLY=name for one)
	@$(PY) -m benchmarks $(ONLY)

bench-accuracy: .venv/.ready $(EXPORTED)  ## error rates from raw recordings: DATA=folder with sapimouse/, balabit/ (docs/accuracy.md)
	@test -n "$(DATA)" || { echo 'Which recordings? make bench-accuracy DATA=folder; docs/accuracy.md says what it holds.' >&2; exit 2; }
	@$(PY) -m benchmarks.accuracy "$(DATA)" $(OPTIONS)

study: .venv/.ready  ## compare encodings, windows, networks (hours; goes on where it was): DATA=folder with sapimouse/ (docs/study.md)
	@test -n "$(DATA)" || { echo 'Which recordings? make study DATA=folder; docs/study.md says what it holds.' >&2; exit 2; }
	@$(PY) -m study --sapimouse "$(DATA)/sapimouse" $(if $(wildcard $(DATA)/balabit),--balabit "$(DATA)/balabit") $(OPTIONS)
	@$(PY) -m study --tables

ghost: samples/bots/ghost_cursor/node_modules/.ready  ## the npm package ghost-cursor, one of the bots that samples/bots plays (needs npm)
samples/bots/ghost_cursor/node_modules/.ready: samples/bots/ghost_cursor/package-lock.json
	@cd $(dir $<) && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

bots: .venv/.ready samples/bots/ghost_cursor/node_modules/.ready  ## train and measure the bot detector: SAPIMOUSE=folder BALABIT=folder
	@$(PY) -m samples.bots --sapimouse "$(SAPIMOUSE)" --balabit "$(BALABIT)" --write models/bots/1

collector: .venv/.ready  ## put the browser collector together: appserver/collector/ → appserver/static/collector/
	@$(PY) packaging/collector.py

fleet: .venv-fleet/.ready  ## .venv-fleet with Ray, for deploy/fleet (scorers on several hosts) and its tests
.venv-fleet/.ready: requirements/fleet.txt packaging/environment.py | .venv/.ready
	@$(PY) packaging/environment.py .venv-fleet requirements/fleet.txt
	@touch $@

reference: .venv/.ready  ## write docs/reference.md anew from the help of the search bar
	@$(PY) packaging/reference.py

icons: .venv/.ready  ## draw static/appIcon*.png
	@$(PY) packaging/icons.py

lock: .venv/.ready  ## pin requirements/*.in anew into requirements/*.txt
	@$(PY) packaging/lock.py

clean:  ## remove what these tasks made (environments too)
	rm -rf build dist lib demo state .venv .venv-appinspect .venv-fleet .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .grimp_cache
	rm -rf samples/bots/ghost_cursor/node_modules
	rm -rf models/*/*/model.tflite models/*/*/saved_model.pb models/*/*/fingerprint.pb models/*/*/variables models/*/*/assets
	find bin searchhead samples benchmarks study tests packaging -name __pycache__ -prune -exec rm -rf {} +
