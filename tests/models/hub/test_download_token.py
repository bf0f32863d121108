"""Test hub tokens in the keyring, one per hub, and the messages without a keyring."""

import keyring
import pytest
from keyring.backends import fail

from studio.core.errors import StudioError
from studio.models.hub.credentials import SERVICE, store_token, stored_token, token_for
from studio.models.hub.repository import Hub
from tests.models.hub.keyrings import LockedKeyring, MemoryKeyring, PlainKeyring, in_use

MIRROR = Hub(endpoint="https://mirror.example")


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    for name in ("HF_TOKEN", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


def test_token_is_stored_per_hub_and_deleted():
    with in_use(MemoryKeyring()) as memory:
        store_token(Hub(), " hf_abc\n")
        assert memory.kept == {(SERVICE, "https://huggingface.co"): "hf_abc"}
        assert token_for(Hub()) == stored_token(Hub()) == "hf_abc"
        assert token_for(MIRROR) == ""
        store_token(MIRROR, "hf_other")
        assert (token_for(Hub()), token_for(MIRROR)) == ("hf_abc", "hf_other")
        store_token(Hub(), "")
        store_token(Hub(), "")
        assert memory.kept == {(SERVICE, "https://mirror.example"): "hf_other"}


def test_token_variable_applies_to_the_configured_hub(monkeypatch):
    with in_use(MemoryKeyring()):
        store_token(Hub(), "hf_kept")
        monkeypatch.setenv("HF_TOKEN", "hf_variable")
        assert token_for(Hub()) == "hf_variable"
        assert token_for(MIRROR) == ""
        monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
        assert token_for(Hub()) == "hf_kept"
        assert token_for(MIRROR) == "hf_variable"
        assert token_for(Hub(token="")) == ""


def test_token_is_never_sent_unencrypted(monkeypatch):
    open_way = Hub(endpoint="http://hub.example")
    with in_use(MemoryKeyring()) as memory:
        memory.kept[SERVICE, open_way.endpoint] = "hf_abc"
        monkeypatch.setenv("HF_TOKEN", "hf_abc")
        monkeypatch.setenv("HF_ENDPOINT", open_way.endpoint)
        assert token_for(open_way) == ""
        with pytest.raises(StudioError, match="not encrypted") as caught:
            store_token(open_way, "hf_abc")
        assert caught.value.cause == "invalid"
        store_token(Hub(endpoint="http://localhost:8000"), "hf_abc")


@pytest.mark.parametrize("backend", [fail.Keyring(), PlainKeyring()], ids=["none", "plain text"])
def test_missing_keyring_is_reported(backend):
    with in_use(backend):
        assert token_for(Hub()) == ""
        with pytest.raises(StudioError, match="has no keyring") as caught:
            store_token(Hub(), "hf_abc")
        assert "HF_TOKEN" in caught.value.cure


def test_locked_keyring_is_reported_and_downloads_continue():
    with in_use(LockedKeyring()):
        assert token_for(Hub()) == ""
        with pytest.raises(StudioError, match="cannot store the token"):
            store_token(Hub(), "hf_abc")


@pytest.mark.parametrize("text", ["hf_a b", "hf_ü", "hf_a\nhf_b", "hf_\x00"])
def test_invalid_token_is_not_stored(text):
    with in_use(MemoryKeyring()) as memory:
        with pytest.raises(StudioError, match="not a token"):
            store_token(Hub(), text)
        assert memory.kept == {}


def test_repr_of_a_hub_hides_its_token():
    hub = Hub(token="hf_abc")
    assert "hf_abc" not in repr(hub) + str(hub) + "".join(map(str, hub.__rich_repr__()))
    assert keyring.get_keyring()  # the one of this machine is in use again
