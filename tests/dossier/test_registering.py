"""Authority that ends because a register says so: without a signature, at its date, and never the other way."""

import msgspec
import pytest

from audit.opening import check_opening, opening_from_json
from consent.terms import FOREVER
from crypto.encoding import sha256
from dossier.dossiers.registering import EndByRegister
from dossier.dossiers.store import DossierStore
from dossier.epochs.lapsing import Lapse
from dossier.epochs.store import EpochStore
from dossier.errors import ConflictError, ForbiddenError, NotFoundError
from dossier.parties.identifiers import Identifier, identifier_hmac
from dossier.parties.store import PartyStore
from tests.dossier.joint import capsule_for, change, cosigned, holder, next_list, shared_home
from tests.dossier.town import claim, now


@pytest.fixture(scope="module")
async def register(town):
    """The system of a register of representation."""
    return await town.system(await town.agency())


@pytest.fixture
async def partner(town):
    """The other parent."""
    return await town.person("Daniël")


@pytest.fixture
async def home(town, partner):
    """A dossier that two hold, each in full."""
    return await shared_home(town, await town.person("Ruth"), partner)


async def report(town, register, home, *persons, until=0, key=None):
    """What the register's system sends, once its identifiers were looked up."""
    dossier, holders = (home.id if home else None), [each.id for each in persons]
    entry = EndByRegister(register.actor, dossier, holders, until, key or claim(register.actor))
    return await town.writer.submit(entry)


async def holders(town, home):
    """Who holds the dossier now."""
    rules = (await town.writer.look((home.id,))).facts(home.id).value.rules
    return {each.person for each in rules.holders if each.period.holds(now())}


async def head(town, stream):
    """The number of a stream's last event, and the epoch of its key."""
    found = (await town.writer.look((stream,))).head(stream)
    return found.seq, found.key_epoch


async def test_a_register_ends_authority(town, register, home, partner):
    """Who represents nobody any more by the register signs nothing from then on, and the stream's key is replaced."""
    assert partner.id.hex() in await holders(town, home)
    seq, epoch = await head(town, home.id)
    noted = await report(town, register, home, partner)
    assert noted.state == "noted"
    assert await holders(town, home) == {home.owner.id.hex()}
    assert await head(town, home.id) == (seq + 2, epoch + 1)
    with pytest.raises(NotFoundError):
        await cosigned(town, home, partner, "legal-representative", "ab" * 32)


async def test_an_end_at_a_date_waits_for_it(town, register, home, partner):
    """A date that lies ahead ends authority then, by time; the end is written down when it comes."""
    until = now() + 3600
    await report(town, register, home, partner, until=until)
    assert partner.id.hex() in await holders(town, home)
    rules = (await town.writer.look((home.id,))).facts(home.id).value.rules
    assert [each.period.end for each in rules.holders if each.person == partner.id.hex()] == [until]
    assert (home.id, partner.id, until) in await EpochStore(town.pool).due(until + 1, 99)
    assert Lapse(home.id, partner.id, until).streams == (home.id,)


async def test_a_register_widens_nothing(town, register, home, partner):
    """A later date than the one that stands changes nothing; nor does a report about somebody on no list (P6)."""
    until = now() + 3600
    await report(town, register, home, partner, until=until)
    before = await head(town, home.id)
    await report(town, register, home, partner, until=until + 3600)
    await report(town, register, home, await town.person(), until=until)
    assert await head(town, home.id) == before
    await report(town, register, home, partner)
    assert partner.id.hex() not in await holders(town, home)


async def represented(town, *partners):
    """A dossier of which each of these signs for the owner alone."""
    home = await town.dossier(await town.person("Ruth"))
    entries = [holder(home.owner, "owner"), *(holder(each, "legal-representative") for each in partners)]
    statement = await next_list(town, home, entries, [home.owner])
    await change(town, home, statement, [capsule_for(home, statement, each) for each in partners])
    return home


async def relist(town, home, person, until, acting, **changes):
    """A list on which somebody stands until then."""
    entries = [holder(home.owner, "owner"), holder(person, "legal-representative", until=until, **changes)]
    statement = await next_list(town, home, entries, acting)
    return await change(town, home, statement, actor=acting[0].actor)


