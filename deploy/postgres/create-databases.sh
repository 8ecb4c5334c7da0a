#!/bin/sh
# Run once by the postgres image on an empty volume: a database and two roles for each service, and no way from one
# service's roles into another's database. The role called like the service serves; it may do what migrating lets it.
# The other owns the database and its tables, and only migrations log in as it.
set -eu

provide() {
    # psql quotes the values itself; a password never becomes a part of the statement's text here.
    psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 \
        --set name="$1" --set password="$2" --set owner="$1_owner" --set owner_password="$3" <<'SQL'
CREATE ROLE :"name" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE ROLE :"owner" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
CREATE DATABASE :"name" OWNER :"owner";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO :"name";
SQL
}

# A service is one for whose owner there is a password.
for word in $(env | sed -n 's/^\([A-Z]*\)_OWNER_DATABASE_PASSWORD=.*/\1/p'); do
    eval "password=\$${word}_DATABASE_PASSWORD owner_password=\$${word}_OWNER_DATABASE_PASSWORD"
    provide "$(printf %s "$word" | tr '[:upper:]' '[:lower:]')" "$password" "$owner_password"
done
psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 \
    --command 'REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC'
