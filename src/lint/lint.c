/*-------------------------------------------------------------------------
 *
 * lint.c
 *	  A run of the linter.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint.h"

#include "server/attempt.h"

void
az_find(AzLint *lint, const char *code, AzLevel level, const char *object,
		const char *detail, const char *hint)
{
	AzFinding	finding = {code, level, object, detail, hint, NULL};
	MemoryContext old = MemoryContextSwitchTo(lint->context);

	az_add_finding(&lint->findings, &finding);
	MemoryContextSwitchTo(old);
}

/*
 * Somebody may drop an object while it is looked at; the next time it is not
 * there.
 */
#define MAX_TRIES	3

typedef struct Look
{
	AzLint	   *lint;
	void		(*look) (AzLint *lint, void *arg);
	void	   *arg;
} Look;

static void
look_at(void *arg)
{
	const Look *look = arg;

	look->look(look->lint, look->arg);
}

void
az_lint_attempt(AzLint *lint, const char *what,
				void (*look) (AzLint *lint, void *arg), void *arg)
{
	Look		attempt = {lint, look, arg};
	ErrorData  *error;
	int			tries = 0;

	do
	{
		error = az_attempt(look_at, &attempt);
		if (error && az_ends_attempts(error))
			ReThrowError(error);
	} while (error && ++tries < MAX_TRIES);
	if (error == NULL)
		return;
	az_find(lint, "not_checked", AZ_LEVEL_ERROR, what,
			psprintf("This could not be checked: %s.", error->message),
			"Mend what the error names, and run the linter again.");
	FreeErrorData(error);
}
