/*-------------------------------------------------------------------------
 *
 * read_who.h
 *	  Who reads, for the record of reads.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_READ_WHO_H
#define AZ_READ_WHO_H

#include "server/compat.h"
#include "lib/stringinfo.h"

/*
 * Append members of a JSON object: the identity as its token has it, whether it is a
 * simulated one, the roles and what they say that they read for.
 */
extern void az_append_reader(StringInfo out);

#endif							/* AZ_READ_WHO_H */
