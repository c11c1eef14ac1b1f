"""Sessions of as_user(), over one connection: python3 sessions.py ANN BOB, in the folder of
the program.  Prints one line for each fault."""
import os
import sys

from sqlalchemy import create_engine, text

from as_user import as_user, sqlstate_of, status_of

ANN, BOB = sys.argv[1:]
WHO = text("SELECT authz.subject()")
engine = create_engine(os.environ["DATABASE_URL"], hide_parameters=True, pool_size=1, max_overflow=0)


def fault(bad, what):
    if bad:
        print(what)


def error_of(work):
    try:
        work()
    except Exception as error:
        return error
    return None


def idle():
    with engine.connect() as connection:
        return connection.scalar(text("SELECT authz.is_authenticated()"))


ann, bob = as_user(engine, ANN), as_user(engine, BOB)
fault(ann.scalar(WHO) != "ann", "ann is not ann")
ann.commit()
fault(idle(), "somebody after commit")
fault(bob.scalar(WHO) != "bob", "bob is not bob")
bob.rollback()
fault(idle(), "somebody after rollback")
fault(ann.scalar(WHO) != "ann", "ann does not come back")

with ann.begin_nested():
    fault(ann.scalar(WHO) != "ann", "not in a savepoint")
nested = ann.begin_nested()
error = error_of(lambda: ann.scalar(text("SELECT 1/0")))
fault(sqlstate_of(error) != "22012", "not the error of the statement")
nested.rollback()
fault(ann.scalar(WHO) != "ann", "not after a savepoint's rollback")
ann.rollback()

pid = text("SELECT pg_backend_pid()")
first = ann.scalar(pid)
ann.connection().invalidate()
fault(error_of(lambda: ann.scalar(WHO)) is None, "goes on without its transaction")
ann.rollback()
fault(ann.scalar(WHO) != "ann" or ann.scalar(pid) == first, "not on a new connection")
ann.close()
fault(idle(), "somebody after close")

bad = as_user(engine, ANN[:-10] + "AAAAAAAAAA")
error = error_of(lambda: bad.scalar(WHO))
fault(status_of(error)[0] != 401 or ANN[:40] in repr(error) + str(error), "refused otherwise: %r" % error)
bad.rollback()
error = error_of(lambda: bad.scalar(WHO))
fault(status_of(error)[0] != 401, "refused once only")
bad.close()
fault(idle(), "somebody after a bad token")
fault(error_of(lambda: as_user(create_engine(engine.url), ANN)) is None, "parameters in errors")
auto = as_user(engine.execution_options(isolation_level="AUTOCOMMIT"), ANN)
fault(error_of(lambda: auto.scalar(WHO)) is None, "AUTOCOMMIT is accepted")
auto.close()
fault(idle(), "somebody at the end")
