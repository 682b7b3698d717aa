#!/usr/bin/env bash
# A tracking server for several people, on one Debian machine: PostgreSQL keeps runs, registry and users, and `mlflow server`
# in front of it asks for a name and a password, takes artifacts and hands them out.
#
#   tools/server.sh start      make what is missing in the server's folder, and start both
#   tools/server.sh stop       stop both; everything stays in the folder
#   tools/server.sh status     say what runs; exit status 3 when something does not
#
# docs/server.md tells the settings, which are environment variables, and how to let people in.
set -euo pipefail
umask 077

folder=${SERVER_FOLDER:-server}
host=${SERVER_HOST:-127.0.0.1}
port=${SERVER_PORT:-5000}
workers=${SERVER_WORKERS:-2}
app=${SERVER_APP:-basic-auth}
database_port=${SERVER_DATABASE_PORT:-5433}
patience=${SERVER_PATIENCE:-300}

fail() { echo "server: $*" >&2; exit 1; }
say() { echo "server: $*"; }
random() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

programs() { # the folder of PostgreSQL's server programs, which Debian keeps off the path
    local found
    found=$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1)
    [ -n "$found" ] || fail "PostgreSQL's server programs are missing; install them with: apt-get install -y postgresql"
    dirname "$(readlink -f "$found")"
}

