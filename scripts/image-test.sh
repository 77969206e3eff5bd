#!/usr/bin/env bash
# Builds the Dockerfile as it stands, and tries the image out. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: scripts/image-test.sh [--help] [--pull] [--skip-build] [--keep-base]

Builds the Dockerfile, unmodified, with buildah, runs the image with podman, and holds it to its contract:

  user 65532, no shell, at most 65 MB        a read-only root, no capability, no privilege
  listens on $PORT, at once                  `healthcheck` says whether it lives
  SIGTERM in the middle of calls: out within 9 s, exit code 0
  four containers take each other's place behind a balancer, and none of 20 calls is lost

Needs root, Debian 12 or a relative of it, and these packages:

  apt-get install --no-install-recommends buildah podman runc mmdebstrap catatonit containernetworking-plugins

No registry of images is asked: stand-ins for the two base images are made from Debian's packages and from the Rust
toolchain of this machine, once, and are kept under target/image-test (3 GB), apart from the images of this machine.
The first run takes about 10 minutes of CPU for them and the crates; later ones what the changed sources take.

The last of these needs PostgreSQL: TEST_DATABASE_URL names a server where databases may be created, as for scripts/test.sh.

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
    [ -s "$tar" ] || { mmdebstrap --quiet --format=tar --variant="$2" --include="$3" bookworm "$tar.part" && mv "$tar.part" "$tar"; }
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

# --- What the image is -------------------------------------------------------------------------

has_image "$image" || fail "there is no image $image: leave out --skip-build"
readonly name=alpha-call-image-test port=18080 limit_mb=65
readonly replicas=("$name-1" "$name-2" "$name-3" "$name-4")
mounted='' container='' load='' balancer='' database=''

