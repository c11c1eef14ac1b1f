/*-------------------------------------------------------------------------
 *
 * kept.c
 *	  Plans that outlive an identity, as long as core's plan cache keeps them.
 *
 * A root is to live as long as the plan that bears its number.  Core copies
 * the plan without telling us.  So the root is pending at its source at first;
 * it becomes the plan's own when that starts for the first time, which shows
 * where core keeps it.  One that was displaced before it started may still be
 * that of a portal that waits, or of a plan that is being made around the one
 * that displaced it: it is set aside until the transaction ends.
 *
 * Of a statement that rules have made several of, the original alone is planned
 * for all: one source has one pending root.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/kept.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "server/malloced.h"

/* Plans for one identity, before one for all is tried. */
#define FIRST_PLANS		5

/* What is remembered of a source that core keeps. */
typedef struct Source
{
	const char *text;			/* key: the pointer */
	int			planned;		/* for one identity */
	int			next_try;
	AzRoot	   *pending;		/* or NULL */
} Source;

typedef struct RootEntry
{
	uint32		id;				/* key */
	AzRoot	   *root;
} RootEntry;

static HTAB *sources = NULL;
static HTAB *roots = NULL;

/*
 * Displaced roots; a transaction that plans again so often has no portal
 * waiting.
 */
#define MAX_ASIDE	64
static dlist_head aside = DLIST_STATIC_INIT(aside);
static int	naside = 0;

static Source *
find_source(const char *text)
{
	return sources ? hash_search(sources, &text, HASH_FIND, NULL) : NULL;
}

/* ----------------------------------------------------------------
 * Roots
 * ----------------------------------------------------------------
 */

static void
free_root(AzRoot *root)
{
	while (!dlist_is_empty(&root->alternates))
		az_drop_alternate(dlist_head_element(AzAlternate, of_root, &root->alternates));
	MemoryContextDelete(root->shape->context);
}

static void
forget_root(void *arg)
{
	AzRoot	   *root = arg;

	root->gone = true;
	(void) hash_search(roots, &root->shape->id, HASH_REMOVE, NULL);
	if (root->pins == 0)
		free_root(root);
}

static void
take_from_aside(AzRoot *root)
{
	root->aside = false;
	dlist_delete(&root->of_aside);
	naside--;
}

static void
forget_aside(void)
{
	AzRoot	   *root = dlist_head_element(AzRoot, of_aside, &aside);

	take_from_aside(root);
	forget_root(root);
}

static void
set_aside(AzRoot *root)
{
	root->pending = NULL;
	root->aside = true;
	dlist_push_tail(&aside, &root->of_aside);
	if (++naside > MAX_ASIDE)
		forget_aside();
}

static void
transaction_ended(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;
	while (!dlist_is_empty(&aside))
		forget_aside();
}

/* Where core keeps the plan; NULL: this is a copy that other code has made. */
static MemoryContext
cached_plan_context(const PlannedStmt *plan)
{
	MemoryContext context = GetMemoryChunkContext(unconstify(PlannedStmt *, plan));

	return strcmp(context->name, "CachedPlan") == 0 ? context : NULL;
}

const char *
az_text_of(const PlannedStmt *plan)
{
	MemoryContext context = cached_plan_context(plan);

	return context && context->ident ? context->ident : "";
}

/* From now on the root is freed when the plan is. */
static void
give_to_plan(AzRoot *root, MemoryContext plan)
{
	if (root->aside)
		take_from_aside(root);
	else
		find_source(root->pending)->pending = NULL;
	root->pending = NULL;
	az_free_with(plan, forget_root, root);
}

AzRoot *
az_find_root(uint32 id, const PlannedStmt *plan)
{
	RootEntry  *entry = roots ? hash_search(roots, &id, HASH_FIND, NULL) : NULL;
	MemoryContext context;

	if (entry == NULL)
		return NULL;
	if (entry->root->aside || entry->root->pending)
	{
		context = cached_plan_context(plan);
		if (context)
			give_to_plan(entry->root, context);
	}
	return entry->root;
}

void
az_pin_root(AzRoot *root)
{
	root->pins++;
}

void
az_unpin_root(AzRoot *root)
{
	if (--root->pins == 0 && root->gone)
		free_root(root);
}

