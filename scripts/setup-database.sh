#!/usr/bin/env bash
# What alpha-call needs at Google Cloud before it is deployed. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: scripts/setup-database.sh [--project ID] [--region REGION] [--name NAME] [--tier TIER] [--instances N]
                                 [--high-availability] [--network NETWORK] [--dry-run] [--help]

Makes what alpha-call needs at Google Cloud, and leaves alone what is there already; so it can be run again:

  the APIs, a service account with its roles, a repository for images, the secrets, and PostgreSQL on Cloud SQL
  with a database and a user. The connection is written into .env.database, which nobody else can read.

  --project ID          default: that of gcloud config
  --region REGION       us-central1, unless told otherwise
  --name NAME           of all that is made: alpha-call, unless told otherwise
  --tier TIER           of the database: db-custom-2-7680, unless told otherwise
  --instances N         of the service, at most: 5; tells how many connections the database must take
  --high-availability   a second machine in another zone takes over within minutes; doubles the price
  --network NETWORK     the database has no public address, but one in this network of the project
  --dry-run             print the commands that would change something, on a project that has nothing

Secrets are read from the environment, .env or the keyboard, and reach gcloud by its standard input alone:
OPENAI_API_KEY, TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN; API_KEYS and the password are made if there are none.
To change one later: printf %s "$VALUE" | gcloud secrets versions add alpha-call-openai-api-key --data-file=-
and scripts/deploy.sh once more.

Making the database takes about ten minutes, and it costs money from then on.
TEXT
}

readonly script=setup-database.sh
again="scripts/$script${*:+ $*}"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/google.sh
. scripts/google.sh

project='' region=us-central1 name=alpha-call tier=db-custom-2-7680 instances=5 availability=ZONAL network='' dry_run=''
while [ "$#" -gt 0 ]; do
    case "$1" in
        -h | --help) usage; exit 0 ;;
        --high-availability) availability=REGIONAL ;;
        --dry-run) dry_run=yes ;;
        --project | --region | --name | --tier | --instances | --network)
            [ "$#" -gt 1 ] && [ -n "$2" ] || usage_error "$1 needs a value"
            printf -v "${1#--}" %s "$2"
            shift
            ;;
        *) usage_error "nobody knows $1" ;;
    esac
    shift
done
[[ $instances =~ ^[1-9][0-9]{0,2}$ ]] || usage_error '--instances is a number from 1 to 999'
[[ $name =~ ^[a-z][a-z0-9-]{2,20}$ ]] || usage_error '--name has 3 to 21 small letters, digits and hyphens, a letter first'

readonly pool=10 user=alpha_call database=alpha_call
# Each instance has its pool and one connection that listens; old and new revisions run side by side in a deploy; ten are for people.
readonly wanted=$((instances * (pool + 1) * 2 + 10))
# A fifth stays free.
readonly max_connections=$(((wanted * 5 + 3) / 4))
prepare
guard
readonly account=$name@$project.iam.gserviceaccount.com

invented() { LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c 40 || [ "$?" -eq 141 ]; }

# A secret that nobody has told is asked for, or made where nobody else has to know it.
value_of() {
    local variable=$1 value
    value=$(setting "$variable")
    case "$variable" in
        API_KEYS | DB_PASSWORD) [ -n "$value" ] || value=$(invented) ;;
        *)
            if [ -z "$value" ] && [ -t 0 ]; then
                read -rsp "$variable (Enter: later): " value
                echo >&2
            fi
            ;;
    esac
    printf '%s' "$value"
}

apis() {
    local apis=(appengine appengineflex artifactregistry cloudbuild run secretmanager sql-component sqladmin)
    [ -z "$network" ] || apis+=(compute servicenetworking)
    change services enable "${apis[@]/%/.googleapis.com}"
}

# What an instance may do; the last two are for the machines of App Engine.
service_account() {
    local role
    there iam service-accounts describe "$account" || change iam service-accounts create "$name" '--display-name=alpha-call, the phone engine'
    for role in cloudsql.client artifactregistry.reader logging.logWriter; do
        change projects add-iam-policy-binding "$project" "--member=serviceAccount:$account" "--role=roles/$role" --condition=None --format=none
    done
}

repository() {
    there artifacts repositories describe "$name" "--location=$region" \
        || change artifacts repositories create "$name" --repository-format=docker "--location=$region"
}

