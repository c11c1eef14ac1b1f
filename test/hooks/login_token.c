/*-------------------------------------------------------------------------
 *
 * login_token.c
 *	  A library that plays the validator of PostgreSQL 18 on any version: it
 *	  leaves a token where dbmi_authz_oauth leaves that of the login.
 *
 * To be loaded by session_preload_libraries, before or after dbmi_authz; the file that
 * the connection's option login_token.file names holds the token.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>

#include "fmgr.h"
#include "storage/fd.h"
#include "utils/guc.h"
#include "utils/memutils.h"

PG_MODULE_MAGIC;

/* As src/server/links.h has it, said once more: other libraries are built elsewhere. */
#define AZ_LOGIN_TOKEN_LINK	"dbmi_authz login token"
typedef struct AzLoginToken
{
	size_t		len;
	char		token[FLEXIBLE_ARRAY_MEMBER];
} AzLoginToken;

void		_PG_init(void);

static AzLoginToken *
read_token(const char *name)
{
	FILE	   *file = AllocateFile(name, "r");
	AzLoginToken *token;
	struct stat status;

	if (file == NULL || fstat(fileno(file), &status) != 0)
		ereport(FATAL, (errmsg("could not read \"%s\": %m", name)));
	token = MemoryContextAlloc(TopMemoryContext, offsetof(AzLoginToken, token) + status.st_size);
	token->len = fread(token->token, 1, status.st_size, file);
	FreeFile(file);
	return token;
}

void
_PG_init(void)
{
	const char *name = GetConfigOption("login_token.file", true, false);

	if (name != NULL && *name != '\0')
		*find_rendezvous_variable(AZ_LOGIN_TOKEN_LINK) = read_token(name);
}
