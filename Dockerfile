# The command `gcp-scopes`, for init containers: docs/self-check.md. The image contains a shell,
# because init containers look at the exit code, and runs without root.
#
#   docker build --build-arg SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) --tag gcp-scopes .
ARG RUST=1.95
ARG ALPINE=3.22
FROM rust:${RUST}-alpine${ALPINE} AS build
# The tar of Alpine cannot sort, which an archive with the same bytes needs.
RUN apk add --no-cache bash git musl-dev tar
WORKDIR /src
COPY . .
ARG SOURCE_DATE_EPOCH=0
RUN .github/pack.sh "$(uname -m)-unknown-linux-musl" \
    && mv dist/gcp-scopes-*-musl /packed

FROM alpine:${ALPINE}
COPY --from=build /packed/gcp-scopes /usr/local/bin/gcp-scopes
COPY --from=build /packed/man/ /usr/local/share/man/man1/
COPY --from=build /packed/completions/ /usr/local/share/gcp-scopes/completions/
COPY --from=build /packed/LICENSE-APACHE /packed/LICENSE-MIT /packed/NOTICE /usr/local/share/gcp-scopes/
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/gcp-scopes"]
