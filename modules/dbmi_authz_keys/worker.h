/*-------------------------------------------------------------------------
 *
 * worker.h
 *	  A worker: it connects to one database, does what is due there, and goes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYS_WORKER_H
#define AZ_KEYS_WORKER_H

#include "board.h"

/* Have one started; false: the server has no room for it. */
extern bool az_start_worker(Oid database, AzErrand errand);

/* Its main function, by name for the server. */
extern PGDLLEXPORT void az_keys_worker_main(Datum place);

#endif							/* AZ_KEYS_WORKER_H */
