# testpmd-wrapper, and Debian's own dpdk-testpmd beside it, with podnet and the C
# libraries, whose headers are in the image too; with --target podnet, podnet alone.
#
#   BASE      Debian 12 or 13; the image has the DPDK of that release
#   GO_IMAGE  any image that has Go in /usr/local/go
#   DRIVERS   the DPDK network drivers to install (librte-net-*); a question mark
#             behind one: only if DPDK's release has it
#   VERSION   the version that `testpmd-wrapper version` prints
#   REVISION  commit of the sources, and CREATED: its time, for the labels
ARG BASE=docker.io/library/debian:bookworm-slim
ARG GO_IMAGE=docker.io/library/golang:1.26

FROM ${GO_IMAGE} AS go

FROM ${BASE} AS source
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    ca-certificates dpdk-dev gcc libc6-dev libcap2-bin libdpdk-dev libjansson-dev make pkg-config
COPY --from=go /usr/local/go /usr/local/go
ENV PATH=/usr/local/go/bin:$PATH
WORKDIR /src
COPY go.mod go.sum ./
ARG GOPROXY
RUN go mod download
COPY . .

FROM source AS static
ARG VERSION=devel
RUN scripts/build-podnet.sh /out/podnet "${VERSION}"

FROM scratch AS podnet
COPY --from=static /out/podnet /usr/bin/podnet
ENV PATH=/usr/bin
ARG VERSION=devel
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="podnet" \
      org.opencontainers.image.description="Finds a pod's network devices and configures programs for them" \
      org.opencontainers.image.source="https://github.com/podnet/podnet" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="podnet" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
USER 65532:65532
ENTRYPOINT ["/usr/bin/podnet"]

FROM source AS build
ARG VERSION=devel
RUN scripts/with-dpdk.sh go build -trimpath -ldflags "-s -w -X github.com/podnet/podnet/internal/cli.version=${VERSION}" \
    -o /out/usr/bin/testpmd-wrapper ./cmd/testpmd-wrapper
# For a user other than root, a capability of the pod's securityContext is effective only
# if the program's file permits it. Without +e the file also starts in pods that add no
# capability; the program raises the capabilities that it has.
RUN setcap cap_ipc_lock,cap_net_raw,cap_sys_rawio=p /out/usr/bin/testpmd-wrapper
# virtio and vhost are the two ends of vhost-user, ixgbe and e1000 have ixgbevf and
# igbvf; ena, gve, mana and netvsc are of clouds. A stock testpmd is linked to some more.
ARG DRIVERS="af-packet af-xdp bnxt e1000 ena gve iavf ixgbe mana? memif mlx5 netvsc null ring tap vhost virtio"
COPY --from=static /out/podnet /usr/local/bin/podnet
RUN make -C capi install DESTDIR=/out PREFIX=/usr LIBDIR=/usr/lib HELPER=/usr/local/bin/podnet VERSION="${VERSION}" && \
    strip --strip-unneeded /out/usr/lib/*.so*
RUN cp /usr/bin/dpdk-testpmd /out/usr/bin/ && \
    scripts/image-packages.sh "$DRIVERS" /out/usr/bin/dpdk-testpmd /out/usr/bin/testpmd-wrapper /out/usr/lib/libpodnet.so.0 >/packages

FROM ${BASE} AS testpmd-wrapper
# The run-time libraries that the build stage found, installed as packages so that
# scanners see them. udev comes with them; its database of hardware names is removed.
RUN --mount=from=build,source=/packages,target=/packages \
    apt-get update && DEBIAN_FRONTEND=noninteractive xargs -a /packages apt-get install -y --no-install-recommends \
    -o Dpkg::Options::=--path-exclude=/usr/share/doc/* -o Dpkg::Options::=--path-exclude=/usr/share/man/* \
    -o Dpkg::Options::=--path-exclude=/usr/share/locale/* -o Dpkg::Options::=--path-exclude=/*/udev/hwdb.d/* && \
    apt-get clean && rm -rf /usr/lib/udev/hwdb.bin /var/lib/apt/lists/* /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache \
    /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
COPY --from=build /out /
ARG VERSION=devel
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="testpmd-wrapper" \
      org.opencontainers.image.description="Finds a pod's DPDK devices and measures what they carry" \
      org.opencontainers.image.source="https://github.com/podnet/podnet" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="podnet" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
USER 65532:65532
ENTRYPOINT ["testpmd-wrapper"]
