# One binary, no shell. scripts/image-test.sh builds this and tries it out.
FROM docker.io/library/rust:1.95-bookworm AS build
WORKDIR /build

# What we depend on: compiled again only when Cargo.toml or Cargo.lock changes.
COPY Cargo.toml Cargo.lock ./
COPY migration/Cargo.toml migration/
RUN mkdir -p benches fuzz/stable migration/src src \
    && for stand_in in benches/logger.rs benches/reading.rs fuzz/stable/main.rs src/main.rs; do \
           echo 'fn main() {}' > "$stand_in"; \
       done \
    && touch migration/src/lib.rs src/lib.rs \
    && cargo build --release --locked --bin alpha-call \
    && rm -r migration/src src

COPY config/*.toml config/
COPY migration migration
COPY web web
COPY src src
# By their time the stand-ins may be younger than what takes their place.
RUN touch migration/src/lib.rs src/lib.rs src/main.rs \
    && cargo build --release --locked --bin alpha-call

# Assistants are read at the start: for a word of theirs nothing is compiled.
COPY config config
RUN mkdir -p config/assistants state/config state/data \
    && cp -r config/assistants state/config

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /build/target/release/alpha-call /alpha-call
# Assistants, and in data the rows that wait for the database: the one place that is written to.
COPY --from=build --chown=65532:65532 /build/state /var/lib/alpha-call
WORKDIR /var/lib/alpha-call
VOLUME /var/lib/alpha-call/data
ENV HOST=0.0.0.0 PORT=8080
EXPOSE 8080
USER 65532:65532
ENTRYPOINT ["/alpha-call"]
CMD ["serve"]

ARG REVISION=unknown
LABEL org.opencontainers.image.title="alpha-call" \
      org.opencontainers.image.description="An AI phone engine: joins Twilio Media Streams to OpenAI Realtime" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="${REVISION}"
