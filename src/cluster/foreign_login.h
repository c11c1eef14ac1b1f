/*-------------------------------------------------------------------------
 *
 * foreign_login.h
 *	  Which foreign servers are told who is logged in, and through which table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_FOREIGN_LOGIN_H
#define AZ_FOREIGN_LOGIN_H

#include "server/compat.h"
#include "executor/spi.h"
#include "foreign/foreign.h"

/* Where the foreign tables stand; nothing else stands there. */
#define AZ_FOREIGN_SCHEMA	"authz_foreign"

/* The view on the other side. */
#define AZ_FOREIGN_VIEW		"hand_over"

/* Columns of both, all of type text. */
#define AZ_FOREIGN_DESTINATION	1	/* who an assertion is to be for; the default of
									 * the foreign table's is the one that was found
									 * when foreign_login() was called */
#define AZ_FOREIGN_CHALLENGE	2	/* the nonce that it must bear */
#define AZ_FOREIGN_ASSERTION	3	/* writing one hands it over; NULL is nobody's */
#define AZ_FOREIGN_COLUMNS		3

/* Both return the first two columns. */
typedef enum AzHandOver
{
	AZ_HAND_OVER_ASKS,			/* says that it is nobody */
	AZ_HAND_OVER_TELLS,			/* writes an assertion, the first parameter, where the
								 * challenge is the second */
	AZ_N_HAND_OVERS
} AzHandOver;

typedef struct AzForeignLogin
{
	Oid			server;
	Oid			table;
	Oid			owner;			/* of the table */
	char	   *destination;
	uint64		version;		/* another one whenever it may have changed */
	SPIPlanPtr	hand_over[AZ_N_HAND_OVERS];	/* NULL: not made yet */
} AzForeignLogin;

/*
 * May there be any in this database?  InvalidOid: no; otherwise the schema.  Costs a
 * look into a cache.
 */
extern Oid	az_foreign_schema(void);

/*
 * That of a server, NULL when it has none.  55000 when its table is not as
 * foreign_login() makes it, or the server is not in the hands of the owner of the
 * database.  Borrowed until the next call.
 */
extern AzForeignLogin *az_foreign_login(Oid server);

/* The foreign table of that server in the schema; InvalidOid: there is none. */
extern Oid	az_foreign_login_table(Oid server);

/* May that role decide where identities go: has it the rights of the database's owner? */
extern bool az_decides_destinations(Oid role);

/* Is it a server of postgres_fdw, by whatever name? */
extern bool az_is_postgres_fdw(const ForeignServer *server);

/* Grows whenever any relation may have changed. */
extern uint64 az_relations_epoch(void);

extern void az_foreign_login_init(void);

#endif							/* AZ_FOREIGN_LOGIN_H */
