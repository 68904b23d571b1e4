# `make` lists the targets. Python 3.11 or later is required; everything else is installed into .venv.

.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON ?= python3
PYTEST_PROCESSES ?= 2
BIN := .venv/bin
# A process without work takes half of what another one has left, so that all end together.
PYTEST = $(BIN)/python -m pytest -n $(PYTEST_PROCESSES) --dist worksteal
READY := .venv/.ready

# Targets run alike on every machine: they inherit none of an installation's settings.
unexport DATABASE_URL DATABASE_OWNER_URL DATABASE_DIRECT_URL DATABASE_POOL_SIZE SECRET_KEY REDIS_URL RATE_LIMITS
unexport SECRET_KEY_FALLBACKS
unexport RATE_LIMIT_PER_KEY RATE_LIMIT_PER_ADDRESS RATE_LIMIT_PER_EMAIL RATE_LIMIT_PER_ADDRESS_EMAILS
unexport RATE_LIMIT_PER_ADDRESS_FREE RESERVATIONS_PER_ADDRESS RESERVATIONS_PER_EMAIL RESERVATION_SHARE TRUSTED_PROXIES
unexport BANK_TRANSFER_DAYS
unexport RETENTION_PAYLOAD_DAYS RETENTION_EVENT_MONTHS RETENTION_UNPAID_ORDER_DAYS RETENTION_ALERT_MONTHS
unexport LUMIRA_ENV LUMIRA_INSTANCE LUMIRA_ENCRYPTION_KEYS LUMIRA_DEFAULT_TENANT
unexport STRIPE_API_BASE STRIPE_SECRET_KEY STRIPE_PUBLISHABLE_KEY STRIPE_WEBHOOK_SECRET STRIPE_CONCURRENCY
unexport S3_BUCKET S3_ENDPOINT_URL S3_REGION S3_ADDRESSING_STYLE S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY
unexport AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_PROFILE MAX_UPLOAD_BYTES
unexport SECURITY_CONTACT PUBLIC_URL SMTP_URL MAIL_FROM METRICS_TOKEN BIND WEB_CONCURRENCY WEB_THREADS GUNICORN_CMD_ARGS
unexport SENTRY_DSN OTEL_EXPORTER_OTLP_ENDPOINT DOLIBARR_PRIVATE_HOSTS
# Without compiled files each of the tests' many processes would compile the whole program.
unexport PYTHONDONTWRITEBYTECODE
unexport FLASK_APP FLASK_DEBUG FLASK_ENV PYTHONPATH PYTHONHOME PYTEST_ADDOPTS PYTHONWARNINGS

.PHONY: help demo demo-check screenshots test test-fast machine stories chaos bench bench-messages bench-stock bench-scale bench-polling bench-slow-stripe image image-check previous-release check format venv requirements licences print-licences sbom clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: venv ## Start Lumira and the Stripe sandbox, make three purchases, serve until Ctrl-C (ARGS="--port 8001")
	@$(BIN)/python -m flask demo $(ARGS)

demo-check: venv ## Run the demo in a temporary folder and exit: code 0 if all three purchases are fulfilled and every page shows something
	@$(BIN)/python -m flask demo --check

screenshots: venv machine ## Take the pictures in docs/images from a running demo
	$(BIN)/python -m tests.screenshots

test: venv machine ## Run all tests with an embedded PostgreSQL (ARGS="-k refund")
	$(PYTEST) $(ARGS)

# What a change breaks most often: rules, API, webhooks, isolation of tenants, and kills at every commit.
# These need PostgreSQL only. Left out: tests that start servers and commands, random stories, browsers, PDF and storage.
API = authentication catalog checkout_sessions idempotency_keys opening_payments orders payment_status refunds webhooks
FAST = tests/unit $(API:%=tests/integration/blueprints/test_%.py) \
	tests/integration/settlement/test_issue_receipts.py tests/integration/test_isolation.py \
	tests/integration/webhooks/test_inbox.py tests/integration/webhooks/test_process.py \
	tests/integration/webhooks/test_refunds_and_disputes.py \
	tests/concurrency/test_at_once.py tests/concurrency/test_stock.py tests/concurrency/test_killed.py

test-fast: venv ## Run the unit tests and the most telling others, in a minute (ARGS="-k refund")
	$(PYTEST) $(FAST) $(ARGS)