# keep VARIABLE SECRET: leaves in `kept` whether there is a version now, and in `fresh` whether it was made here.
keep() {
    local secret=$name-$2 value version=''
    fresh='' kept=yes
    there secrets describe "$secret" || change secrets create "$secret" --replication-policy=automatic
    change secrets add-iam-policy-binding "$secret" "--member=serviceAccount:$account" --role=roles/secretmanager.secretAccessor --format=none
    [ -n "$dry_run" ] || version=$(newest "$secret")
    [ -z "$version" ] || return 0
    value=$(value_of "$1")
    if [ -z "$value" ]; then
        kept=''
        return 0
    fi
    change_by "$value" secrets versions add "$secret" --data-file=-
    fresh=yes
}

private_network() {
    there compute addresses describe "$name-peering" --global \
        || change compute addresses create "$name-peering" --global --purpose=VPC_PEERING --prefix-length=20 "--network=$network"
    change services vpc-peerings connect --service=servicenetworking.googleapis.com "--ranges=$name-peering" "--network=$network"
}

server() {
    local words=("--database-version=POSTGRES_15" --edition=enterprise "--tier=$tier" "--region=$region" "--availability-type=$availability")
    words+=(--storage-type=SSD --storage-size=20 --storage-auto-increase --backup-start-time=07:00 --enable-point-in-time-recovery)
    words+=(--retained-transaction-log-days=7 --deletion-protection --ssl-mode=ENCRYPTED_ONLY "--database-flags=max_connections=$max_connections")
    [ -z "$network" ] || words+=(--no-assign-ip "--network=projects/$project/global/networks/$network")
    there sql instances describe "$name" || change sql instances create "$name" "${words[@]}"
    there sql databases describe "$database" "--instance=$name" || change sql databases create "$database" "--instance=$name"
}

# Flags out of a file are no words of the command line, which everybody on the machine can read.
database_user() {
    local password='' flags
    [ -n "$dry_run" ] || password=$(look secrets versions access latest "--secret=$name-db-password")
    flags=$(printf -- '--password: "%s"\n' "${password//[\\\"]/\\&}")
    if ! there sql users describe "$user" "--instance=$name"; then
        change_by "$flags" sql users create "$user" "--instance=$name" --flags-file=/dev/stdin
    elif [ -n "$1" ]; then
        change_by "$flags" sql users set-password "$user" "--instance=$name" --flags-file=/dev/stdin
    fi
    [ -n "$dry_run" ] || write_down "$password"
}

write_down() {
    local connection_name
    connection_name=$(look sql instances describe "$name" '--format=value(connectionName)')
    [ -n "$connection_name" ] || fail "Cloud SQL does not tell the connection name of $name"
    (
        umask 077
        printf "GOOGLE_CLOUD_SQL_CONNECTION_NAME='%s'\nDB_USER='%s'\nDB_PASSWORD='%s'\nDB_NAME='%s'\n" \
            "$connection_name" "$user" "$1" "$database" >"$scratch/env"
        mv "$scratch/env" .env.database
    )
}

step 'enable the APIs'
apis
step "service account $account"
service_account
step "repository $name for images"
repository
later=()
while read -r variable secret <&3; do
    [ -n "$variable" ] || continue
    step "secret $name-$secret"
    keep "$variable" "$secret"
    [ -n "$kept" ] || later+=("$variable")
    password_is_fresh=$fresh
done 3<<<"$SECRETS"
if [ -n "$network" ]; then
    step "addresses of Cloud SQL in the network $network"
    private_network
fi
step "PostgreSQL $name, with room for $max_connections connections"
server
step "user $user of the database"
database_user "$password_is_fresh"

step 'done'
cat <<TEXT
Connections: $instances instances x (a pool of $pool + 1 that listens) x 2 while old and new run side by side + 10 = $wanted.
The database takes $max_connections, of which a fifth stays free. For more instances run this again with --instances, and
  gcloud sql instances patch $name --database-flags=max_connections=NUMBER --project=$project
which restarts it. docs/deployment.md says how many a tier can take, and when a pooler is needed.
TEXT
[ "${#later[@]}" -eq 0 ] || say "Not known yet: ${later[*]}. Put them into .env and run this again; without them no phone rings."
[ -n "$dry_run" ] || say 'The connection is in .env.database. Next: scripts/deploy.sh'
