#!/bin/sh
# Create Lumira's roles and its database, once, as a superuser: the entry point of PostgreSQL's image runs it when the
# volume is empty. By hand: PGHOST=… LUMIRA_OWNER_PASSWORD=… LUMIRA_WEB_PASSWORD=… LUMIRA_BACKUP_PASSWORD=… sh create-roles.sh
set -eu
: "${LUMIRA_OWNER_PASSWORD:?}" "${LUMIRA_WEB_PASSWORD:?}" "${LUMIRA_BACKUP_PASSWORD:?}"
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres \
  --set=owner="$LUMIRA_OWNER_PASSWORD" --set=web="$LUMIRA_WEB_PASSWORD" --set=backup="$LUMIRA_BACKUP_PASSWORD" <<'SQL'
-- What requests and jobs may do, and what lookups across tenants may do. These roles have no login.
CREATE ROLE lumira_app NOLOGIN NOINHERIT;
CREATE ROLE lumira_sweep NOLOGIN NOINHERIT;

-- Runs migrations and owns the tables.
CREATE ROLE lumira_owner LOGIN PASSWORD :'owner';
GRANT lumira_app, lumira_sweep TO lumira_owner;

-- The login of the web server and the worker: a plain member of lumira_app, and nothing more.
CREATE ROLE lumira_web LOGIN PASSWORD :'web';
GRANT lumira_app TO lumira_web;

-- Reads everything for backups, of all tenants: BYPASSRLS.
CREATE ROLE lumira_backup LOGIN BYPASSRLS PASSWORD :'backup';
GRANT pg_read_all_data TO lumira_backup;

CREATE DATABASE lumira OWNER lumira_owner ENCODING 'UTF8' TEMPLATE template0;
GRANT CONNECT ON DATABASE lumira TO lumira_backup;
SQL
