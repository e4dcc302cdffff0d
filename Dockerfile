# The action's image. GitHub starts it with the workspace mounted at /github/workspace and files
# that belong to another user, and wants container actions to run as root: so no USER here.
ARG BASE_IMAGE=python:3.13-slim

# hadolint ignore=DL3006  # the default names its tag
FROM ${BASE_IMAGE} AS packages
COPY requirements/runtime.txt /tmp/runtime.txt
# The environment holds no pip; the base's own fills it, from the lock alone. Then packages go that
# nothing here loads: of `kubernetes` its asynchronous half, of `kubernetes-validate` its validator,
# of which we read the schemas alone, and of `email-validator` and `cffi` what their users never call.
RUN python3 -m venv --without-pip /opt/venv \
    && python3 -m pip --python /opt/venv/bin/python install --no-cache-dir --no-deps --no-compile \
       --only-binary :all: --require-hashes --disable-pip-version-check --requirement /tmp/runtime.txt \
    && python3 -m pip --python /opt/venv/bin/python uninstall --quiet --yes \
       aiohappyeyeballs aiohttp aiohttp-retry aiosignal frozenlist multidict propcache yarl \
       attrs importlib-resources jsonschema jsonschema-specifications referencing rpds-py \
       dnspython pycparser
# What else is never loaded: schemas in the lenient form, of Kubernetes versions without support, or
# of single kinds; the typed API of `kubernetes`; Sigstore's staging service; colours of languages.
WORKDIR /opt/venv/lib
RUN find python3*/site-packages/kubernetes_validate/kubernetes-json-schema -type f \
      \( ! -name _definitions.json -o -path '*-local/*' -o -path '*/v1.2?.*' \) -delete \
    && find python3*/site-packages/kubernetes_validate -type d -empty -delete \
    && rm -rf python3*/site-packages/kubernetes_validate-*.dist-info/RECORD \
      python3*/site-packages/kubernetes/aio \
      python3*/site-packages/kubernetes/client/api \
      python3*/site-packages/securesystemslib/_vendor/ed25519/test_data \
      python3*/site-packages/sigstore/_store/*sigstage* \
    && find python3*/site-packages/kubernetes/client/models -type f ! -name '__init__.*' -delete \
    && find python3*/site-packages/pygments/lexers -type f \
       ! -name '__init__.*' ! -name '_mapping.*' -delete \
    # Byte code that holds no time of a file: a second build has the same bytes, and a builder that
    # sets all times to the commit's (SOURCE_DATE_EPOCH) leaves it valid.
    && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash .

# hadolint ignore=DL3006  # as above
FROM ${BASE_IMAGE}
# Of Debian's git what runs here is unpacked: no Perl (`git add -p`, `send-email`, `svn`), no servers,
# no documents. dpkg knows of it, so that scanners see every package, and an update keeps to it.
# hadolint ignore=DL3008  # git's security updates matter more than one fixed version of it
RUN if ! command -v git; then \
      printf 'path-exclude=%s\n' \
        '/usr/lib/*/libperl.so*' '/usr/lib/*/perl/*' '/usr/share/perl/*' '/usr/share/perl5/Error*' \
        '/usr/share/perl5/Git*' '/usr/bin/scalar' '/usr/lib/git-core/scalar' \
        '/usr/lib/git-core/git-daemon' '/usr/lib/git-core/git-http-backend' \
        '/usr/lib/git-core/git-http-fetch' '/usr/lib/git-core/git-http-push' \
        '/usr/lib/git-core/git-imap-send' '/usr/lib/git-core/git-sh-i18n--envsubst' \
        '/usr/lib/git-core/git-shell' '/usr/share/git-core/contrib/*' '/usr/share/gitweb/*' \
        '/usr/share/doc/*' '/usr/share/locale/*' '/usr/share/man/*' \
        >/etc/dpkg/dpkg.cfg.d/gitops-action \
      && apt-get update \
      && apt-get install --yes --no-install-recommends ca-certificates git \
      && ln -sf ../../bin/git /usr/lib/git-core/git \
      && apt-get clean \
      && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/* /var/cache/ldconfig/aux-cache; \
    fi \
    # The mounted workspace belongs to the runner's user; git refuses it otherwise.
    && git config --system --add safe.directory '*'
COPY --from=packages /opt/venv /opt/venv
COPY entrypoint.py /app/entrypoint.py
COPY gitops_action /app/gitops_action
# Official images of Python have no byte code of the standard library. Compiling what we load of it
# would take half a second of each run.
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /app \
    && grep -rhoE '^ *(from [A-Za-z_.]+ import|import [A-Za-z_.]+$)' /app --include='*.py' >/tmp/imports \
    && PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 /opt/venv/bin/python -c 'import importlib, sys; \
      [importlib.import_module(line.split()[1]) for line in sys.stdin]; \
      files = [getattr(one, "__file__", None) or "" for one in sys.modules.values()]; \
      own = [one for one in files if one.startswith(sys.base_prefix) and one.endswith(".py")]; \
      print(*sorted({*own}), sep="\n")' </tmp/imports >/tmp/library \
    && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash -i /tmp/library \
    && rm /tmp/imports /tmp/library
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
LABEL org.opencontainers.image.title="gitops-action" \
      org.opencontainers.image.description="GitOps on GitHub: from a pushed tag to a verified deployment, by pull requests." \
      org.opencontainers.image.licenses="Apache-2.0"
ENTRYPOINT ["python", "/app/entrypoint.py"]
