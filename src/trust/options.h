/*-------------------------------------------------------------------------
 *
 * options.h
 *	  The options of an issuer, as JSON that we write.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_OPTIONS_H
#define AZ_OPTIONS_H

#include "server/compat.h"
#include "token/json.h"

/*
 * The options with those of the change put over them, and without those that
 * are null there.
 */
extern text *az_merge_options(const AzJson *options, const AzJson *change);

#endif							/* AZ_OPTIONS_H */