clean() {
    local code=$?
    trap - EXIT
    [ -z "$load" ] || kill "$load" 2>/dev/null || true
    [ -z "$balancer" ] || kill "$balancer" 2>/dev/null || true
    podman rm --force --volumes --ignore --time 0 "$name" "${replicas[@]}" >/dev/null 2>&1 || true
    [ -z "$database" ] || psql --quiet "$TEST_DATABASE_URL" --command="DROP DATABASE IF EXISTS $database WITH (FORCE)" || true
    [ -z "$container" ] || buildah rm "$container" >/dev/null || true
    [ "$code" -eq 0 ] || printf '\n==> FAILED (exit %s)\n' "$code" >&2
    exit "$code"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

podman() { command podman --root "$work/storage" --runroot "$work/run" --runtime runc --cgroup-manager cgroupfs "$@"; }
holds() { printf '  %-28s %s\n' "$1" "$2"; }

step 'what the image is'
user=$(buildah inspect --type image --format '{{.OCIv1.Config.User}}' "$image")
[ "$user" = 65532:65532 ] || fail "its user is $user"
holds user "$user"
entry=$(buildah inspect --type image --format '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}' "$image")
[ "$entry" = '[/alpha-call] [serve]' ] || fail "it starts $entry"
holds starts "$entry"
container=$(buildah from --pull-never "$image")
mounted=$(buildah mount "$container")
shells=$(find "$mounted" \( -name sh -o -name bash -o -name dash -o -name busybox \) \( -type f -o -type l \) -perm /111 2>/dev/null)
[ -z "$shells" ] || fail "it has a shell: $shells"
holds shells none
size=$(($(du --apparent-size --summarize --block-size=1 "$mounted" | cut -f 1) / 1000000))
[ "$size" -le "$limit_mb" ] || fail "it has $size MB, more than $limit_mb"
holds size "$size MB, of which $(($(stat --format=%s "$mounted/alpha-call") / 1000000)) MB are the program"
cp "$mounted/alpha-call" "$work/alpha-call"

# --- What it does ------------------------------------------------------------------------------

url=http://127.0.0.1:$port
calls=5
# The simulators read the records by it.
export API_KEYS=key-of-the-image-test-alone

# start NAME PORT WORDS…: as platforms run it, with nothing that it can write to but its volume.
start() {
    local peers=() container_name=$1 container_port=$2
    shift 2
    mapfile -t peers < <("$work/alpha-call" simulate --print-env --calls "$calls" | sed 's/^/--env=/')
    podman run --detach --name "$container_name" --network host --read-only --read-only-tmpfs=false --cap-drop all --security-opt no-new-privileges \
        --ulimit nofile=20000:20000 --ulimit nproc=1024:1024 "${peers[@]}" --env "PORT=$container_port" --env API_KEYS --env APP__OPENAI__WARM_CONNECTIONS=0 "$@" "$image" >/dev/null
}

until_it_has() {
    local what=$1 tries=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { podman logs "$name" >&2 || true; fail "it has never $what"; }
        sleep 0.02
    done
}

milliseconds() { date +%s%3N; }
lives() { curl --fail --silent --max-time 2 "$url/health/live"; }
carries() { [[ $(curl --silent --max-time 2 "$url/health") == *"\"calls\":{\"active\":$calls,"* ]]; }

step 'a folder that it cannot write to is named'
start "$name" "$port" --tmpfs /var/lib/alpha-call/data:ro --env DATABASE_URL=sqlite::memory:
code=$(podman wait "$name")
said=$(podman logs "$name" 2>&1)
if [ "$code" -eq 0 ] || [[ $said != *'Read-only file system'* || $said != *data* ]]; then fail "exit $code: $said"; fi
holds exit "$code, ${said##*$'\n'}"
podman rm --force --volumes "$name" >/dev/null

step 'it starts'
start "$name" "$port"
began=$(date --date "$(podman inspect --format '{{.State.StartedAt.Format "2006-01-02T15:04:05.999999999Z07:00"}}' "$name")" +%s%3N)
until_it_has listened 500 lives
took=$(($(milliseconds) - began))
[ "$took" -le 3000 ] || fail "it listened after $took ms"
holds listens "after $took ms, at $url"
uid=$(awk '/^Uid:/ { print $2 }' "/proc/$(podman inspect --format '{{.State.Pid}}' "$name")/status")
[ "$uid" = 65532 ] || fail "it runs as $uid"
holds 'runs as' "$uid"
holds healthcheck "$(podman exec "$name" /alpha-call healthcheck)"

step "$calls simulated calls"
"$work/alpha-call" simulate --calls "$calls" --target "$url"

step "SIGTERM in the middle of $calls calls"
"$work/alpha-call" simulate --calls "$calls" --target "$url" >"$work/simulate.log" 2>&1 &
load=$!
until_it_has 'carried the calls' 1000 carries
began=$(milliseconds)
podman kill --signal TERM "$name" >/dev/null
code=$(podman wait "$name")
took=$(($(milliseconds) - began))
said=$(podman logs "$name" 2>&1)
[ "$code" -eq 0 ] || fail "exit $code: $said"
[ "$took" -le 9000 ] || fail "out after $took ms"
[[ $said == *draining* && $said != *panicked* ]] || fail "it did not drain: $said"
holds out "after $took ms, exit $code"
# Nobody answers its calls any more.
kill "$load"
wait "$load" || true
load=''

# --- One after the other -----------------------------------------------------------------------

active() { curl --silent --max-time 2 "http://127.0.0.1:$1/health" | sed -nE 's/.*"calls":\{"active":([0-9]+),.*/\1/p'; }
all_under_way() { [ $(($(active 18081) + $(active 18082))) -eq "$calls" ]; }

# A call that hears another instance go on in mid-sentence is cut once more than its script says: what counts is that it goes on.
rolling() {
    local server=$TEST_DATABASE_URL words socket numbers told replica moved
    database=alpha_call_image_test_$$
    psql --quiet "$server" --command="CREATE DATABASE $database"
    words=(--env "DATABASE_URL=$(sed -E "s#(://[^/]*/)[^?]*#\\1$database#" <<<"$server")")
    socket=$(sed -nE 's#.*[?&]host=(/[^&]*).*#\1#p' <<<"$server")
    [ -z "$socket" ] || words+=(--volume "$socket:$socket")
    calls=20
    python3 tests/fixtures/balancer.py "$port" 18081 18082 18083 18084 &
    balancer=$!
    start "${replicas[0]}" 18081 "${words[@]}"
    start "${replicas[1]}" 18082 "${words[@]}"
    until_it_has listened 500 lives
    "$work/alpha-call" simulate --calls "$calls" --seconds 45 --target "$url" --json >"$work/rolling.json" &
    load=$!
    until_it_has 'carried the calls' 1000 all_under_way
    start "${replicas[2]}" 18083 "${words[@]}"
    leave "${replicas[0]}" 18083
    start "${replicas[3]}" 18084 "${words[@]}"
    leave "${replicas[1]}" 18084
    # It is not pleased with more interruptions than it made.
    wait "$load" || true
    load=''
    told=$(<"$work/rolling.json")
    numbers=$(grep -oE '"calls":[^}]*}' <<<"$told")
    [ "$numbers" = '"calls":{"started":20,"completed":20,"failed":0}' ] || fail "calls were lost: $told"
    [[ $told == *'"violations":{"twilio":0,"openai":0,'* ]] || fail "a protocol was violated: $told"
    moved=$(for replica in "${replicas[@]:1}"; do podman logs "$replica" 2>&1; done | grep -c 'call goes on') || fail 'no call went from one to another'
    holds calls "${numbers#*:}, changed over $moved times"
}

# leave NAME PORT: one goes as soon as another is ready.
leave() {
    local code
    until_it_has 'been ready' 1000 curl --fail --silent --max-time 2 "http://127.0.0.1:$2/health/ready"
    # The balancer looks five times a second.
    sleep 0.5
    podman kill --signal TERM "$1" >/dev/null
    code=$(podman wait "$1")
    holds "container ${1##*-} left" "exit $code"
    [ "$code" -eq 0 ] || fail "exit $code: $(podman logs "$1" 2>&1 | tail -n 20)"
}

step 'a rolling replacement under 20 calls'
podman rm --force --volumes "$name" >/dev/null
if [ -n "${TEST_DATABASE_URL:-}" ] && command -v psql >/dev/null; then
    rolling
else
    echo 'LEFT OUT: TEST_DATABASE_URL names no PostgreSQL, or there is no psql' >&2
fi

step 'all is as it should be'
