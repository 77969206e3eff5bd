#!/usr/bin/env bash
# Brings a version of alpha-call to Cloud Run or App Engine. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: scripts/deploy.sh [cloud-run | app-engine] [--project ID] [--region REGION] [--name NAME] [--image IMAGE]
                         [--domain HOST] [--network NETWORK] [--dry-run] [--help]

Deploys alpha-call, after scripts/setup-database.sh. Without a word for where, it asks.

  1. builds the image at Cloud Build, unless there is one of this commit, or --image names one
  2. brings the schema of the database up to date, by a job, before any new instance runs
  3. deploys beside what serves now, where nobody calls
  4. asks the new version for /health/ready and /api/session
  5. sends the callers to it, and asks once more

If the new version does not answer as it should, nobody is sent to it, or all go back to the one before. Calls under way
stay where they are, for an hour at most. Each step can fail, and the same command goes on where it was.

  --project ID     default: that of gcloud config
  --region REGION  us-central1, unless told otherwise (Cloud Run, and where the images are)
  --name NAME      as for setup-database.sh: alpha-call
  --image IMAGE    deploy this image instead of building one
  --domain HOST    the public host, without https://; else the one that Google gives, which only the first deploy tells
  --network NETWORK  each time, if setup-database.sh was told one: where the database is; the subnet has the same name
  --dry-run        print the commands that would change something, for a project where nothing runs yet

PHONE_NUMBER_FROM is read from the environment or .env, the connection to the database from .env.database. What else is
set for the service stands in deploy/service.yaml (Cloud Run) and app.yaml (App Engine). Secrets stay at Secret Manager.
TEXT
}

readonly script=deploy.sh
again="scripts/$script${*:+ $*}"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/google.sh
. scripts/google.sh

target='' project='' region=us-central1 name=alpha-call image='' domain='' network='' dry_run=''
while [ "$#" -gt 0 ]; do
    case "$1" in
        -h | --help) usage; exit 0 ;;
        cloud-run | app-engine) target=$1 ;;
        --dry-run) dry_run=yes ;;
        --project | --region | --name | --image | --domain | --network)
            [ "$#" -gt 1 ] && [ -n "$2" ] || usage_error "$1 needs a value"
            printf -v "${1#--}" %s "$2"
            shift
            ;;
        *) usage_error "nobody knows $1" ;;
    esac
    shift
