# policy-tracker in a container: not root, and everything that changes is under /data. How to use it: docs/running.md
ARG PYTHON=3.11-slim-bookworm

FROM docker.io/library/python:${PYTHON} AS build
WORKDIR /src
# What is locked comes first: it changes less often than the code, so it stays in the builder's cache.
COPY requirements/runtime.txt requirements/demo.txt requirements/
RUN python -m venv /opt/policy-tracker \
 && /opt/policy-tracker/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/runtime.txt \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/demo.txt
COPY pyproject.toml README.md LICENSE ./
COPY tracker tracker
COPY templates templates
COPY snapshots snapshots
RUN /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /opt/wheel . \
 && /opt/policy-tracker/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps /opt/wheel/*.whl

FROM docker.io/library/python:${PYTHON}
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin tracker \
 && install --directory --owner=tracker --group=tracker /data
COPY --from=build /opt/policy-tracker /opt/policy-tracker
ENV PATH=/opt/policy-tracker/bin:$PATH POLICY_TRACKER_HOME=/data PYTHONUNBUFFERED=1
USER tracker
VOLUME /data
STOPSIGNAL SIGTERM
# Where the pages are on, whether they answer and the tracker can be read; else that the daemon lives, which its exit would tell.
HEALTHCHECK --interval=60s --timeout=10s --start-period=60s --retries=3 CMD ["python3", "-c", "import socket, urllib.request as u; socket.socket().connect_ex(('127.0.0.1', 8080)) or u.urlopen('http://127.0.0.1:8080/readyz', timeout=5)"]
ENTRYPOINT ["policy-tracker"]
CMD ["daemon"]
