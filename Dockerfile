# The images of Pulso's services. It only copies what `make build` left in bin/ and frontend/dist/: nothing is compiled
# or fetched here but the base, which is an argument.
#
#	docker build --target agent .                                    agent, with the kernel modules' sources
#	docker build --target frontend .                                 frontend, with the dashboard
#	docker build --target service --build-arg SERVICE=workload .     workload, functions, socket, migrator
#
# A service runs as a user of no rights, and needs no shell, no file that it could write, no capability:
#
#	docker run --read-only --cap-drop=ALL --security-opt=no-new-privileges IMAGE
#
# The same sources, base and VERSION make the same image, to the digest, where the builder writes no times into it, as
# buildah with --timestamp 0. Files have the modes that make gave them, because not every docker build can: Cloud Build's
# needs BuildKit for it, which its images no longer have.
ARG BASE=gcr.io/distroless/static-debian12:nonroot

FROM ${BASE} AS any
USER 65532:65532
ENTRYPOINT ["/service"]
# What git calls the sources: VERSION of `make build`.
ARG VERSION=unknown
LABEL org.opencontainers.image.version=${VERSION} org.opencontainers.image.revision=${VERSION}

# The VM takes its modules from the image whose agent reads them, so that the two fit.
FROM any AS agent
COPY bin/agent /service
COPY kernel /usr/src/pulso

FROM any AS frontend
COPY bin/frontend /service
COPY frontend/dist /dist
ENV PULSO_FRONTEND_DIR=/dist

FROM any AS service
# Without a name the build fails: there is no bin/unnamed.
ARG SERVICE=unnamed
COPY bin/${SERVICE} /service
