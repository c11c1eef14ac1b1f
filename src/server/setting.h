/*-------------------------------------------------------------------------
 *
 * setting.h
 *	  A setting of the extension, and how it is defined.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SETTING_H
#define AZ_SETTING_H

#include "server/compat.h"
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
 * or ends the session.  Values that were set before the setting was defined
 * are taken over; a bad one is a WARNING of core's.
 */
extern void az_define_setting(AzSetting *setting);

/*
 * The same, but "refused" is the value where somebody brought one along, as an option
 * of the connection, who may not: core would forget for that one what was set for the
 * role or the database, and take the default.
 */
extern void az_define_strictly(AzSetting *setting, const char *refused);

/* Have a setting of PostgreSQL be that until the nest level of settings ends. */
extern void az_set_within_level(const char *name, const char *value);

/* A value that the session has set under a name that is not defined yet. */
typedef struct AzEarlyValue
{
	const char *value;			/* borrowed from core */
	bool		committed;		/* before this transaction */
	bool		undone;			/* and reset since, in this transaction */
} AzEarlyValue;

/*
 * All that a rollback could bring back and what counts now, in the order in
 * which core hands them on; returns how many.  palloc'd.
 */
extern int	az_early_values(const char *name, AzEarlyValue **values);

#endif							/* AZ_SETTING_H */
