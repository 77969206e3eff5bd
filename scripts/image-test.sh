#!/usr/bin/env bash
# Builds the Dockerfile as it stands, and tries the image out. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: scripts/image-test.sh [--help] [--pull] [--skip-build] [--keep-base]

Builds the Dockerfile, unmodified, with buildah, runs the image with podman, and holds it to its contract:

  user 65532, no shell, at most 45 MB        a read-only root, no capability, no privilege
  listens on $PORT, at once                  `healthcheck` says whether it lives
  SIGTERM in the middle of calls: out within 9 s, exit code 0

Needs root, Debian 12 or a relative of it, and these packages:

  apt-get install --no-install-recommends buildah podman runc mmdebstrap catatonit containernetworking-plugins

No registry of images is asked: stand-ins for the two base images are made from Debian's packages and from the Rust
toolchain of this machine, once, and are kept under target/image-test (3 GB), apart from the images of this machine.
The first run takes about 10 minutes of CPU for them and the crates; later ones what the changed sources take.

  --pull         take the real base images from their registries instead
  --skip-build   try out the image that the last run built
  --keep-base    make or find the base images, and stop
TEXT
}

step() { printf '\n==> %s\n' "$*"; }
fail() { printf 'image-test.sh: %s\n' "$*" >&2; exit 1; }

pull='' build=yes base_alone=''
for word in "$@"; do
    case "$word" in
        -h | --help) usage; exit 0 ;;
        --pull) pull=yes ;;
        --skip-build) build='' ;;
        --keep-base) base_alone=yes ;;
        *) usage >&2; exit 2 ;;
    esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$PWD/target/image-test
readonly work
readonly builder=docker.io/library/rust:1.95-bookworm
readonly runner=gcr.io/distroless/cc-debian12:nonroot
readonly image=localhost/alpha-call:test

# In a storage of its own: a stand-in must never pass for the real image elsewhere.
buildah() { command buildah --root "$work/storage" --runroot "$work/run" "$@"; }

needs() {
    [ "$(id -u)" -eq 0 ] || fail 'run it as root: base images are made with device files, and mounts'
    local tool missing=()
    for tool in buildah podman runc mmdebstrap curl; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    [ "${#missing[@]}" -eq 0 ] || fail "${missing[*]} not found: apt-get install --no-install-recommends buildah podman runc mmdebstrap catatonit containernetworking-plugins curl"
    command -v cargo >/dev/null || fail 'cargo is not found: install Rust from https://rustup.rs'
}

has_image() { buildah images --quiet "$1" >/dev/null 2>&1; }

# debian NAME VARIANT PACKAGES: a tar of them.
debian() {
    local tar=$work/$1.tar
    [ -s "$tar" ] || { mmdebstrap --quiet --variant="$2" --include="$3" bookworm "$tar.part" && mv "$tar.part" "$tar"; }
}

make_builder() {
    local container sysroot
    sysroot=$(rustc +1.95.0 --print sysroot 2>/dev/null || rustc --print sysroot)
    [[ $("$sysroot/bin/rustc" --version) == 'rustc 1.95.'* ]] || fail 'the toolchain of rust-toolchain.toml is not installed: rustup toolchain install 1.95.0'
    debian builder minbase ca-certificates,gcc,libc6-dev
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$work/builder.tar" /
    buildah copy --quiet "$container" "$sysroot/bin" /usr/local/bin
    buildah copy --quiet "$container" "$sysroot/lib" /usr/local/lib
    buildah config --env CARGO_HOME=/usr/local/cargo --env PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    buildah commit --quiet --rm "$container" "$builder"
}

make_runner() {
    local container
    debian runner extract base-files,ca-certificates,libc6,libgcc-s1,libssl3,netbase,tzdata
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$work/runner.tar" /
    buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt --user 65532 "$container"
    buildah commit --quiet --rm "$container" "$runner"
}

base_images() {
    has_image "$builder" || make_builder
    has_image "$runner" || make_runner
}

needs
mkdir -p "$work"
if [ -z "$pull" ]; then
    step 'base images'
    base_images
fi
[ -z "$base_alone" ] || exit 0

build_image() {
    local from=--pull-never volumes=() home=${CARGO_HOME:-$HOME/.cargo}
    [ -z "$pull" ] || from=--pull
    # What this machine has downloaded need not be downloaded again, and from where it is told to.
    mkdir -p "$home/registry"
    volumes+=(--volume "$home/registry:/usr/local/cargo/registry")
    [ ! -f "$home/config.toml" ] || volumes+=(--volume "$home/config.toml:/usr/local/cargo/config.toml:ro")
    buildah bud --layers "$from" --isolation=chroot --network=host "${volumes[@]}" \
        --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)" --file Dockerfile --tag "$image" .
}

if [ -n "$build" ]; then
    step 'build the Dockerfile'
    build_image
fi
