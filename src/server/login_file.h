/*-------------------------------------------------------------------------
 *
 * login_file.h
 *	  The file of trust (token/login_trust.h) in the data directory, and the
 *	  setting that says whose tokens open connections.
 *
 * For the extension, which writes it, and for dbmi_authz_oauth, which reads it
 * before a database is chosen.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LOGIN_FILE_H
#define AZ_LOGIN_FILE_H

#include "server/compat.h"
#include "nodes/pg_list.h"
#include "token/json.h"

/* In the data directory, which is the server's working directory. */
#define AZ_LOGIN_FILE	"dbmi_authz_login_trust.json"

/* A longer one is not looked at. */
#define AZ_LOGIN_FILE_MAX	(16 * 1024 * 1024)

/*
 * The most that one database may add to it.  Each login reads the file before
 * it is verified, and the owner of one database must not crowd out the others.
 */
#define AZ_LOGIN_SECTION_MAX	(512 * 1024)

typedef enum AzLoginFile
{
	AZ_LOGIN_FILE_OK,
	AZ_LOGIN_FILE_ABSENT,
	AZ_LOGIN_FILE_BAD			/* somebody else may have written it, or it is
								 * not a file of trust */
} AzLoginFile;

/*
 * Read and parse it: *json is for az_json_free(), or NULL.  *why is a sentence
 * about a bad one.  Raises an error when memory runs out.
 */
extern AzLoginFile az_read_login_file(AzJson **json, const char **why);

/*
 * Replace the file: concurrent readers get either the old one or the new one,
 * whole, whatever happens.  One caller at a time.
 */
extern void az_write_login_file(const char *bytes, size_t len);

#define AZ_LOGIN_ISSUERS_SETTING	"dbmi_authz_oauth.issuers"

/*
 * The setting, of the server's file or command line alone.  Both libraries may be
 * loaded in one process: the first one defines it.
 */
extern void az_define_login_issuers(void);

/* The names in it, once each and sorted, in the current context; NIL: nobody's. */
extern List *az_login_issuers(void);

#endif							/* AZ_LOGIN_FILE_H */
