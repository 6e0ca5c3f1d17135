# One image for every part: `earful web`, `earful worker`, `earful ticker`, or all in one: `earful up`.
# The Python release that the tests run on.
ARG PYTHON=python:3.11-slim

FROM ${PYTHON} AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/earful
# Dependencies first: they change less often than the sources, and Docker keeps this layer.
COPY requirements.lock .
RUN /opt/earful/bin/pip install --requirement requirements.lock
COPY . .
RUN /opt/earful/bin/pip install --no-deps .

FROM ${PYTHON}
RUN useradd --uid 10001 --user-group --home-dir /var/lib/earful --create-home earful
COPY --from=build /opt/earful /opt/earful
ENV PATH=/opt/earful/bin:$PATH \
    EARFUL_CONFIG=/etc/earful/config.toml \
    PYTHONUNBUFFERED=1
VOLUME /var/lib/earful
WORKDIR /var/lib/earful
EXPOSE 8080
USER earful
ENTRYPOINT ["earful"]
CMD ["up"]
