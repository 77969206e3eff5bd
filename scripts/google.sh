# shellcheck shell=bash
# What the scripts for Google Cloud share; they read this file, nobody runs it.
# They set `script`, `again` (what to type to go on), `project` and `dry_run`.
# shellcheck disable=SC2154,SC2034 # of those who read this

# No question of gcloud's own, and no colours.
export CLOUDSDK_CORE_DISABLE_PROMPTS=1 CLOUDSDK_CORE_DISABLE_COLOR=1
# gcloud writes the flags of every command into a log of its own: a password must not get there.
export CLOUDSDK_CORE_DISABLE_FILE_LOGGING=1

current='the beginning'

[ "${BASH_VERSINFO[0]}" -ge 5 ] || { echo "$script: bash 5 or newer is needed" >&2; exit 1; }

say() { printf '%s\n' "$*"; }
step() { current=$1; printf '\n==> %s\n' "$1"; }
fail() { printf '%s: %s\n' "$script" "$*" >&2; exit 1; }
usage_error() { printf '%s: %s\n       %s --help tells more\n' "$script" "$*" "$script" >&2; exit 2; }

finish() {
    local code=$?
    trap - EXIT
    [ -z "${scratch:-}" ] || rm -rf "$scratch"
    if [ "$code" -ne 0 ]; then
        printf '\n%s: FAILED at: %s (exit %s)\n  What is done stays done. When the cause is mended, run the same again: %s\n' "$script" "$current" "$code" "$again" >&2
    fi
    exit "$code"
}

# Who is killed while it waits for gcloud has not finished either.
guard() {
    trap finish EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/$script.XXXXXX")
}

# gcloud WORDS…, for a look: done in a dry run too.
look() { gcloud "$@" "--project=$project" --verbosity=error; }

# gcloud WORDS…, to change something.
change() {
    if [ -n "$dry_run" ]; then
        printf '  gcloud'
        printf ' %q' "$@" "--project=$project"
        printf '\n'
    else
        gcloud "$@" "--project=$project"
    fi
}

# change_by STDIN WORDS…: what is secret goes in by standard input.
change_by() {
    local text=$1
    shift
    if [ -n "$dry_run" ]; then change "$@"; else printf '%s' "$text" | gcloud "$@" "--project=$project"; fi
}

# there WORDS…: whether a describe finds it. Anything but yes and no ends the script.
there() {
    local said
    if [ -n "$dry_run" ]; then return 1; fi
    if said=$(gcloud "$@" "--project=$project" --format=none 2>&1 >/dev/null); then return 0; fi
    case "$said" in
        *NOT_FOUND* | *'HTTPError 404'* | *'Cannot find'* | *'could not be found'* | *'was not found'*) return 1 ;;
    esac
    printf '%s\n' "$said" >&2
    fail "cannot tell whether it is there: gcloud $*"
}

# newest SECRET: the number of its newest version that may be used; nothing if there is none.
newest() {
    local name
    name=$(look secrets versions list "$1" --filter=state=ENABLED --sort-by=~createTime --limit=1 '--format=value(name)') || return
    printf '%s' "${name##*/}"
}

# setting NAME: from the environment, else from the files .env.database and .env, without the quotes around it.
setting() {
    local name=$1 file line
    if [ -n "${!name:-}" ]; then
        printf '%s' "${!name}"
        return
    fi
    for file in .env.database .env; do
        [ -f "$file" ] || continue
        line=$(grep -E "^[[:space:]]*(export[[:space:]]+)?$name=" "$file" | tail -n 1) || continue
        line=${line#*=}
        case "$line" in
            \'*) line=${line#\'} line=${line%%\'*} ;;
            \"*) line=${line#\"} line=${line%%\"*} ;;
            *) line=${line%%[[:space:]]#*} ;;
        esac
        if [ -n "$line" ]; then
            printf '%s' "$line"
            return
        fi
    done
}

# What callers of the scripts must have, and where they are.
prepare() {
    command -v gcloud >/dev/null || fail 'gcloud is not found: https://cloud.google.com/sdk/docs/install'
    [ -n "$project" ] || project=$(gcloud config get-value project 2>/dev/null) || true
    [ -n "$project" ] && [ "$project" != '(unset)' ] || usage_error 'no project: name it with --project, or run gcloud config set project'
}

# The secrets of the service: variable, and name at Secret Manager.
readonly SECRETS='
OPENAI_API_KEY openai-api-key
TWILIO_ACCOUNT_SID twilio-account-sid
TWILIO_AUTH_TOKEN twilio-auth-token
API_KEYS api-keys
DB_PASSWORD db-password
'
