/*-------------------------------------------------------------------------
 *
 * setting.h
 *	  A setting of the extension, and how it comes into being.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SETTING_H
#define AZ_SETTING_H

#include "compat.h"
#include "utils/guc.h"

typedef struct AzSetting
{
	const char *name;
	GucContext	context;		/* who may set it */
	void		(*define) (void);	/* calls DefineCustom...Variable(), once */
	bool		defined;
} AzSetting;

/*
 * Define it unless an earlier call did: an error leaves it as it was before,
 * or ends the session.  Values that were set when nobody knew the setting are
 * taken over; a bad one is a WARNING of core's.
 */
extern void az_define_setting(AzSetting *setting);

/* What was set under a name that nobody has defined yet. */
typedef struct AzEarlyValues
{
	bool		committed;		/* the session did, before this transaction */
	bool		in_force;		/* what counts now is the session's */
} AzEarlyValues;

extern AzEarlyValues az_early_values(const char *name);

#endif							/* AZ_SETTING_H */
