# The image of the log shipper, for a Deployment and for AWS Lambda:
#
#   docker build --tag xray-grafana:0.1.0 .
#
# A Deployment sets its own command. A function sets the entry point `python -m awslambdaric`, Lambda's runtime client, and the handler.
FROM python:3.13-slim-trixie AS build

WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY xray_grafana ./xray_grafana
# Wheels alone: what would have to be compiled fails here, where there is no compiler.
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --only-binary=:all: --prefix=/install \
    . awslambdaric==4.2.2

FROM python:3.13-slim-trixie

# Beside Python itself and not in an environment: Lambda finds `python` whatever PATH it sets.
COPY --from=build /install /usr/local
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

# By number: Kubernetes cannot tell from a name that it is not root. Lambda takes a user of its own.
USER 65532:65532
ENTRYPOINT ["xray-grafana"]
