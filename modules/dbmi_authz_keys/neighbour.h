/*-------------------------------------------------------------------------
 *
 * neighbour.h
 *	  Does somebody need the database for himself?
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYS_NEIGHBOUR_H
#define AZ_KEYS_NEIGHBOUR_H

#include "server/compat.h"

/*
 * DROP DATABASE, CREATE DATABASE ... TEMPLATE and their like wait for a few seconds
 * until all others have left, and then fail.  Outside of a transaction.
 */
extern bool az_database_is_needed(void);

#endif							/* AZ_KEYS_NEIGHBOUR_H */