as_owner() { # PostgreSQL refuses to run as root: for root, Debian's user postgres owns and runs the database
    if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

database_runs() { as_owner "$bin/pg_ctl" -D "$data" status >/dev/null 2>&1; }

server_runs() { # the process id may have been given to another program since
    [ -s "$folder/mlflow.pid" ] && tr '\0' ' ' 2>/dev/null <"/proc/$(cat "$folder/mlflow.pid")/cmdline" | grep -q 'mlflow'
}

answers() { python3 -c 'import sys, urllib.request as r; r.urlopen(sys.argv[1], timeout=10)' "$address/health" 2>/dev/null; }

make_database() { # as its owner reads it: data folder, and the password of the one role, which pgpass keeps for the server
    mkdir -p "$folder/postgres" && chmod 755 "$folder"
    [ "$(id -u)" != 0 ] || chown postgres "$folder/postgres"
    as_owner test -x "$folder/postgres" || fail "the user postgres cannot enter $folder; choose another SERVER_FOLDER"
    local password
    password=$(random 24)
    echo "127.0.0.1:$database_port:*:mlflow:$password" >"$folder/pgpass"
    echo "$password" | as_owner sh -c 'umask 077; cat >"$1"' sh "$folder/postgres/password"
    as_owner "$bin/initdb" -D "$data" -U mlflow -E UTF8 --locale=C.UTF-8 --auth=scram-sha-256 \
        --pwfile="$folder/postgres/password" >"$folder/initdb.log" 2>&1 || fail "initdb failed: $folder/initdb.log says why"
    as_owner rm "$folder/postgres/password"
}

start_database() {
    [ -s "$data/PG_VERSION" ] || as_owner test -s "$data/PG_VERSION" || make_database
    as_owner "$bin/pg_ctl" -D "$data" -l "$folder/postgres/log" -w -t "$patience" start \
        -o "-p $database_port -c unix_socket_directories='' -c listen_addresses=127.0.0.1 ${SERVER_DATABASE_OPTIONS:-}" >/dev/null ||
        fail "PostgreSQL does not start: $folder/postgres/log says why (is port $database_port taken? SERVER_DATABASE_PORT)"
    for name in mlflow users; do
        "$bin/psql" -h 127.0.0.1 -p "$database_port" -U mlflow -d postgres -Atc \
            "SELECT 1 FROM pg_database WHERE datname = '$name'" | grep -q 1 ||
            "$bin/createdb" -h 127.0.0.1 -p "$database_port" -U mlflow "$name"
    done
}

make_secrets() { # once: the key that signs forms, and the administrator's first password
    [ -s "$folder/secrets" ] && return
    cat >"$folder/secrets" <<SECRETS
MLFLOW_FLASK_SERVER_SECRET_KEY=${MLFLOW_FLASK_SERVER_SECRET_KEY:-$(random 32)}
MLFLOW_AUTH_ADMIN_PASSWORD=${MLFLOW_AUTH_ADMIN_PASSWORD:-$(random 12)}
SECRETS
    cat >"$folder/auth.ini" <<SETTINGS
[mlflow]
default_permission = READ
database_uri = postgresql+psycopg2://mlflow@127.0.0.1:$database_port/users
admin_username = admin
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
# A changed password or a removed user is noticed by every worker after so many seconds; without it each request hashes one.
auth_cache_ttl_seconds = 60
SETTINGS
}

start_server() {
    local artifacts=${SERVER_ARTIFACTS:-$folder/artifacts}
    set -a && . "$folder/secrets" && set +a
    MLFLOW_AUTH_CONFIG_PATH="$folder/auth.ini" MLFLOW_DISABLE_TELEMETRY=true MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false \
        MLFLOW_BACKEND_STORE_URI="postgresql+psycopg2://mlflow@127.0.0.1:$database_port/mlflow" \
        setsid mlflow server --app-name "$app" --artifacts-destination "$artifacts" \
        --host "$host" --port "$port" --workers "$workers" </dev/null >>"$folder/mlflow.log" 2>&1 &
    echo $! >"$folder/mlflow.pid"
    local until=$((SECONDS + patience))
    until answers; do
        if ! server_runs || [ $SECONDS -ge $until ]; then
            stop
            fail "mlflow server does not answer: the end of $folder/mlflow.log says why"
        fi
        sleep 0.5
    done
}

start() {
    command -v mlflow >/dev/null || fail "mlflow is not on the path; activate the environment: source .venv/bin/activate"
    python -c 'import boto3, flask_wtf, psycopg2' 2>/dev/null ||
        fail "boto3, flask-wtf or psycopg2 is missing; install the extra server: uv pip install --requirements pyproject.toml --extra server"
    server_runs && fail "it runs already on $address; stop it with: tools/server.sh stop"
    answers && fail "something else answers on $address; choose another SERVER_PORT"
    database_runs || start_database
    make_secrets
    start_server
    say "$address is ready; the administrator is admin, the password is in $folder/secrets, the log in $folder/mlflow.log"
}

stop() {
    if server_runs; then
        local pid
        pid=$(cat "$folder/mlflow.pid")
        kill -TERM -- "-$pid"
        for _ in {1..300}; do kill -0 -- "-$pid" 2>/dev/null || break; sleep 0.1; done
        kill -KILL -- "-$pid" 2>/dev/null || true
    fi
    rm -f "$folder/mlflow.pid"
    if database_runs; then as_owner "$bin/pg_ctl" -D "$data" -m fast -w -t "$patience" stop >/dev/null; fi
    say "stopped"
}

status() {
    local missing=0
    if database_runs; then say "PostgreSQL runs on port $database_port"; else say "PostgreSQL does not run"; missing=3; fi
    if server_runs && answers; then say "mlflow server answers on $address"; else say "mlflow server does not run"; missing=3; fi
    return $missing
}

case "${1:-}" in
    start | stop | status) ;;
    *) fail "say start, stop or status: tools/server.sh start" ;;
esac
bin=$(programs)
[ "$1" = start ] && mkdir -p "$folder"
[ -d "$folder" ] || fail "there is no server in $folder; make one with: tools/server.sh start, or name another SERVER_FOLDER"
folder=$(cd "$folder" && pwd)
data=$folder/postgres/data
address=http://$([ "$host" = 0.0.0.0 ] && echo 127.0.0.1 || echo "$host"):$port
export PGPASSFILE=$folder/pgpass
"$1"