# What PyPI does not offer: Chromium for the browser tests, the fonts of the world's scripts, Redis and PgBouncer.
machine: venv
	@missing=""; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || missing="chromium fonts-dejavu-core"; \
	test -n "$$(fc-list :lang=th 2>/dev/null)" -a -n "$$(fc-list :lang=ko 2>/dev/null)" \
	  || missing="$$missing fontconfig fonts-noto-core fonts-noto-cjk"; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	PATH="$$PATH:/usr/sbin" command -v pgbouncer >/dev/null || missing="$$missing pgbouncer"; \
	PATH="$$PATH:/usr/sbin" command -v nginx >/dev/null || missing="$$missing nginx-light"; \
	command -v systemd-analyze >/dev/null || missing="$$missing systemd"; \
	test -z "$$missing" && exit; \
	echo "Installing $$missing ..."; \
	{ apt-get -o DPkg::Lock::Timeout=300 update -qq && DEBIAN_FRONTEND=noninteractive apt-get \
	    -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends $$missing >/dev/null; } \
	  || { echo "The tests need these: on Debian and Ubuntu, as root: apt-get install $$missing" >&2; exit 1; }

	@command -v promtool >/dev/null || test -x $(BIN)/promtool || $(MAKE) --no-print-directory $(BIN)/promtool

# Alone, out of its package: installing the package would start a server.
$(BIN)/promtool:
	@echo "Taking promtool from Debian's package prometheus ..."
	@folder=$$(mktemp -d) && chmod 755 "$$folder" && (cd "$$folder" \
	  && { apt-get -o DPkg::Lock::Timeout=300 update -qq || true; } \
	  && apt-get download -qq prometheus >/dev/null 2>&1 \
	  && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool) \
	  && install -m 755 "$$folder/usr/bin/promtool" $(BIN)/promtool && rm -rf "$$folder" \
	  || { echo "The tests need promtool, which is a part of Prometheus." >&2; exit 1; }

stories: venv ## Deliver the events of many random payments out of order, repeated or lost (STORIES=20000)
	STORIES=$${STORIES:-20000} $(PYTEST) tests/integration/webhooks/test_life_stories.py \
	  tests/integration/webhooks/test_life_endings.py

chaos: venv ## Make 2,000 purchases while processes are killed and deliveries are lost (EVENTS=2000 KILLS=20 SEED=1)
	$(BIN)/python -m tests.chaos

bench: venv ## Measure how fast events are accepted and settled, relative to a reference (ARGS=--no-aims)
	@command -v wrk >/dev/null || { apt-get -o DPkg::Lock::Timeout=300 update -qq && \
	  apt-get -o DPkg::Lock::Timeout=300 install -y -qq wrk; } || { \
	  echo "wrk, the load generator, is missing: on Debian and Ubuntu, as root: apt-get install wrk" >&2; exit 1; }
	$(BIN)/python -m tests.benchmarks $(ARGS)
	$(BIN)/python -m tests.benchmarks.messages $(filter --no-aims --no-report,$(ARGS))

bench-messages: venv ## Measure how fast one worker sends messages with receipts (ARGS="--orders 10000 --no-aims")
	$(BIN)/python -m tests.benchmarks.messages $(ARGS)

bench-stock: venv ## Measure how fast units of one product are reserved, relative to a bare UPDATE (ARGS=--no-aims)
	$(BIN)/python -m tests.benchmarks.stock $(ARGS)

bench-polling: venv ## Measure how soon one worker releases stock and finds lost successes (ARGS="--minutes 5")
	$(BIN)/python -m tests.benchmarks.polling $(ARGS)

bench-slow-stripe: venv ## Measure the catalog and webhooks while 256 buyers wait for a Stripe that takes 6 s (ARGS="--seconds 10")
	$(BIN)/python -m tests.benchmarks.slow_stripe $(ARGS)

bench-scale: venv ## Measure lists, sweeps, accepting and settling with a million orders (ARGS="--orders 10000 --events 50000")
	$(BIN)/python -m tests.benchmarks.scale $(ARGS)

# PIP_CERT: a certificate authority of the network, as pip takes it; see "Containers" in docs/operations.md.
BUILD = buildah build --isolation chroot --format docker --layers --file deploy/Dockerfile --tag localhost/lumira \
  $(if $(PIP_CERT),--volume $(PIP_CERT):/run/ca.crt:ro --build-arg PIP_CERT=/run/ca.crt) \
  $(if $(BASE),--build-arg BASE=$(BASE))

image: ## Build the container image with buildah (BASE=localhost/debian:12-slim)
	$(BUILD) .

