/* dbmi_authz--1.0--1.1.sql: what 1.1 changes in a database that has 1.0 */

\echo Use "ALTER EXTENSION dbmi_authz UPDATE TO '1.1'" to load this file. \quit

--
-- Trust: each issuer and each key is found by an index
--
CREATE INDEX issuer_profile ON authz.issuer (profile);
DROP INDEX authz.issuer_key_kid;
CREATE UNIQUE INDEX issuer_key_kid ON authz.issuer_key (issuer, kid);
