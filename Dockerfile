# The image of Promptuary: docker build -t promptuary .
# docs/deployment.md explains how to run it.

# Debian with Python 3.11 to 3.14 and its module venv; the image is built on it and runs on it.
ARG BASE=python:3.13-slim-trixie
# Any image with npm. Nothing of it remains in the result but the scripts and fonts of the pages.
ARG NODE_BASE=node:24-slim


FROM ${NODE_BASE} AS frontend
WORKDIR /build/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci
COPY frontend/ ./
RUN mkdir -p /build/src/promptuary/web/static && npm run build


FROM ${BASE} AS server
WORKDIR /build
COPY requirements/build.txt requirements/container.txt requirements/
# Tools and server are apart, so that neither pip nor the tools are part of the image.
RUN python3 -m venv tools \
  && python3 -m venv --without-pip /opt/promptuary \
  && tools/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt
RUN tools/bin/pip --python /opt/promptuary/bin/python install --no-cache-dir --only-binary :all: \
  --require-hashes -r requirements/container.txt
COPY pyproject.toml README.md LICENSE ./
COPY clients/ clients/
COPY src/ src/
COPY --from=frontend /build/src/promptuary/web/static/build/ src/promptuary/web/static/build/
RUN tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist ./clients/python . \
  && tools/bin/pip --python /opt/promptuary/bin/python install --no-cache-dir --no-deps dist/*.whl


FROM ${BASE}
ARG BASE
LABEL org.opencontainers.image.title="Promptuary" \
  org.opencontainers.image.description="A self-hosted prompt registry" \
  org.opencontainers.image.version="0.1.0" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.base.name="${BASE}"
RUN groupadd --gid 10001 promptuary \
  && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin promptuary \
  && install --directory --owner=promptuary --group=promptuary --mode=0700 /data
COPY --from=server /opt/promptuary /opt/promptuary
ENV PATH=/opt/promptuary/bin:$PATH \
  PROMPTUARY_DATA_DIR=/data
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# The first check counts after five minutes, because a start may have to upgrade the database.
HEALTHCHECK --interval=10s --timeout=5s --start-period=300s --retries=3 CMD ["python", "-c", "\
from http.client import HTTPConnection\n\
connection = HTTPConnection('127.0.0.1', 8000, timeout=4)\n\
connection.request('GET', '/_readyz')\n\
response = connection.getresponse()\n\
print(response.read().decode())\n\
raise SystemExit(response.status != 200)"]
ENTRYPOINT ["promptuary"]
CMD ["serve", "--host", "0.0.0.0"]
