/*-------------------------------------------------------------------------
 *
 * setting.c
 *	  Defines a setting of the extension completely or not at all.
 *
 * Values that were set before the library was loaded are in a "placeholder": a
 * value in force, one to reset to, and a stack of what a rollback would bring
 * back.  Core replaces the placeholder first and then sets these values one by
 * one, each of which may fail.  An error half-way would lose the others, a
 * superuser's too, and the setting could neither be defined again nor be put
 * back.  So all that can raise while core does that is done once before: the
 * privileges are looked up, the memory is there, and a query that is cancelled
 * notices afterwards.
 *
 * The statement that loads the library may hold a token, so no error of ours
 * tells it; the context is gone already (dbmi_authz.c).
 *
 *-------------------------------------------------------------------------
 */
#include "server/setting.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc_tables.h"
#include "utils/memutils.h"

/* More than core allocates in the current context to report one bad value. */
#define COMPLAINT_BYTES		(8 * 1024)

/* NULL when there is no setting of that name, or it has been defined. */
static const struct config_generic *
find_placeholder(const char *name)
{
	if ((GetConfigOptionFlags(name, true) & GUC_CUSTOM_PLACEHOLDER) == 0)
		return NULL;
	return az_find_setting(name);
}

static int
stack_depth(const struct config_generic *holder)
{
	const GucStack *stack;
	int			depth = 0;

	for (stack = holder->stack; stack; stack = stack->prev)
		depth++;
	return depth;
}

/* The values of a placeholder, from the last one to the first. */
typedef struct Reading
{
	AzEarlyValue *values;
	int			n;
	bool		reset;			/* an entry that is not a value has been met */
} Reading;

static void
add_value(Reading *reading, const char *value, GucSource source, bool committed)
{
	AzEarlyValue *next = &reading->values[reading->n];

	if (value == NULL || source != PGC_S_SESSION)
	{
		reading->reset = true;
		return;
	}
	next->value = value;
	next->committed = committed;
	next->undone = reading->reset;
	reading->n++;
}

/*
 * An entry of the stack has the value that was there before it, so the next one
 * to look at; and where a SET LOCAL followed a SET, the SET's.
 */
static void
read_values(Reading *reading, const struct config_generic *holder)
{
	const char *value = *((const struct config_string *) holder)->variable;
	GucSource	source = holder->source;
	const GucStack *stack;

	for (stack = holder->stack; stack; stack = stack->prev)
	{
		add_value(reading, value, source, false);
		if (stack->state == GUC_SET_LOCAL)
			add_value(reading, stack->masked.val.stringval, PGC_S_SESSION, false);
		value = stack->prior.val.stringval;
		source = stack->source;
	}
	add_value(reading, value, source, true);
}

int
az_early_values(const char *name, AzEarlyValue **values)
{
	const struct config_generic *holder = find_placeholder(name);
	Reading		reading = {NULL, 0, false};
	int			i;
	int			j;

	*values = NULL;
	if (holder == NULL)
		return 0;
	reading.values = palloc((2 * stack_depth(holder) + 1) * sizeof(AzEarlyValue));
	read_values(&reading, holder);

	/* core begins with the first */
	for (i = 0, j = reading.n - 1; i < j; i++, j--)
	{
		AzEarlyValue swap = reading.values[i];

		reading.values[i] = reading.values[j];
		reading.values[j] = swap;
	}
	*values = reading.values;
	return reading.n;
}

/*
 * Core checks whether the role that set the value may; that reads catalogs.
 * When it is checked here first, it may wait, be cancelled and raise an error;
 * the second time everything is in the caches.
 */
static void
ask_privilege(const AzSetting *setting, GucContext context, Oid role)
{
	if (setting->context == PGC_SUSET &&
		(context == PGC_USERSET || context == PGC_BACKEND))
		(void) pg_parameter_aclcheck(setting->name, role, ACL_SET);
}

static void
ask_privileges(const AzSetting *setting, const struct config_generic *holder)
{
	const GucStack *stack;

	ask_privilege(setting, holder->reset_scontext, holder->reset_srole);
	ask_privilege(setting, holder->scontext, holder->srole);
	for (stack = holder->stack; stack; stack = stack->prev)
	{
		ask_privilege(setting, stack->scontext, stack->srole);
		ask_privilege(setting, stack->masked_scontext, stack->masked_srole);
	}
}

/*
 * Core pushes an entry for each value.  What is freed here lies ready for it,
 * in the list of free chunks of their size.
 */
static void
reserve_stack(int n)
{
	void	  **entries;
	int			i;

	if (TopTransactionContext == NULL)
		return;					/* nothing is stacked outside of a transaction */
	entries = palloc(n * sizeof(void *));
	for (i = 0; i < n; i++)
		entries[i] = MemoryContextAlloc(TopTransactionContext, sizeof(GucStack));
	for (i = 0; i < n; i++)
		pfree(entries[i]);
	pfree(entries);
}

/*
 * The placeholder is gone and its values are not all set: the session cannot
 * go on.
 */
static void
raise_incomplete(const AzSetting *setting)
{
	ereport(FATAL,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("could not take over the values of parameter \"%s\"",
					setting->name),
			 errhint("Open a new connection."),
			 errhidestmt(true)));
}

/* Define it in place of a placeholder. */
static void
replace_placeholder(AzSetting *setting, const struct config_generic *holder)
{
	MemoryContext context;
	MemoryContext old;

	/*
	 * core would take none of the values; a worker has no identity in any case
	 */
	if (IsInParallelMode() && !IsParallelWorker())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("parameter \"%s\" cannot be defined during a parallel operation",
						setting->name),
				 errhint("Load the library before, for example with session_preload_libraries."),
				 errhidestmt(true)));
	ask_privileges(setting, holder);
	reserve_stack(stack_depth(holder) + 1);
	context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz setting",
									COMPLAINT_BYTES, COMPLAINT_BYTES,
									ALLOCSET_DEFAULT_MAXSIZE);
	old = MemoryContextSwitchTo(context);

	/* an error ends this by itself */
	HOLD_INTERRUPTS();
	PG_TRY();
	{
		setting->define();
	}
	PG_CATCH();
	{
		if (find_placeholder(setting->name) == NULL)
			raise_incomplete(setting);
		PG_RE_THROW();
	}
	PG_END_TRY();
	setting->defined = true;
	RESUME_INTERRUPTS();

	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

void
az_define_setting(AzSetting *setting)
{
	const struct config_generic *holder;

	if (setting->defined)
		return;
	holder = find_placeholder(setting->name);
	if (holder)
		replace_placeholder(setting, holder);
	else
	{
		/* here core raises before it has changed anything */
		setting->define();
		setting->defined = true;
	}
}

void
az_define_strictly(AzSetting *setting, const char *refused)
{
	const struct config_generic *holder = find_placeholder(setting->name);
	bool		brought = holder != NULL && holder->reset_source == PGC_S_CLIENT;

	az_define_setting(setting);
	if (brought && az_find_setting(setting->name)->reset_source != PGC_S_CLIENT)
		SetConfigOption(setting->name, refused, PGC_SUSET, PGC_S_CLIENT);
}

void
az_set_within_level(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}
