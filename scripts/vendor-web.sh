#!/bin/sh
# Fetches the libraries of the web page into web/vendor, or checks what is there. Nobody needs this to build.
set -eu

usage() {
    cat <<'TEXT'
Usage: scripts/vendor-web.sh [--check | --help]

Fetches the libraries of the web page from the npm registry into web/vendor, compares each package with the
integrity hash of the registry, and writes web/vendor/vendor.json. Needs npm and openssl.

  --check   Recompute the hashes of vendor.json, offline; exit 1 if a file differs, is missing or is not listed
  --help    This text
TEXT
}

# package version folder file-in-the-package[=name-here] ...
packages() {
    cat <<'LIST'
preact 11.2.0 preact dist/preact.mjs=preact.module.js hooks/dist/hooks.mjs=hooks.module.js LICENSE
@preact/signals 2.11.4 preact-signals dist/signals.module.js LICENSE
@preact/signals-core 1.14.5 preact-signals-core dist/signals-core.module.js LICENSE
htm 3.1.1 htm dist/htm.module.js LICENSE
uplot 1.6.32 uplot dist/uPlot.esm.js dist/uPlot.min.css LICENSE
LIST
}

fetch() {
    name=$1 version=$2 folder=$3-$2
    shift 3
    tarball=$(cd "$work" && npm pack --silent "$name@$version")
    wanted=$(npm view --silent "$name@$version" dist.integrity)
    found=sha512-$(openssl dgst -sha512 -binary "$work/$tarball" | openssl base64 -A)
    [ "$found" = "$wanted" ] || { echo "error: $name@$version is not what the registry vouches for" >&2; exit 1; }
    rm -rf "$work/package" "./$folder"
    mkdir "$folder"
    tar xzf "$work/$tarball" -C "$work"
    describe_files "$@"
}

describe_files() {
    printf '%s  {\n    "name": "%s",\n    "version": "%s",\n    "integrity": "%s",\n    "files": {' "$separator" "$name" "$version" "$wanted"
    comma=
    for file in "$@"; do
        here=$folder/$(basename "${file#*=}")
        cp "$work/package/${file%=*}" "$here"
        printf '%s\n      "%s": "%s"' "$comma" "$here" "$(sha256sum "$here" | cut -d ' ' -f 1)"
        comma=,
    done
    printf '\n    }\n  }'
}

fetch_all() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    separator=
    {
        printf '[\n'
        packages | while read -r line; do
            # shellcheck disable=SC2086
            fetch $line
            separator=',
'
        done
        printf '\n]\n'
    } >"$work/vendor.json"
    mv "$work/vendor.json" vendor.json
}

listed() { sed -n 's/^      "\(.*\)": "\([0-9a-f]\{64\}\)",\{0,1\}$/\2  \1/p' vendor.json; }

check() {
    listed | sha256sum --check --quiet --strict
    unlisted=$(find . -type f ! -name vendor.json | sed 's|^\./||' | while read -r file; do
        listed | grep -qF "  $file" || echo "$file"
    done)
    [ -z "$unlisted" ] || { echo "error: not listed in vendor.json: $unlisted" >&2; exit 1; }
}

case ${1-} in
    --help | -h) usage ;;
    --check | '')
        mkdir -p "$(dirname "$0")/../web/vendor"
        cd "$(dirname "$0")/../web/vendor"
        if [ "${1-}" = --check ]; then check; else fetch_all; check; fi
        ;;
    *) usage >&2; exit 2 ;;
esac
