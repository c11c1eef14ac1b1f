"""SQL that defines something, and reads no rows.

PostgreSQL rewrites the body of a function in SQL when it is created, and so
refuses under row_security = off one that names a protected table, although
nobody reads it yet (silence.py).
"""
from __future__ import annotations

import re
from typing import Iterator, List

# What is looked at first, and asks for the work below
FUNCTION = re.compile(r"\bCREATE\b[^;]*?\b(?:FUNCTION|PROCEDURE)\b", re.I)

# Statements that may stand beside it, in one text.  Not CREATE TABLE and the
# like, which may read, nor DO and CALL, which do anything, nor ALTER TABLE, which
# checks rows by queries.
DEFINES = re.compile(
    r"CREATE (OR REPLACE )?(FUNCTION|PROCEDURE|AGGREGATE|TRIGGER|CONSTRAINT TRIGGER|POLICY"
    r"|(TEMP |TEMPORARY )?(RECURSIVE )?VIEW|RULE|TYPE|OPERATOR|CAST)\b"
    r"|ALTER (FUNCTION|PROCEDURE|ROUTINE|AGGREGATE|POLICY)\b"
    r"|(DROP|GRANT|REVOKE|COMMENT) ")

# Whatever holds no word of the statement's own, a word, or a character
TOKEN = re.compile(r"""
    (?P<space>    \s+ | --[^\n]* )
  | (?P<comment>  /\* )
  | (?P<string>   (?<![\w$])[Ee]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
                | (?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$ )
  | (?P<word>     [^\W\d][\w$]* )
  | (?P<other>    . )""", re.X | re.S)


def only_defines(sql: str) -> bool:
    """Is it CREATE FUNCTION or CREATE PROCEDURE, alone or among other definitions?"""
    if not FUNCTION.search(sql):
        return False
    found = list(statements(sql))
    return bool(found) and all(DEFINES.match(words) for words in found)


def statements(sql: str) -> Iterator[str]:
    """The words of each, in capitals.  What is not understood is "?"."""
    words: List[str] = []
    blocks = 0          # BEGIN ATOMIC and CASE, which END ends
    parentheses = 0
    at = 0
    while at < len(sql):
        token = TOKEN.match(sql, at)
        assert token is not None
        at = token.end()
        kind, text = token.lastgroup, token.group()
        if kind == "comment":
            at = end_of_comment(sql, at)
        elif token["word"]:
            word = text.upper()
            if word == "ATOMIC" and words[-1:] == ["BEGIN"] or blocks and word == "CASE":
                blocks += 1
            elif blocks and word == "END":
                blocks -= 1
            words.append(word)
        elif token["other"]:
            if text in "'\"":
                words[:] = ["?"]        # it has no end
                break
            parentheses += (text == "(") - (text == ")")
            if text == ";" and not blocks and not parentheses:
                if words:
                    yield " ".join(words)
                words = []
        elif token["string"]:
            words.append("''")
    if words:
        yield " ".join(words)


def end_of_comment(sql: str, at: int) -> int:
    """They may be nested."""
    depth = 1
    while depth and at < len(sql):
        pair = sql[at:at + 2]
        step = {"/*": 1, "*/": -1}.get(pair, 0)
        depth += step
        at += 2 if step else 1
    return at