@pytest.mark.parametrize("changes", [{}, {"full": False, "sections": ["debts"]}, {"from": now() + 7000}])
async def test_nobody_outlasts_a_registers_date_by_themselves(town, register, partner, changes):
    """Who is to end at a date by a register lists themselves for no longer, at once or by way of a shorter list (P6)."""
    home, until = await represented(town, partner), now() + 3600
    await report(town, register, home, partner, until=until)
    with pytest.raises(ConflictError) as caught:
        await relist(town, home, partner, FOREVER, [partner], **changes)
    assert caught.value.code == "dated-by-register"
    await relist(town, home, partner, until, [partner])
    with pytest.raises(ConflictError):
        await relist(town, home, partner, until + 1, [partner])
    # The owner may: another holder in full, whom no register ends.
    await relist(town, home, partner, FOREVER, [home.owner])
    await relist(town, home, partner, FOREVER - 1, [partner])


async def test_two_whom_a_register_ends_do_not_keep_each_other(town, register, partner):
    """Of two who are to end, neither lengthens the other's time."""
    other = await town.person("Els")
    home, until = await represented(town, partner, other), now() + 3600
    await report(town, register, home, partner, other, until=until)
    with pytest.raises(ConflictError) as caught:
        await relist(town, home, partner, FOREVER, [other])
    assert caught.value.code == "dated-by-register"


async def test_the_owner_is_never_ended(town, register, home):
    """No register takes a dossier from its owner."""
    before = await head(town, home.id)
    await report(town, register, home, home.owner)
    assert await head(town, home.id) == before
    assert home.owner.id.hex() in await holders(town, home)


async def test_a_report_tells_nothing(town, register, home, partner):
    """The answer and the register's own event are alike whether or not there is such a dossier or holder."""
    seq, _ = await head(town, register.organisation)
    answers = [
        await report(town, register, home, partner),
        await report(town, register, home, await town.person()),
        await report(town, register, None),
    ]
    assert (await head(town, register.organisation))[0] == seq + 3
    assert {each.state for each in answers} == {"noted"}
    shown = [
        check_opening(p.leaf, opening_from_json(msgspec.to_builtins(p.openings))) for p in (a.promise for a in answers)
    ]
    alike = [{name: each[name] for name in each if name not in {"request", "time"}} for each in shown]
    assert alike[0] == alike[1] == alike[2]
    assert (alike[0]["type"], alike[0]["cause"], alike[0].get("subject", "")) == ("authority", "register-event", "")


async def test_a_report_twice_is_one(town, register, home, partner):
    """Sent again under its key, a report gives the same answer and ends nothing anew (P10)."""
    key = claim(register.actor)
    first = await report(town, register, home, partner, key=key)
    before = await head(town, home.id)
    assert await report(town, register, home, partner, key=key) == first
    assert await head(town, home.id) == before


async def test_only_an_attested_system_reports(town, home, partner, register):
    """A person, and a system that no organisation attests, end nothing."""
    for actor in (home.owner.actor, (await town.person("Els", await town.agency(), "clerk")).actor):
        with pytest.raises(ForbiddenError):
            await town.writer.submit(EndByRegister(actor, home.id, [partner.id], 0, claim(actor)))
    assert partner.id.hex() in await holders(town, home)


async def test_a_limited_holder_ends_without_a_new_stream_key(town, register):
    """Who held a section alone never had the stream's key: its epoch goes on."""
    helper, home = await town.person("Bea"), await town.dossier(await town.person("Ruth"))
    entries = [holder(home.owner, "owner"), holder(helper, "mandate", full=False, sections=["debts"])]
    statement = await next_list(town, home, entries, [home.owner])
    await change(town, home, statement, [capsule_for(home, statement, home.owner)])
    seq, epoch = await head(town, home.id)
    await report(town, register, home, helper)
    assert await head(town, home.id) == (seq + 1, epoch)
    assert helper.id.hex() not in await holders(town, home)


async def test_identifiers_lead_to_persons_and_dossiers(town, partner):
    """A holder is found by the HMAC of the identifier that the provider vouched for; another number finds nobody."""
    store, key = PartyStore(town.pool), sha256(b"identifiers")
    known, other = (identifier_hmac(key, Identifier("bsn", number)) for number in ("111222333", "123456782"))
    await store.add_identifier(partner.id, "bsn", known)
    assert await store.persons_of(known) == [partner.id]
    assert await store.persons_of(other) == []
    assert await DossierStore(town.pool).find(other) is None
