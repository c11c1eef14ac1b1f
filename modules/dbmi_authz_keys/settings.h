/*-------------------------------------------------------------------------
 *
 * settings.h
 *	  The settings of the server's administrator: which databases, which hosts,
 *	  how often.
 *
 * All are set in the server's file: neither the owner of a database nor a
 * session sets them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYS_SETTINGS_H
#define AZ_KEYS_SETTINGS_H

#include "server/compat.h"
#include "nodes/pg_list.h"

#include "url.h"

/* So many attempts can be remembered. */
#define AZ_MAX_ISSUER_ATTEMPTS	30
#define AZ_MAX_TOTAL_ATTEMPTS	1000

/* So many workers can be at work at once. */
#define AZ_MAX_WORKERS	16

extern char *az_keys_proxy;		/* "": none */
extern char *az_keys_ca_file;	/* "": the system's */
extern int	az_keys_naptime;	/* seconds between two looks at a database */
extern int	az_keys_interval;	/* seconds, where the issuer says nothing */
extern int	az_keys_min_interval;
extern int	az_keys_max_interval;
extern int	az_keys_timeout;	/* milliseconds for one answer, all in all */
extern int	az_keys_max_size;	/* kB of one answer */
extern int	az_keys_attempts_per_issuer;	/* a minute, for unknown keys */
extern int	az_keys_attempts_total;
extern int	az_keys_max_workers;

/* The names of the databases; new, in the current memory context. */
extern List *az_keys_databases(void);

extern AzUrlRules az_keys_rules(void);

extern void az_keys_settings_init(void);

#endif							/* AZ_KEYS_SETTINGS_H */
