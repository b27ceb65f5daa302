# syntax=docker/dockerfile:1
# One image for web, workers and beat; docker-compose.yml says which one a container is.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
WORKDIR /build
COPY requirements.lock .
# PyTorch's own index of CPU-only wheels, given here, makes the image several GB smaller:
#   docker compose build --build-arg EXTRA_INDEX_URL=…
ARG EXTRA_INDEX_URL=""
RUN /opt/venv/bin/pip install ${EXTRA_INDEX_URL:+--extra-index-url "$EXTRA_INDEX_URL"} -r requirements.lock

FROM python:3.11-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    VAR_DIR=/var/lib/toxicsite \
    HF_HOME=/var/lib/toxicsite/huggingface \
    BIND=0.0.0.0 \
    PORT=8000 \
    LOG_FORMAT=json
RUN groupadd --system --gid 10001 toxicsite \
    && useradd --system --uid 10001 --gid toxicsite --home-dir /var/lib/toxicsite --shell /usr/sbin/nologin toxicsite \
    && install --directory --owner=toxicsite --group=toxicsite --mode=0750 /var/lib/toxicsite
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv/toxicsite
COPY manage.py pyproject.toml LICENSE ./
COPY toxicsite toxicsite
COPY classifier classifier
COPY training training
COPY templates templates
COPY static static
COPY models models
COPY docs docs
COPY CHANGELOG.md ./
USER 10001:10001
VOLUME /var/lib/toxicsite
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["gunicorn", "-c", "python:toxicsite.launcher.gunicorn_conf"]
