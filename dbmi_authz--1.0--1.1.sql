/* dbmi_authz--1.0--1.1.sql: what 1.1 changes in a database that has 1.0 */

\echo Use "ALTER EXTENSION dbmi_authz UPDATE TO '1.1'" to load this file. \quit
