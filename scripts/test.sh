#!/usr/bin/env bash
# All set-up, then all tests. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: scripts/test.sh [--help] [--fuzz [SECONDS]] [-- ARGUMENTS OF THE TEST RUNNER]

Runs everything that guards this repository, on a fresh Debian machine with Rust:

  1. finds PostgreSQL's server, Chromium with its driver, Node.js, Python and curl, or installs them with apt (as root, or by sudo)
  2. starts a throw-away server in a temporary folder, reachable by its Unix socket alone;
     what a Debian package may have started is left alone
  3. puts what tests/requirements.txt names into a virtual environment of Python below target/: judges of the API, and of
     Dockerfile, scripts and files for platforms, which are looked at
  4. cargo fmt --check, cargo clippy with warnings as errors
  5. the tests of the page's own modules, with node
  6. all tests, with cargo-nextest if it is installed, else with cargo test; then the doc tests
  7. searches what the tests wrote, with cargo-nextest, for what no log may hold: numbers, keys, tokens
  8. stops the server and removes the folder, however the run ends

With --fuzz it does none of that, and fuzzes instead: each target of fuzz/ for SECONDS, 10 if not told. It uses
cargo-fuzz where that and a nightly compiler are installed, else the same harnesses on the stable compiler, and fails
on the first finding. fuzz/README.md has the rest.

Works as root (the server then runs as an unprivileged user) and as anybody else.

environment:
  TEST_DATABASE_URL   use this server instead of starting one; it must let databases be created
  PG_BINDIR           where initdb and pg_ctl are, if they are not found
TEXT
}

step() { printf '\n==> %s\n' "$*"; }
fail() { printf 'test.sh: %s\n' "$*" >&2; exit 1; }

fuzz=''
case "${1:-}" in
    -h | --help) usage; exit 0 ;;
    --) shift ;;
    --fuzz)
        fuzz=${2:-10}
        if [ "$#" -gt 2 ] || ! [[ $fuzz =~ ^[1-9][0-9]*$ ]]; then
            usage >&2
            exit 2
        fi
        ;;
    '') ;;
    *) usage >&2; exit 2 ;;
esac

cd "$(dirname "${BASH_SOURCE[0]}")/.."

cluster=''
running=''
current='set-up'
started=$SECONDS

finish() {
    local code=$?
    trap - EXIT
    stop_server || true
    if [ "$code" -eq 0 ]; then
        printf '\n==> all passed in %s s\n' "$((SECONDS - started))"
    else
        printf '\n==> FAILED at: %s (exit %s, after %s s)\n' "$current" "$code" "$((SECONDS - started))" >&2
    fi
    exit "$code"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

run() {
    current=$1
    shift
    step "$current"
    "$@"
}

# Who owns the server: initdb refuses root.
owner() {
    local name
    for name in postgres nobody; do
        if id "$name" >/dev/null 2>&1; then
            echo "$name"
            return
        fi
    done
    fail "running as root, and there is no user postgres or nobody for the server to run as"
}

as_owner() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    elif command -v runuser >/dev/null; then
        runuser -u "$owner" -- "$@"
    else
        setpriv --reuid="$owner" --regid="$(id -g "$owner")" --clear-groups -- "$@"
    fi
}

