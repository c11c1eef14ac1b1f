/*-------------------------------------------------------------------------
 *
 * launcher.h
 *	  The launcher: it looks after the databases that are listed, and has workers
 *	  started for them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYS_LAUNCHER_H
#define AZ_KEYS_LAUNCHER_H

#include "server/compat.h"

/* Have it started with the server, or when a standby becomes a primary. */
extern void az_register_launcher(void);

/* Its main function, by name for the server. */
extern PGDLLEXPORT void az_keys_launcher_main(Datum nothing);

#endif							/* AZ_KEYS_LAUNCHER_H */
