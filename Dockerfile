# evenhand without extras, for a user without rights; docs/install.md tells how to build and run it.
# tests/extras/test_wheel.py runs the commands of the first stage on a machine without Docker.
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY scripts/installer.txt scripts/
COPY src src
RUN python -m venv /opt/installer
RUN /opt/installer/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement scripts/installer.txt
RUN /opt/installer/bin/uv build --quiet --wheel --out-dir /opt/dist
RUN /opt/installer/bin/uv export --quiet --frozen --no-dev --no-emit-project --output-file /opt/dist/requirements.txt
RUN python -m venv --without-pip /opt/evenhand
RUN /opt/installer/bin/uv pip install --quiet --no-cache --python /opt/evenhand/bin/python --require-hashes --requirement /opt/dist/requirements.txt
RUN /opt/installer/bin/uv pip install --quiet --no-cache --python /opt/evenhand/bin/python --no-deps /opt/dist/evenhand-*.whl

FROM python:3.11-slim
COPY --from=build /opt/evenhand /opt/evenhand
RUN useradd --create-home evenhand && install --directory --owner=evenhand /work
ENV PATH=/opt/evenhand/bin:$PATH
USER evenhand
WORKDIR /work
ENTRYPOINT ["evenhand"]
CMD ["--help"]
