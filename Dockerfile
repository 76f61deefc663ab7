# syntax=docker/dockerfile:1

# The page and the SDK. Their output is the same everywhere, so this stage runs on the builder's own platform.
FROM --platform=$BUILDPLATFORM node:20-bookworm-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY web ./
RUN npm run build

# The binary: Go cross-compiles, so this one does too.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
COPY --from=web /src/web/dist ./web/dist
ARG TARGETOS TARGETARCH VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.release=$VERSION" -o /parlor ./cmd/parlor

# What runs: one file, no shell, no package manager, not root.
FROM gcr.io/distroless/static-debian12:nonroot
LABEL org.opencontainers.image.title="Parlor" \
      org.opencontainers.image.description="Rooms for browsers: a WebRTC SFU in one binary" \
      org.opencontainers.image.source="https://github.com/parlorhq/parlor" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /parlor /parlor
USER 65532:65532
# One number: HTTP and WebSocket over TCP, media over UDP.
EXPOSE 8080/tcp 8080/udp
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 CMD ["/parlor", "health"]
ENTRYPOINT ["/parlor"]
CMD ["serve"]
