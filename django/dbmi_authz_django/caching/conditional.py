"""A copy that a client has of a response is its token's.

304 says "what you have is still right", and 412 what somebody has.  So that
neither answers a copy of somebody else's, the ETag of a response to a request
with a token bears the token's mark, which views do not see: it is put on behind
them and taken off before them.  An ETag with another mark, or without one, is
no condition then, and neither is a date without a marked ETag beside it.
"""
from __future__ import annotations

import re
from hashlib import sha256
from typing import Any, Dict, Optional

from django.utils.http import parse_etags

NONE_MATCH, MATCH, SINCE = "HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE"

MARKED = re.compile(r'((?:W/)?")(.*)\.az-([0-9a-f]{24})"')
DATE = "date-"      # of an ETag for a response that has only Last-Modified


def mark_of(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()[:24]


def take_off(request: Any, token: Optional[str]) -> None:
    """Leave the conditions that are this client's."""
    meta = request.META
    if NONE_MATCH not in meta and SINCE not in meta and MATCH not in meta:
        return
    request.authz_conditions = {name: meta[name] for name in (NONE_MATCH, MATCH, SINCE)
                                if name in meta}
    mark = None if token is None else mark_of(token)
    given = parse_etags(meta.pop(NONE_MATCH, ""))
    ours = [own(etag, mark) for etag in given]
    left = [etag for etag in ours if etag is not None and not etag.strip('W/"').startswith(DATE)]
    if left:
        meta[NONE_MATCH] = ", ".join(left)
    # without a token a date may come alone
    if not any(ours) and (mark is not None or given):
        meta.pop(SINCE, None)
    if MATCH in meta:
        # somebody else's stays what it is, and matches nothing
        meta[MATCH] = ", ".join(own(etag, mark) or etag if MARKED.fullmatch(etag) else etag
                                for etag in parse_etags(meta[MATCH])) or meta[MATCH]


def own(etag: str, mark: Optional[str]) -> Optional[str]:
    """Without the mark; None for somebody else's."""
    found = MARKED.fullmatch(etag)
    if found is None:
        return etag if mark is None or etag == "*" else None
    return '%s%s"' % (found[1], found[2]) if found[3] == mark else None


def put_on(request: Any, response: Any, token: Optional[str]) -> None:
    """Behind the views, for middleware further out."""
    conditions: Dict[str, str] = getattr(request, "authz_conditions", {})
    if conditions:
        request.META.update(conditions)
        del request.authz_conditions
    if token is None:
        return
    etag = response.get("ETag")
    if etag is None and response.has_header("Last-Modified"):
        etag = 'W/"%s%s"' % (DATE, sha256(response["Last-Modified"].encode()).hexdigest()[:16])
    if etag is not None and etag.endswith('"'):
        response["ETag"] = '%s.az-%s"' % (etag[:-1], mark_of(token))
