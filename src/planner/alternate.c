/*-------------------------------------------------------------------------
 *
 * alternate.c
 *	  Plans for identities with other answers than those of a root.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/alternate.h"

#include "nodes/makefuncs.h"
#include "utils/memutils.h"

/*
 * A source has few answers that matter, and a backend should not keep plans for
 * all that it has ever met: each one costs memory, and time at every DDL.
 */
#define MAX_OF_ROOT		4
#define MAX_OF_BACKEND	64
#define IDLE_USES		1000

static dlist_head alternates = DLIST_STATIC_INIT(alternates);
static int	nalternates = 0;
static uint64 nuses = 0;		/* how often one was asked for */

static void
free_alternate(AzAlternate *alternate)
{
	if (alternate->source)
		DropCachedPlan(alternate->source);
	if (alternate->shape)
		MemoryContextDelete(alternate->shape->context);
	pfree(alternate);
}

void
az_drop_alternate(AzAlternate *alternate)
{
	if (alternate->gone)
		return;
	alternate->gone = true;
	dlist_delete(&alternate->of_root);
	dlist_delete(&alternate->of_all);
	nalternates--;
	if (alternate->pins == 0)
		free_alternate(alternate);
}

void
az_pin_alternate(AzAlternate *alternate)
{
	alternate->pins++;
}

void
az_unpin_alternate(AzAlternate *alternate)
{
	if (--alternate->pins == 0 && alternate->gone)
		free_alternate(alternate);
}

void
az_note_use(AzAlternate *alternate)
{
	if (alternate->gone)
		return;
	alternate->used = ++nuses;
	dlist_move_head(&alternate->root->alternates, &alternate->of_root);
	dlist_move_head(&alternates, &alternate->of_all);
}

/* Has it been idle for so long that another one may take its place? */
static bool
is_idle(const AzAlternate *alternate)
{
	return nuses - alternate->used > IDLE_USES;
}

/*
 * If more statements take turns than there is room for, each would find its
 * plan removed just before its turn.  So plans in use stay, and the other
 * statements do without.
 */
static bool
make_room(AzRoot *root)
{
	AzAlternate *last = NULL;
	dlist_iter	iter;
	int			n = 0;

	dlist_foreach(iter, &root->alternates)
		n++;
	if (n >= MAX_OF_ROOT)
		last = dlist_tail_element(AzAlternate, of_root, &root->alternates);
	else if (nalternates >= MAX_OF_BACKEND)
		last = dlist_tail_element(AzAlternate, of_all, &alternates);
	if (last != NULL && !is_idle(last))
		return false;
	if (last != NULL)
		az_drop_alternate(last);
	return true;
}

/*
 * Core analyses a source again from its text when it has become stale.  There
 * is no text for a query that the rewriter has made, so it gets one that
 * cannot be taken for it: a query without a result, which meets no check.
 */
static RawStmt *
make_stand_in(void)
{
	RawStmt    *statement = makeNode(RawStmt);

	statement->stmt = (Node *) makeNode(SelectStmt);
	return statement;
}

static CachedPlanSource *
make_source(const AzRoot *root, const char *text)
{
	CachedPlanSource *source = CreateCachedPlan(make_stand_in(), text, CMDTAG_SELECT);

	CompleteCachedPlan(source, list_make1(az_unpack_query(root->query)), NULL,
					   NULL, 0, NULL, NULL, root->options, false);
	return source;
}

AzAlternate *
az_make_alternate(AzRoot *root, const char *text)
{
	CachedPlanSource *source;
	AzAlternate *alternate;

	nuses++;
	if (!make_room(root))
		return NULL;
	source = make_source(root, text);
	alternate = MemoryContextAllocZero(TopMemoryContext, sizeof(AzAlternate));
	alternate->root = root;
	alternate->pins = 1;
	alternate->used = nuses;
	SaveCachedPlan(source);
	alternate->source = source;
	dlist_push_head(&root->alternates, &alternate->of_root);
	dlist_push_head(&alternates, &alternate->of_all);
	nalternates++;
	return alternate;
}