server_binaries() {
    local folder
    for folder in "${PG_BINDIR:-}" \
        /usr/lib/postgresql/*/bin \
        "$(pg_config --bindir 2>/dev/null || true)" \
        "$(dirname "$(command -v initdb || echo /none/initdb)")"; do
        if [ -n "$folder" ] && [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] && [ -x "$folder/postgres" ]; then
            echo "$folder"
            return
        fi
    done
    return 1
}

# Packages of Debian, and what to do where there is no apt.
install() {
    local advice=$1
    shift
    local install="apt-get update && apt-get install -y --no-install-recommends $*"
    command -v apt-get >/dev/null || fail "$advice"
    if [ "$(id -u)" -eq 0 ]; then
        DEBIAN_FRONTEND=noninteractive bash -c "$install"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo env DEBIAN_FRONTEND=noninteractive bash -c "$install"
    else
        fail "$* not found; install as root, then run this again: $install"
    fi
}

# The port only names the socket file; nothing listens on the network.
start_server() {
    local bin=$1 port=5432
    [ "$(id -u)" -ne 0 ] || owner=$(owner)
    # Under /tmp: a socket's path must stay below 108 bytes.
    cluster=$(mktemp -d /tmp/alpha-call-test.XXXXXX)
    [ "$(id -u)" -ne 0 ] || chown "$owner" "$cluster"
    # From /, since the owner may not read the folder we are in.
    (cd / && as_owner "$bin/initdb" --pgdata="$cluster/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync) \
        >"$cluster.log" 2>&1 || { cat "$cluster.log" >&2; return 1; }
    running=$bin
    (cd / && as_owner "$bin/pg_ctl" --pgdata="$cluster/data" --log="$cluster/server.log" --wait --timeout=60 --silent \
        --options="-k $cluster -p $port -c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300" \
        start) || { as_owner cat "$cluster/server.log" >&2; return 1; }
    export TEST_DATABASE_URL="postgres://postgres@localhost:$port/postgres?host=$cluster"
    echo "PostgreSQL $("$bin/postgres" --version | awk '{print $3}') in $cluster"
}

stop_server() {
    [ -n "$cluster" ] || return 0
    if [ -n "$running" ] && [ -f "$cluster/data/postmaster.pid" ]; then
        (cd / && as_owner "$running/pg_ctl" --pgdata="$cluster/data" --mode=immediate --wait --silent stop) || true
    fi
    rm -rf "$cluster" "$cluster.log"
    cluster=''
}

find_server() {
    if ! bin=$(server_binaries); then
        # The package starts a server of its own on port 5432; ours is another one, elsewhere.
        run 'install PostgreSQL' install "no PostgreSQL server found and no apt-get here: install PostgreSQL 13 or newer, or set PG_BINDIR" postgresql
        bin=$(server_binaries) || fail 'PostgreSQL was installed, but initdb and pg_ctl are not found: set PG_BINDIR'
    fi
}

find_browser() {
    if ! [ -x /usr/bin/chromium ] || ! [ -x /usr/bin/chromedriver ]; then
        run 'install Chromium' install "no Chromium and no apt-get here: install /usr/bin/chromium and /usr/bin/chromedriver" chromium chromium-driver
    fi
    if ! command -v node >/dev/null; then
        run 'install Node.js' install "no node and no apt-get here: install Node.js 18 or newer" nodejs
    fi
}

find_python() {
    if ! command -v curl >/dev/null; then
        run 'install curl' install "no curl and no apt-get here: install curl" curl
    fi
    if ! python3 -c 'import ensurepip' 2>/dev/null; then
        run 'install Python' install "no Python with venv and no apt-get here: install Python 3.10 or newer" python3 python3-venv
    fi
    if ! cmp -s tests/requirements.txt target/python/requirements.txt; then
        python3 -m venv --clear target/python
        target/python/bin/pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
        cp tests/requirements.txt target/python/requirements.txt
    fi
    export API_JUDGE_PYTHON=$PWD/target/python/bin/python
}

deployment_files() {
    local tools=target/python/bin file
    "$tools/hadolint" Dockerfile
    "$tools/shellcheck" --external-sources .ci/run scripts/*.sh tests/fixtures/gcloud/curl tests/fixtures/gcloud/gcloud
    "$tools/check-jsonschema" --quiet --builtin-schema vendor.compose-spec compose.yaml
    for file in deployment disruption scaling service; do
        "$tools/kubernetes-validate" --quiet --strict --kubernetes-version 1.31 "deploy/kubernetes/$file.yaml"
    done
}

# Of the simulators: every number, the auth token, stream tokens; of ours: the keys that are made.
search_log() {
    local log=target/nextest/default/junit.xml found
    [ -s "$log" ] || { echo "there is no $log" >&2; return 1; }
    found=$(grep -noE '\+1415555[0-9]{4}|simulated-auth-token|ak_[a-z2-7]{8}_[A-Za-z0-9_-]{43}|[0-9a-f]{12}\.[0-9]+\.[0-9]{10}\.[A-Za-z0-9_-]{40,}' "$log" | sort -t: -k2 -u | head -20) || [ -z "$found" ]
    [ -z "$found" ] || { printf 'the log of the tests holds what no log may hold:\n%s\n' "$found" >&2; return 1; }
    echo "$(wc -l <"$log") lines, nothing found"
}

# libFuzzer makes copies of the corpus: what it finds of interest stays out of the repository.
fuzz_with_cargo_fuzz() {
    local target
    # In the versions of the workspace, and beside them libFuzzer's.
    cp Cargo.lock fuzz/Cargo.lock
    for target in $(cargo fuzz list); do
        run "fuzz $target, with cargo-fuzz" fuzz_target "$target"
    done
}

fuzz_target() {
    mkdir -p "target/fuzz/corpus/$1"
    cargo +nightly fuzz run --target-dir target/fuzz "$1" "target/fuzz/corpus/$1" "fuzz/corpus/$1" -- \
        -max_total_time="$fuzz" -max_len=65536 -timeout=5 -malloc_limit_mb=64 -dict="fuzz/dictionaries/$1.dict" \
        -print_final_stats=1 -verbosity=0
}

fuzz_all() {
    if cargo +nightly --version >/dev/null 2>&1 && cargo +nightly fuzz --version >/dev/null 2>&1; then
        fuzz_with_cargo_fuzz
    else
        cat <<'TEXT'
cargo-fuzz, or a nightly compiler for it, is not installed: fuzzing on the stable compiler, without its coverage.
To have both: rustup toolchain install nightly && cargo install cargo-fuzz
TEXT
        run 'fuzz, on the stable compiler' cargo run --quiet --locked --example fuzz -- --seconds "$fuzz"
    fi
}

command -v cargo >/dev/null || fail 'cargo is not found: install Rust from https://rustup.rs'

if [ -n "$fuzz" ]; then
    fuzz_all
    exit
fi

if [ -n "${TEST_DATABASE_URL:-}" ]; then
    step 'PostgreSQL: the server at TEST_DATABASE_URL'
else
    current='find PostgreSQL'
    find_server
    # Some tests stop and freeze a server of their own.
    export PG_BINDIR=$bin
    run 'start a throw-away PostgreSQL' start_server "$bin"
fi

current='find Chromium and Node.js'
find_browser
current='find Python'
find_python
run 'Dockerfile, scripts, files for platforms' deployment_files
run 'cargo fmt' cargo fmt --all --check
run 'cargo clippy' cargo clippy --workspace --all-targets --locked -- -D warnings
run 'the page: hashes of what is vendored' scripts/vendor-web.sh --check
run "the page's modules, with node" node --test tests/web/*.test.js
if cargo nextest --version >/dev/null 2>&1; then
    run 'tests, with cargo nextest' cargo nextest run --workspace --locked "$@"
    run 'what the tests wrote' search_log
else
    run 'tests, with cargo test (cargo-nextest is not installed)' cargo test --workspace --all-targets --locked "$@"
fi
run 'doc tests' cargo test --workspace --doc --locked