/* ----------------------------------------------------------------
 * Sources
 * ----------------------------------------------------------------
 */

static HTAB *
make_table(const char *name, Size key, Size entry)
{
	HASHCTL		control = {0};

	control.keysize = key;
	control.entrysize = entry;
	control.hcxt = TopMemoryContext;
	return hash_create(name, 32, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
forget_source(void *text)
{
	Source	   *source = find_source(text);

	if (source && source->pending)
		set_aside(source->pending);
	(void) hash_search(sources, &text, HASH_REMOVE, NULL);
}

static void
make_tables(void)
{
	sources = make_table("dbmi_authz sources", sizeof(const char *), sizeof(Source));
	roots = make_table("dbmi_authz shapes", sizeof(uint32), sizeof(RootEntry));
	RegisterXactCallback(transaction_ended, NULL);
}

static Source *
remember_source(const char *text, MemoryContext context)
{
	Source	   *source;

	if (roots == NULL)
		make_tables();
	source = hash_search(sources, &text, HASH_ENTER, NULL);
	source->planned = 0;
	source->next_try = FIRST_PLANS;
	source->pending = NULL;
	az_free_with(context, forget_source, unconstify(char *, text));
	return source;
}

/* The text of a query in the simple protocol is part of the message. */
bool
az_is_message(const char *text)
{
	return text == debug_query_string && MyBackendType == B_BACKEND &&
		GetMemoryChunkContext(unconstify(char *, text)) == MessageContext;
}

/*
 * Core makes a copy of the text in the context of the source, gives the context
 * that for an identifier, and the planner the same pointer.  What is kept lives
 * below CacheMemoryContext, where new contexts come first.  A text that was not
 * found there is remembered, as long as there is no new one.
 */
static MemoryContext
find_source_context(const char *text)
{
	static struct
	{
		const char *text;
		MemoryContext first;
	}			absent[8];
	static int	next = 0;
	MemoryContext context;
	int			i;

	for (i = 0; i < (int) lengthof(absent); i++)
	{
		if (absent[i].text == text && absent[i].first == CacheMemoryContext->firstchild &&
			absent[i].first->ident != text)
			return NULL;
	}
	for (context = CacheMemoryContext->firstchild; context; context = context->nextchild)
	{
		if (context->ident == text && strcmp(context->name, "CachedPlanSource") == 0)
			return context;
	}
	absent[next].text = text;
	absent[next].first = CacheMemoryContext->firstchild;
	next = (next + 1) % lengthof(absent);
	return NULL;
}

bool
az_is_kept(const char *text)
{
	return find_source(text) != NULL || find_source_context(text) != NULL;
}

/*
 * The source, remembered from here on because it has checks; NULL: it turned
 * out not to be one.
 */
static Source *
get_source(const char *text)
{
	Source	   *source = find_source(text);
	MemoryContext context;

	if (source != NULL)
		return source;
	context = find_source_context(text);
	return context ? remember_source(text, context) : NULL;
}

bool
az_may_share(const char *text)
{
	const Source *source = get_source(text);

	return source != NULL && source->planned >= source->next_try;
}

void
az_note_plan_for_one(const char *text)
{
	Source	   *source = find_source(text);

	if (source)
		source->planned++;
}

/* Try again later: the identity at that time may have been an unusual one. */
void
az_note_refusal(const char *text)
{
	Source	   *source = find_source(text);

	if (source)
		source->next_try = FIRST_PLANS + 2 * source->planned;
}

void
az_keep_root(const char *text, AzPlanShape *shape, Query *query, int options,
			 bool compare)
{
	AzRoot	   *root = MemoryContextAllocZero(shape->context, sizeof(AzRoot));
	Source	   *source = find_source(text);
	RootEntry  *entry;

	root->shape = shape;
	root->query = az_pack_query(query, shape->context);
	root->options = options;
	root->compare = compare;
	dlist_init(&root->alternates);
	entry = hash_search(roots, &shape->id, HASH_ENTER, NULL);
	entry->root = root;
	MemoryContextSetParent(shape->context, TopMemoryContext);

	/* what ran while it was planned may have dropped the source */
	if (source == NULL)
	{
		set_aside(root);
		return;
	}
	if (source->pending)
		set_aside(source->pending);
	source->pending = root;
	root->pending = text;
}
