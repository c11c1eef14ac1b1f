/*-------------------------------------------------------------------------
 *
 * state.h
 *	  What decides about a relation, as JSON.
 *
 * A state is an object: "format", "relation", and sections, arrays of objects
 * that are sorted and of which each has a key.  A member that says nothing is
 * absent.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_STATE_H
#define AZ_STATE_H

#include "server/compat.h"
#include "lib/stringinfo.h"

#include "server/spi.h"

/* Increased when the content or the form of a state changes. */
#define AZ_STATE_FORMAT		1

typedef struct AzState
{
	StringInfoData text;
	AzSpiParams reached;		/* of the queries of sections, see below */
} AzState;

/*
 * The rows of a query, sorted, as a section.  A column is a member of its name:
 * boolean, text, text[], json, or pg_node_tree, which becomes text.  A column of
 * type oid is none: it is the relation to which trees behind it belong.  A tree
 * of the name "when" is over OLD and NEW.  NULL and false are left out.
 *
 * The query names everything with its schema, operators too, and calls only
 * functions of PostgreSQL's own.  Its parameters are $1, the relation; and of type
 * oid[]: $2 it and its partitions and children, $3 these, what they are children
 * of, and the views over them; $4 all relations, $5 functions, $6 types,
 * $7 operators and $8 collations that decide; $9 the roles concerned.
 */
typedef struct AzStateSection
{
	const char *name;
	const char *query;
} AzStateSection;

/*
 * Of the trigger t, whether it may change or refuse what is written: any may raise.
 * Ours that follow a statement only take note.
 */
#define AZ_STATE_TRIGGER \
	"NOT t.tgisinternal AND (t.tgtype OPERATOR(pg_catalog.&) 66 OPERATOR(pg_catalog.<>) 0" \
	" OR NOT EXISTS (SELECT FROM pg_catalog.pg_proc f WHERE f.oid OPERATOR(pg_catalog.=) t.tgfoid" \
	" AND f.pronamespace OPERATOR(pg_catalog.=) 'authz'::pg_catalog.regnamespace))"

/* Find out what decides, and set the parameters; inside SPI_connect(). */
extern void az_reach_state(AzState *state, Oid rel);

extern void az_write_sections(AzState *state, const AzStateSection *sections, int n);

/* The sections of a subject. */
extern void az_state_tables(AzState *state);
extern void az_state_code(AzState *state);
extern void az_state_roles(AzState *state);
extern void az_state_trust(AzState *state);

#endif							/* AZ_STATE_H */
