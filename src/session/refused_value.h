/*-------------------------------------------------------------------------
 *
 * refused_value.h
 *	  A value of the setting dbmi_authz.token that is not taken.
 *
 * The check hook returns what these functions do: false, unless they raise an
 * error.  Nothing of the value is left in either case.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_REFUSED_VALUE_H
#define AZ_REFUSED_VALUE_H

#include "server/compat.h"
#include "utils/guc.h"

#include "session/change.h"

/* "raise" where core would raise an error. */
extern bool az_refuse_value(char **value, int sqlstate, const char *message, const char *error,
							const char *description, const char *hint, bool raise);

/* Failed logins, after which nobody is left (R8). */
extern bool az_refuse_for_memory(char **value, bool raise);
extern bool az_refuse_reader(char **value, const AzNoChange *why);

/* The value does not come from the session itself. */
extern bool az_refuse_source(char **value, GucSource source);

#endif							/* AZ_REFUSED_VALUE_H */
