/*-------------------------------------------------------------------------
 *
 * url.h
 *	  Which addresses of the web may be fetched.
 *
 * The owner of a database writes them, so they say what the server's network
 * is asked.  The server's administrator lists hosts; without a list an issuer
 * may name its own host, at a public address.  Plain C, like src/token.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYS_URL_H
#define AZ_KEYS_URL_H

#include <stdbool.h>
#include <stddef.h>

#define AZ_URL_MAX	2000		/* bytes */

typedef struct AzUrl
{
	bool		https;
	char		host[256];		/* lower case; an address of IPv6 in brackets */
	int			port;			/* also where it is the scheme's own */
} AzUrl;

/*
 * Is it "https://" or "http://" with a host, perhaps a port, and anything of printable
 * ASCII behind?  No user, no password, no fragment, and no character of which two
 * readers could think differently.
 */
extern bool az_url_read(const char *text, AzUrl *url);

/* The settings of the server's administrator. */
typedef struct AzUrlRules
{
	const char *hosts;			/* allowed_hosts */
	bool		proxied;		/* a proxy finds out what a name stands for */
} AzUrlRules;

/* Is each member of such a list HOST or HOST:PORT? */
extern bool az_hosts_are_valid(const char *hosts);

typedef enum AzUrlVerdict
{
	AZ_URL_LISTED,				/* may be fetched, whatever its address */
	AZ_URL_OWN,					/* may be fetched at a public address */
	AZ_URL_FORBIDDEN,			/* http, another port than 443, no URL at all */
	AZ_URL_FORBIDDEN_HOST
} AzUrlVerdict;

/* May that be fetched for the issuer of that name? */
extern AzUrlVerdict az_url_judge(const char *text, const char *issuer,
								 const AzUrlRules *rules);

/*
 * Where an issuer of that name says where its keys are (OpenID Connect Discovery 1.0,
 * section 4); malloc'ed, NULL where memory ran out.
 */
extern char *az_discovery_url(const char *issuer);

/* Is there such a place?  https, or http at a listed port. */
extern bool az_may_discover(const char *issuer, const AzUrlRules *rules);

#endif							/* AZ_KEYS_URL_H */
