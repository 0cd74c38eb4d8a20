# Doppel in a container. All that runs was built from wheels with known hashes; of pip, nothing is left in the image.
FROM python:3.13-slim AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# What signs results and tells traces is left out, unless this is [c2pa,otel]: it is larger than all the rest.
ARG EXTRAS=
# The packages come first, as they change less often than the code. A package without a wheel would fetch unhashed tools.
COPY requirements.lock requirements-extras.lock ./
RUN python -m pip wheel --require-hashes --only-binary :all: --wheel-dir wheels \
    -r "requirements${EXTRAS:+-extras}.lock"
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY bot bot
COPY cogs cogs
RUN python -m pip install --no-index --find-links wheels hatchling \
    && python -m pip wheel --no-index --no-deps --no-build-isolation --wheel-dir wheels .
RUN python -m venv --without-pip /opt/doppel \
    && python -m pip --python /opt/doppel install --no-index --find-links wheels "doppel$EXTRAS"

FROM python:3.13-slim
# A number that is known outside, so that a folder of the host can be given to it.
RUN groupadd --gid 10001 doppel \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin doppel \
    && install --directory --owner 10001 --group 10001 --mode 0700 /data \
    && install --directory /app/config \
    && ln -s /data /app/var
COPY --from=build /opt/doppel /opt/doppel
# A folder that is mounted at /app/config may hold doppel.toml and secrets.env; without one the defaults hold.
WORKDIR /app
ENV PATH=/opt/doppel/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DATABASE_URL=sqlite:////data/doppel.db \
    DOPPEL_OPS__LISTEN=0.0.0.0:9100 \
    DOPPEL_OPS__LOG_FORMAT=json
USER 10001:10001
VOLUME /data
EXPOSE 9100
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["doppel", "health"]
ENTRYPOINT ["doppel"]
CMD ["run"]
