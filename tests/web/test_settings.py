"""Facts of web/settings.py."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier import faults
from web.settings import Settings, SettingsError, load_settings

PRODUCTION = {
    "DOSSIER_MODE": "production",
    "DOSSIER_DATABASE_URL": "postgresql://dossier_service:secret@db/dossier",
    "DOSSIER_ORIGIN": "https://dossier.example",
    "DOSSIER_LOG_ORIGIN": "log.example/dossier",
}


def test_defaults():
    """With nothing set, the service is a trial on this machine with its own database."""
    settings = load_settings({})
    assert (settings.mode, settings.host, settings.port, settings.embedded) == ("development", "127.0.0.1", 8000, True)
    assert settings.public_origin == "http://localhost:8000"


def test_overrides_win():
    """The command line wins over the environment, where it says anything."""
    assert load_settings({"DOSSIER_PORT": "9000"}, port=9001, host=None).port == 9001


def test_unknown_setting():
    """A misspelt setting keeps the service from starting."""
    with pytest.raises(SettingsError, match="DOSSIER_PROT"):
        load_settings({"DOSSIER_PROT": "8000"})


@pytest.mark.parametrize("name", sorted(faults.VARIABLES))
def test_faults_are_for_tests(name):
    """A test may order faults; in production the service does not start with such an order."""
    assert load_settings({name: "writer.after-lock"}) == Settings()
    with pytest.raises(SettingsError, match="DOSSIER_FAULT"):
        load_settings({**PRODUCTION, name: "writer.after-lock"})


def test_other_variables_are_none_of_ours():
    """Variables without our prefix, and those of the client, are left alone."""
    assert load_settings({"HOME": "/root", "DOSSIER_HOME": "/x"}) == Settings()


@pytest.mark.parametrize(
    "name,value",
    [
        ("DOSSIER_PORT", "0"),
        ("DOSSIER_PORT", "65536"),
        ("DOSSIER_PORT", "8_0"),
        ("DOSSIER_PORT", " 80"),
        ("DOSSIER_MODE", "Production"),
        ("DOSSIER_ORIGIN", "https://a.example/"),
        ("DOSSIER_ORIGIN", "https://user@a.example"),
        ("DOSSIER_ORIGIN", "ftp://a.example"),
        ("DOSSIER_DATABASE_POOL", "-1"),
        ("DOSSIER_LOG_LEVEL", "loud"),
    ],
)
def test_malformed(name, value):
    """A malformed value is refused with the name of the setting, and the value is not quoted."""
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings({name: value})
    assert value not in str(caught.value).replace(name, "")


def test_production():
    """Production with everything it needs starts."""
    assert load_settings(PRODUCTION).embedded is False


@pytest.mark.parametrize("missing", ["DOSSIER_DATABASE_URL", "DOSSIER_ORIGIN", "DOSSIER_LOG_ORIGIN"])
def test_production_needs(missing):
    """Production without a supported database, an https origin or a name for the log is refused."""
    with pytest.raises(SettingsError, match=missing):
        load_settings({name: value for name, value in PRODUCTION.items() if name != missing})


def test_development_stays_at_home():
    """A development service refuses to listen for other machines."""
    with pytest.raises(SettingsError, match="loopback"):
        load_settings({"DOSSIER_HOST": "0.0.0.0"})


def test_secrets_are_not_shown():
    """P1: the representation shows no URL that carries a password."""
    assert "secret" not in repr(load_settings(PRODUCTION))


@given(st.dictionaries(st.sampled_from(["DOSSIER_PORT", "DOSSIER_ORIGIN", "DOSSIER_MODE", "DOSSIER_X"]), st.text()))
def test_any_environment(environment):
    """Whatever the environment holds, the answer is settings or our own error."""
    with suppress(SettingsError):
        assert isinstance(load_settings(environment), Settings)