done
domain=${domain#https://} domain=${domain%/}

ask_for_target() {
    local answer
    [ -t 0 ] || usage_error 'say where to: cloud-run or app-engine'
    PS3='Where to? '
    select answer in cloud-run app-engine; do
        [ -z "$answer" ] || break
    done
    target=$answer
}

[ -n "$target" ] || ask_for_target
prepare
guard
readonly account=$name@$project.iam.gserviceaccount.com
# What both files of the platforms may name.
declare -A values=([NAME]=$name [PROJECT]=$project [REGION]=$region [ACCOUNT]=$account [NETWORK]=$network)

build() {
    local repository tag digest=''
    [ -z "$image" ] || return 0
    repository=$region-docker.pkg.dev/$project/$name/$name
    tag=$(git rev-parse --short=12 HEAD) || fail 'no commit to name the image after: name one with --image'
    [ -z "$(git status --porcelain)" ] || tag=$tag-changed-$(date -u +%Y%m%d%H%M%S)
    if ! there artifacts docker images describe "$repository:$tag"; then
        change builds submit . "--tag=$repository:$tag" --timeout=3600s --machine-type=e2-highcpu-8 "--region=$region"
    fi
    # A tag may be moved, a digest not: to go back is to go back to the same.
    [ -n "$dry_run" ] || digest=$(look artifacts docker images describe "$repository:$tag" '--format=value(image_summary.digest)')
    image=$repository@${digest:-sha256:DIGEST}
}

settings() {
    local variable secret version
    values[IMAGE]=$image
    values[PHONE_NUMBER_FROM]=$(setting PHONE_NUMBER_FROM)
    values[CONNECTION_NAME]=$(setting GOOGLE_CLOUD_SQL_CONNECTION_NAME)
    values[DB_USER]=$(setting DB_USER)
    values[DB_NAME]=$(setting DB_NAME)
    [ -z "$dry_run" ] || values[CONNECTION_NAME]=${values[CONNECTION_NAME]:-$project:$region:$name}
    [ -n "${values[CONNECTION_NAME]}" ] || fail 'GOOGLE_CLOUD_SQL_CONNECTION_NAME is not known: scripts/setup-database.sh writes .env.database'
    while read -r variable secret <&3; do
        [ -n "$variable" ] || continue
        version=1
        [ -n "$dry_run" ] || version=$(newest "$name-$secret")
        [ -n "$version" ] || fail "the secret $name-$secret has no version: put $variable into .env and run scripts/setup-database.sh"
        values[${variable}_VERSION]=$version
    done 3<<<"$SECRETS"
}

# filled FILE: with everything in place that stands in ${…}.
filled() {
    local text key
    text=$(grep -v '^ *#' "$1")
    # shellcheck disable=SC2016 # the characters themselves
    [ -n "$network" ] || text=$(grep -vF '${NETWORK}' <<<"$text")
    for key in "${!values[@]}"; do
        text=${text//"\${$key}"/"${values[$key]}"}
    done
    # shellcheck disable=SC2016 # the characters themselves
    [[ $text != *'${'* ]] || fail "nobody knows ${text#*"\${"} in $1"
    printf '%s\n' "$text"
}

migrate() {
    local job=$name-migrate words=()
    [ -z "$network" ] || words=("--network=$network" "--subnet=$network" --vpc-egress=private-ranges-only)
    change run jobs deploy "$job" "--image=$image" "--region=$region" "--service-account=$account" --args=db,migrate --max-retries=1 --task-timeout=600s \
        "--set-cloudsql-instances=${values[CONNECTION_NAME]}" "--set-secrets=DB_PASSWORD=$name-db-password:${values[DB_PASSWORD_VERSION]}" \
        "--set-env-vars=GOOGLE_CLOUD_SQL_CONNECTION_NAME=${values[CONNECTION_NAME]},DB_USER=${values[DB_USER]},DB_NAME=${values[DB_NAME]}" "${words[@]}"
    change run jobs execute "$job" "--region=$region" --wait
}

# well URL: it takes calls, and nobody gets in without a key.
well() {
    local told
    if [ -n "$dry_run" ]; then
        say "  curl $1/health/ready $1/api/session"
        return
    fi
    curl --fail --silent --show-error --max-time 10 --retry 12 --retry-delay 5 --retry-all-errors --output /dev/null "$1/health/ready" || return
    told=$(curl --fail --silent --show-error --max-time 10 --retry 3 --retry-delay 5 --retry-all-errors "$1/api/session") || return
    [[ $told == *'"key_required":true'* ]] || { say "$1/api/session lets everybody in: $told" >&2; return 1; }
}

# --- Cloud Run ---------------------------------------------------------------------------------

service() { look run services describe "$name" "--region=$region" "$@"; }

# The revision that the callers are sent to.
serving() { service '--flatten=status.traffic[]' '--format=csv[no-heading](status.traffic.percent,status.traffic.revisionName)' | awk -F, '$1 == 100 { name = $2 } END { print name }'; }

# The host that it was told to be, by an earlier deploy.
known_domain() {
    service '--flatten=spec.template.spec.containers[].env[]' '--format=csv[no-heading](spec.template.spec.containers.env.name,spec.template.spec.containers.env.value)' \
        | awk -F, '$1 == "DOMAIN" { print $2 }'
}

replace() {
    change run services replace "$scratch/service.yaml" "--region=$region"
    # Twilio has no account at Google: its signature is what lets it in.
    change run services add-iam-policy-binding "$name" "--region=$region" --member=allUsers --role=roles/run.invoker --format=none
}

# The first time there is nobody who could lose a call, and no address yet.
first_on_cloud_run() {
    step 'deploy the first version'
    values[DOMAIN]=$domain
    filled deploy/service.yaml >"$scratch/service.yaml"
    replace
    if [ -z "$domain" ]; then
        step 'tell the service its address'
        [ -n "$dry_run" ] || domain=$(service '--format=value(status.url)')
        values[DOMAIN]=${domain#https://}
        filled deploy/service.yaml >"$scratch/service.yaml"
        replace
    fi
}

canary_on_cloud_run() {
    local before=$1
    step "deploy beside $before"
    {
        filled deploy/service.yaml
        printf '  traffic:\n    - revisionName: %s\n      percent: 100\n    - latestRevision: true\n      tag: canary\n      percent: 0\n' "$before"
    } >"$scratch/service.yaml"
    replace
    step 'ask the new version'
    well "${url/https:\/\//https:\/\/canary---}" || {
        change run services update-traffic "$name" "--region=$region" --remove-tags=canary
        fail "the new version does not answer as it should, and $before still serves: gcloud run services logs read $name --region=$region --project=$project"
    }
    step 'send the callers to it'
    change run services update-traffic "$name" "--region=$region" --to-latest
}

deploy_to_cloud_run() {
    local before='' url=''
    if there run services describe "$name" "--region=$region"; then
        before=$(serving)
        url=$(service '--format=value(status.url)')
        domain=${domain:-$(known_domain)}
    fi
    # One that never served has nobody to keep, and may not know its address.
    if [ -z "$before" ]; then
        first_on_cloud_run
    else
        values[DOMAIN]=${domain:-${url#https://}}
        canary_on_cloud_run "$before"
    fi
    step 'ask at the public address'
    [ -n "$dry_run" ] || url=$(service '--format=value(status.url)')
    well "${url:-https://$name}" || {
        [ -z "$before" ] || change run services update-traffic "$name" "--region=$region" "--to-revisions=$before=100"
        fail "the new version does not answer as it should${before:+; $before serves again}: gcloud run services logs read $name --region=$region --project=$project"
    }
    [ -z "$before" ] || change run services update-traffic "$name" "--region=$region" --remove-tags=canary
    say "Serving at ${url:-https://$name}. Before this: ${before:-nothing}."
    [ -z "$before" ] || say "To go back: gcloud run services update-traffic $name --region=$region --to-revisions=$before=100 --project=$project"
}

# --- App Engine --------------------------------------------------------------------------------

deploy_to_app_engine() {
    local host version before=''
    step 'look at the application'
    there app describe || [ -n "$dry_run" ] || fail "there is no App Engine application yet: gcloud app create --region=REGION --project=$project"
    host=$name
    [ -n "$dry_run" ] || host=$(look app describe '--format=value(defaultHostname)')
    if there app services describe default; then
        before=$(look app versions list --service=default '--filter=traffic_split>0' '--format=value(id)' --limit=1)
        [ -z "$before" ] || domain=${domain:-$(look app versions describe "$before" --service=default '--format=value(envVariables.DOMAIN)')}
    fi
    values[DOMAIN]=${domain:-$host}
    version=$(date -u +v%Y%m%dt%H%M%S)
    step "deploy version $version${before:+ beside $before}"
    filled app.yaml >"$scratch/app.yaml"
    change app deploy "$scratch/app.yaml" "--image-url=$image" "--version=$version" --no-promote
    step 'ask the new version'
    well "https://$version-dot-$host" || {
        change app versions stop "$version" --service=default
        fail "the new version does not answer as it should, and ${before:-nobody} still serves: gcloud app logs read --version=$version --project=$project"
    }
    step 'send the callers to it'
    change app services set-traffic default "--splits=$version=1"
    step 'ask at the public address'
    well "https://$host" || {
        [ -z "$before" ] || change app services set-traffic default "--splits=$before=1"
        fail "the new version does not answer as it should${before:+; $before serves again}: gcloud app logs read --version=$version --project=$project"
    }
    say "Serving at https://$host. Before this: ${before:-nothing}."
    [ -z "$before" ] || say "When its calls are over, an hour from now: gcloud app versions stop $before --service=default --project=$project"
}

step 'the image'
build
step 'settings and secrets'
settings
step 'bring the schema up to date'
migrate
case "$target" in
    cloud-run) deploy_to_cloud_run ;;
    app-engine) deploy_to_app_engine ;;
esac
say "Twilio's webhook for calls to your number: https://${values[DOMAIN]:-DOMAIN}/incoming-call (POST)"