image-check: venv ## Build the image on a base made from Debian's packages, and make a purchase from it, as root
	@command -v buildah >/dev/null && command -v debootstrap >/dev/null && command -v psql >/dev/null || { \
	  apt-get -o DPkg::Lock::Timeout=300 update -qq && apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
	    --no-install-recommends buildah debootstrap postgresql-client; }
	@buildah inspect --type image localhost/debian:12-slim >/dev/null 2>&1 || { \
	  base=$$(mktemp -d) && debootstrap --variant=minbase bookworm "$$base" >/dev/null && \
	  container=$$(buildah from scratch) && buildah copy --quiet "$$container" "$$base" / && \
	  buildah commit --quiet --rm "$$container" localhost/debian:12-slim && rm -rf "$$base"; }
	$(MAKE) image BASE=localhost/debian:12-slim
	$(BIN)/python -m tests.image

previous-release: venv ## Store this release's database, with the demo's sales, for the upgrade tests of the next one
	$(BIN)/python -m tests.releases

check: venv ## Check style, types and the import contracts
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

format: venv ## Format the code and apply the automatic fixes of ruff
	$(BIN)/python -m ruff format .
	$(BIN)/python -m ruff check --fix .

venv: $(READY) ## Create or update .venv with all development requirements (PYTHON=python3.12)

$(READY): requirements-dev.txt
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "$(PYTHON) was not found: install Python 3.11 or later, or pass its path: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is $$("$(PYTHON)" -V 2>&1), but 3.11 or later is required: make PYTHON=python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) has no venv module (on Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; }
	@# An incomplete environment is created again; a working one is only updated.
	@$(BIN)/python -c 'import pip' 2>/dev/null || "$(PYTHON)" -m venv --clear .venv
	@echo "Installing into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $(READY)

# uv reads setup.cfg by running a build, so the requirements are piped into it. `--universal` also pins and hashes what
# only other releases of Python or other processors need: pip refuses a requirement without a hash.
REQUIREMENTS = $(BIN)/python -c 'import configparser, sys; config = configparser.ConfigParser(); config.read("setup.cfg"); \
	print(*(config["options.extras_require"].get(name) or config["options"][name] for name in sys.argv[1:]))'
# pip 23 also takes a newer `coverage[toml]` than a pin of `coverage` without its extra.
COMPILE = $(BIN)/uv pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-header $(ARGS)

# What only SENTRY_DSN and OTEL_EXPORTER_OTLP_ENDPOINT need, for installations that set them.
EXTRAS = deploy/requirements-extras.txt

requirements: venv ## Pin the requirements of setup.cfg again, with hashes (ARGS=--upgrade for the newest versions)
	$(REQUIREMENTS) install_requires | $(COMPILE) --output-file requirements.txt -
	$(REQUIREMENTS) sentry opentelemetry | $(COMPILE) --constraint requirements.txt --output-file $(EXTRAS) -
	$(REQUIREMENTS) install_requires dev | $(COMPILE) --constraint requirements.txt --constraint $(EXTRAS) \
	  --output-file requirements-dev.txt -

# async-timeout is installed before Python 3.11.3 only; the page names it in a sentence.
LICENCES = $(BIN)/pip-licenses --format=markdown --no-version --ignore-packages async-timeout \
	--packages $$(sed -n 's/^\([a-z0-9][^=[]*\)\(\[[^]]*\]\)\{0,1\}==.*/\1/p' requirements.txt)

licences: venv ## Write the licences of all requirements into docs/licences.md
	@mkdir -p build
	@{ sed '/^| Name/,$$d' docs/licences.md; $(LICENCES); } > build/licences.md
	@mv build/licences.md docs/licences.md

print-licences:
	@$(LICENCES)

# A fresh environment contains what production installs, and nothing else.
sbom: venv ## Write the software bill of materials, build/sbom.json (CycloneDX)
	@rm -rf build/sbom && mkdir -p build && $(BIN)/python -m venv --without-pip build/sbom
	@$(BIN)/python -m pip --python build/sbom/bin/python install --quiet --disable-pip-version-check --require-hashes \
	  --only-binary :all: -r requirements.txt
	@$(BIN)/cyclonedx-py environment --output-format JSON --output-file build/sbom.json build/sbom/bin/python
	@rm -rf build/sbom && echo "build/sbom.json"

clean: ## Delete caches and build results; instance/ and .venv remain
	find . -name __pycache__ -type d -not -path './.venv/*' -not -path './instance/*' -prune -exec rm -rf {} +
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov build dist *.egg-info
