#!/bin/sh
# Run once by the postgres image on an empty volume: one role and one database for each service, and no way from one
# service's role into another's database.
set -eu

provide() {
    # psql quotes the values itself; a password never becomes a part of the statement's text here.
    psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 \
        --set name="$1" --set password="$2" <<'SQL'
CREATE ROLE :"name" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
}

provide members "$MEMBERS_DATABASE_PASSWORD"
provide points "$POINTS_DATABASE_PASSWORD"
provide rewards "$REWARDS_DATABASE_PASSWORD"
psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 \
    --command 'REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC'
