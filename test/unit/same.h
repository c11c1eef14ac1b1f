/*-------------------------------------------------------------------------
 *
 * same.h
 *	  Is an identity that was handed over the one that it was made of?
 *
 *-------------------------------------------------------------------------
 */
#ifndef SAME_H
#define SAME_H

#include "token/identity.h"

/*
 * Two blocks that differ in nothing but by whom they are vouched for, and when they
 * begin; both keys have the same kid.
 */
static inline bool
is_same_person(const AzIdentity *a, const AzIdentity *b)
{
	AzIdentity	head;

	if (a->size != b->size)
		return false;
	head = *a;
	head.asserted = b->asserted;
	head.alg = b->alg;
	memcpy(head.thumbprint, b->thumbprint, sizeof(head.thumbprint));
	head.not_before = b->not_before;
	return memcmp(&head, b, sizeof(head)) == 0 &&
		memcmp((const char *) a + sizeof(head), (const char *) b + sizeof(head),
			   a->size - sizeof(head)) == 0;
}

#endif							/* SAME_H */
