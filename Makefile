# make repro   set up, run the pipeline on the sample, say where the results are
# make test    set up, run all tests
# make review  print what parameters and figures differ from BASE (make review BASE=main)
# make setup   set up alone: .venv with the versions of requirements.lock

PYTHON ?= python3
BASE ?= main
export PATH := $(CURDIR)/.venv/bin:$(PATH)
SETUP := .venv/.installed
LONGEST := tests/test_end_to_end.py tests/test_resume.py tests/test_distributed.py tests/test_machines.py

.PHONY: setup repro test review

setup: $(SETUP)

$(SETUP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v >= (3, 11) else "error: Python 3.11 or later is needed, this is %d.%d; name one: make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv .venv
	# No dependencies, for the lock has all: it leaves out opencv-python, the same files as
	# opencv-python-headless with a window system, which servers lack.
	# setuptools first: the three packages that come as source are built by the one that is locked.
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps $$(grep ^setuptools== requirements.lock)
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --requirement requirements.lock
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(SETUP)

repro: $(SETUP)
	.venv/bin/dvc repro
	@profile=$$(.venv/bin/python -c 'from srgan_distill.common.params import load; print(load().profile)'); \
	echo; \
	echo "Tables:   metrics/$$profile/tables/table1.md, table2.md, table4.md, with intervals beside"; \
	echo "Claims:   metrics/$$profile/claims/claims.md: what the paper claims, and what holds here"; \
	echo "Report:   data/$$profile/report/report.html, one page of everything; open it in a browser"; \
	echo "Pictures: metrics/$$profile/tables/figure2.png; every result in data/$$profile/evaluate/"; \
	echo "Curves:   dvc plots show --open"; \
	echo "Headline: metrics/$$profile/headline.json; all rows: metrics/$$profile/tables/means.json; dvc metrics diff compares commits"

test: $(SETUP)
	# The longest file first; one thread a process, for threads of several wait for each other.
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder \
		$(LONGEST) $(filter-out $(LONGEST),$(wildcard tests/test_*.py))

review: $(SETUP)
	@.venv/bin/srgan-distill review --base $(BASE)
