FROM rust:1.95-bookworm AS builder
WORKDIR /src
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
# For https in RESERVOIR_JWKS_URL; everything else is in the binary.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home reservoir \
    && install -d -o reservoir -g reservoir /data
COPY --from=builder /src/target/release/reservoir /usr/local/bin/reservoir
USER reservoir
WORKDIR /data
VOLUME /data
ENV RESERVOIR_DATABASE_URL=sqlite:///data/reservoir.db \
    RESERVOIR_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=12s --start-period=10s CMD ["reservoir", "healthcheck"]
ENTRYPOINT ["reservoir"]
CMD ["serve"]
