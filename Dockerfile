# docker build --tag spectralnet .
# docker run --rm --interactive --tty spectralnet make run    (or: make test)
FROM python:3.12-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home dev
USER dev
# The environment lies outside the checkout, so that a checkout of the host can take its place.
ENV VENV=/home/dev/venv \
    PATH=/home/dev/venv/bin:$PATH \
    DVC_NO_ANALYTICS=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
RUN mkdir /home/dev/spectralnet
WORKDIR /home/dev/spectralnet
# With .git, which DVC and the tests need.
COPY --chown=dev:dev . .
RUN make setup
CMD ["make", "run"]
