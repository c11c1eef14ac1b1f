-- Read at the head of each script of sql/, which has set "app".
\o /dev/null
\set installed_by :USER
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dbmi_authz;
\set trust :here '/' :app '/trust.sql'
\set schema :here '/' :app '/schema.sql'
\set policies :here '/' :app '/policies.sql'
\i :trust
\i :schema
\i :policies
RESET client_min_messages;
\o
