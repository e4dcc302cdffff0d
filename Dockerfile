# The action's image. GitHub starts it with the workspace mounted at /github/workspace and files
# that belong to another user, and wants container actions to run as root: so no USER here.
ARG BASE_IMAGE=python:3.13-slim

# hadolint ignore=DL3006  # the default names its tag
FROM ${BASE_IMAGE} AS packages
COPY requirements/runtime.txt /tmp/runtime.txt
# The environment holds no pip; the base's own fills it, from the lock alone.
RUN python3 -m venv --without-pip /opt/venv \
    && python3 -m pip --python /opt/venv/bin/python install --no-cache-dir --no-deps --no-compile \
       --only-binary :all: --require-hashes --disable-pip-version-check --requirement /tmp/runtime.txt
# What is never loaded: schemas in the lenient form, or of Kubernetes versions that nobody supports.
WORKDIR /opt/venv/lib
# Of `sigstore` and `rich`: the staging service, DNS look-ups of mail addresses, colours of languages.
# Of `kubernetes` the way into a cluster is loaded, never its asynchronous half or its typed API.
RUN rm -rf python3*/site-packages/kubernetes_validate/kubernetes-json-schema/v*-local \
      python3*/site-packages/kubernetes_validate/kubernetes-json-schema/v1.2?.* \
      python3*/site-packages/kubernetes/aio \
      python3*/site-packages/kubernetes/client/api \
      python3*/site-packages/dns \
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
# hadolint ignore=DL3008  # git's security updates matter more than one fixed version of it
RUN if ! command -v git; then \
      apt-get update \
      && apt-get install --yes --no-install-recommends ca-certificates git \
      && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/ldconfig/aux-cache; \
    fi \
    # The mounted workspace belongs to the runner's user; git refuses it otherwise.
    && git config --system --add safe.directory '*'
COPY --from=packages /opt/venv /opt/venv
COPY entrypoint.py /app/entrypoint.py
COPY gitops_action /app/gitops_action
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
LABEL org.opencontainers.image.title="gitops-action" \
      org.opencontainers.image.description="GitOps on GitHub: from a pushed tag to a verified deployment, by pull requests." \
      org.opencontainers.image.licenses="Apache-2.0"
ENTRYPOINT ["python", "/app/entrypoint.py"]
