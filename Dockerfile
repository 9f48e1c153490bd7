# Two images: the worker (the last stage, which is what `docker build .` makes), and `tools`, in which `make demo` and `make test` run where
# only Docker is installed.

FROM python:3.11-slim-bookworm AS dependencies
COPY requirements.lock .
RUN python -m venv /opt/milepost \
 && /opt/milepost/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock


FROM python:3.11-slim-bookworm AS tools
RUN apt-get update \
 && apt-get install -y --no-install-recommends make maven openjdk-17-jre-headless \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /milepost
COPY requirements-dev.lock .
RUN python -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-dev.lock
COPY . .
RUN make .venv/.ready
CMD ["make", "help"]


FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin milepost \
 && install -d -o milepost -g milepost /data
COPY --from=dependencies /opt/milepost /opt/milepost
WORKDIR /app
COPY avro avro
COPY connectors connectors
COPY streams streams
RUN /opt/milepost/bin/python -m compileall -q streams connectors
ENV PATH=/opt/milepost/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MILEPOST_DATA=/data \
    MILEPOST_METRICS_HOST=0.0.0.0
USER 10001:10001
EXPOSE 9464
ENTRYPOINT ["python", "-m", "streams.cli"]
CMD ["worker"]
