"""The fixtures of dbmi_authz_django.pytest_plugin."""
import factory
import pytest
from dbmi_authz_django import authz
from model_bakery import baker
from team.models import Folder, Note


class NoteFactory(factory.django.DjangoModelFactory):
    """A row of somebody is made as that person."""
    owner = "ann"
    text = factory.Sequence(lambda n: "Note %d" % n)

    class Meta:
        model = Note


@pytest.fixture
def note(db, as_user):
    with as_user("ann"):
        return Note.objects.create(owner="ann", text="Ann")


@pytest.fixture
def ann(db, as_user):
    """A test with it is hers."""
    with as_user("ann", scopes=["s"]):
        yield


def test_who_sees(note, assert_sees, assert_cannot_see, assert_may, assert_may_not):
    assert_sees("ann", note)
    assert_cannot_see("bob", note)
    assert_may("ann", "update", note)
    assert_may_not("bob", "delete", note)
    with pytest.raises(AssertionError, match="owner = 'bob'"):
        assert_sees("bob", note)


def test_fixture_is_in_force(ann):
    assert authz.identity().subject == "ann"
    assert authz.identity().scopes == {"s"}


def test_and_ends(db):
    assert not authz.identity()


def test_clients(note, authz_client, authz_api_client):
    for client, path in ((authz_client, "/notes/"), (authz_api_client, "/api/")):
        assert client.as_user("ann").get(path).json()["notes"] in (1, ["Ann"])
        assert client.as_user("bob").get(path).json()["notes"] in (0, [])


def test_client_within(ann, note, authz_client):
    assert authz_client.get("/notes/").json()["notes"] == ["Ann"]


def test_token(mint, authz_issuer):
    assert mint("ann").count(".") == 2
    assert (authz_issuer.name, authz_issuer.audience) == ("https://id.example", ["team"])


@pytest.mark.django_db(transaction=True)
def test_transactions(as_user, assert_sees, assert_cannot_see):
    with as_user("ann"):
        note = Note.objects.create(owner="ann")
    assert_sees("ann", note)
    assert_cannot_see("bob", note)


def test_factory_boy(ann, assert_sees):
    notes = NoteFactory.create_batch(3)
    assert_sees("ann", notes)
    with pytest.raises(authz.Forbidden):
        NoteFactory(owner="bob")


def test_model_bakery(ann, assert_sees):
    assert_sees("ann", baker.make(Note, owner="ann", _quantity=2))
    assert baker.make(Note, owner="ann", folder__name="F").folder == Folder.objects.get()
