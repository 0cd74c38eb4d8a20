"""The panel: every setting of a server in one message, changed as the commands change it."""

from collections.abc import Iterator
from typing import Any

import discord
import pytest
import simcord

from tests.chat.admin_harness import Server, said
from tests.chat.conftest import House
from tests.harness import texts
from tests.wording import wording


def items(shown: simcord.InteractionResult) -> list[dict[str, Any]]:
    """Buttons and selects of the panel as it is now."""

    def walk(component: Any) -> Iterator[dict[str, Any]]:
        if "custom_id" in component:
            yield component
        inner = [*component.get("components", []), component.get("accessory")]
        for each in filter(None, inner):
            yield from walk(each)

    assert shown.response is not None
    return [found for each in shown.response.components for found in walk(each)]


def id_of(shown: simcord.InteractionResult, control: str, value: str = "") -> str:
    found = [each["custom_id"] for each in items(shown) if f":{control}:" in each["custom_id"]]
    return next(each for each in found if each.endswith(f":{value}" if value else ""))


def preselected(shown: simcord.InteractionResult, control: str) -> list[Any]:
    """Preselected values of a select."""
    item = next(each for each in items(shown) if f":{control}:" in each["custom_id"])
    if "default_values" in item:
        return [int(each["id"]) for each in item["default_values"]]
    return [each["value"] for each in item.get("options", []) if each.get("default")]


class Panel:
    """The panel in the hands of the administrator."""

    def __init__(self, server: Server, shown: simcord.InteractionResult) -> None:
        self.server = server
        self.shown = shown

    @property
    def text(self) -> str:
        return said(self.shown)

    @property
    def message(self) -> Any:
        assert self.shown.response is not None
        return self.shown.response

    async def go(self, area: str) -> None:
        await self.server.admin.click(self.message, custom_id=f"panel:p:{area}:open::")

    async def press(self, control: str, value: str = "") -> simcord.InteractionResult:
        custom_id = id_of(self.shown, control, value)
        return await self.server.admin.click(self.message, custom_id=custom_id)

    async def fill(self, control: str, value: str = "", **answers: Any) -> simcord.InteractionResult:
        return await self.server.admin.submit_modal(await self.press(control, value), answers)

    async def pick(self, control: str, *values: Any) -> simcord.InteractionResult:
        return await self.server.admin.select(self.message, values, custom_id=id_of(self.shown, control))


async def open_panel(server: Server, area: str = "") -> Panel:
    panel = Panel(server, await server.admin.slash(server.channel, "admin panel"))
    if area:
        await panel.go(area)
    return panel


def error_in(result: simcord.InteractionResult) -> str:
    (sent,) = result.followups
    assert sent.ephemeral
    return "\n".join(texts(sent.components))


async def test_the_panel_lists_its_areas_and_leads_back(server: Server) -> None:
    panel = await open_panel(server)
    for words in ("Credits", "Models", "Limits", "5 of 5 are on", "Nothing is logged"):
        assert words in panel.text
    await panel.go("limits")
    assert wording("limits.line") in panel.text
    await panel.press("open")
    assert "5 of 5 are on" in panel.text


async def test_allowances_and_the_cap_are_typed_and_emptied(server: Server) -> None:
    panel = await open_panel(server, "credits")
    await panel.fill("daily", amount="40")
    assert "✔" in panel.text
    assert "Daily allowance per member: **40**" in panel.text
    await panel.fill("cap", amount="900")
    assert "of 900 credits" in panel.text
    role = server.guild.create_role("Painters")
    await panel.fill("role", role=[role], amount="70")
    await panel.fill("daily", amount="")
    rules = await server.rules()
    assert (rules.daily, rules.monthly, dict(rules.roles)) == (None, 900, {role.id: 70})
    actions = [action for _, action, _ in await server.audit_entries()]
    assert actions == ["daily", "cap", "role", "daily"]


@pytest.mark.parametrize("amount", ["-3", "1.5", "many", "²"])
async def test_what_is_no_number_is_named(server: Server, amount: str) -> None:
    panel = await open_panel(server, "credits")
    assert "Enter a whole number that is 0 or more" in error_in(await panel.fill("daily", amount=amount))
    assert await server.audit_entries() == []


async def test_a_number_above_the_operators_bound_is_refused_and_the_panel_stays(server: Server) -> None:
    panel = await open_panel(server, "credits")
    assert "500 credits" in error_in(await panel.fill("daily", amount="501"))
    assert "Daily allowance per member: **0**" in panel.text


async def test_the_credits_of_a_member_are_shown_given_and_taken(server: Server) -> None:
    panel = await open_panel(server, "credits")
    await panel.fill("member", user=[server.member], action="show")
    assert f"<@{server.member.id}>" in panel.text
    await panel.fill("member", user=[server.member], action="grant", amount="20", reason="a prize")
    assert "a prize" in panel.text
    assert await server.granted() == 120
    await panel.fill("member", user=[server.member], action="take", amount="5")
    assert await server.granted() == 115
    no_amount = await panel.fill("member", user=[server.member], action="grant", amount="0")
    assert "that is 1 or more" in error_in(no_amount)
    await panel.fill("member", user=[server.member], action="daily", amount="9")
    assert dict((await server.rules()).members) == {server.member.id: 9}


async def test_a_person_outside_of_the_server_has_no_credits_here(server: Server) -> None:
    panel = await open_panel(server, "credits")
    stranger = server.stage.env.create_user("stranger")
    assert "isn't in this server" in error_in(await panel.fill("member", user=[stranger], action="show"))


async def test_models_are_switched_by_one_select(server: Server) -> None:
    panel = await open_panel(server, "models")
    every = preselected(panel.shown, "models")
    assert len(every) == 5
    await panel.pick("models", *[slug for slug in every if slug != "faceswap-v4"])
    assert "faceswap-v4" not in preselected(panel.shown, "models")
    assert (await server.rules()).models_off == {"faceswap-v4"}
    await panel.pick("models", *every)
    assert (await server.rules()).models_off == frozenset()
    assert len(await server.audit_entries()) == 2


async def test_limits_are_typed_in_the_units_that_are_shown(server: Server) -> None:
    panel = await open_panel(server, "limits")
    await panel.fill("limit", "picture_bytes", amount="5")
    await panel.fill("limit", "per_member", amount="1")
    assert dict((await server.rules()).limits) == {"picture_bytes": 5 * 2**20, "per_member": 1}
    assert "that is 1 or more" in error_in(await panel.fill("limit", "per_server", amount="0"))
    await panel.fill("limit", "per_member", amount="")
    assert dict((await server.rules()).limits) == {"picture_bytes": 5 * 2**20}


async def test_channels_roles_and_blocks_are_what_is_picked(server: Server) -> None:
    panel = await open_panel(server, "access")
    other, role = server.guild.create_text_channel("other"), server.guild.create_role("Painters")
    await panel.pick("channels_only", server.channel, other)
    await panel.pick("channels_only", other)
    await panel.pick("roles_off", role)
    await panel.pick("blocked", server.member)
    rules = await server.rules()
    assert (rules.channels_only, rules.roles_off) == ({other.id}, {role.id})
    assert rules.blocked == {server.member.id}
    assert preselected(panel.shown, "channels_only") == [other.id]
    await panel.pick("blocked")
    assert (await server.rules()).blocked == frozenset()
    actions = [action for _, action, _ in await server.audit_entries()]
    assert actions == ["channel", "channel", "channel", "entry", "block", "unblock"]


async def test_a_deleted_channel_is_left_alone(server: Server) -> None:
    other = server.guild.create_text_channel("other")
    await server.tell("channels", channel=other, use="off")
    await server.stage.execute("UPDATE servers SET rules = replace(rules, ?, '123456789')", str(other.id))
    panel = await open_panel(server, "access")
    assert preselected(panel.shown, "channels_off") == []
    await panel.pick("channels_off", server.channel)
    assert (await server.rules()).channels_off == {123456789, server.channel.id}


async def test_the_log_and_approval_are_switched(server: Server) -> None:
    panel = await open_panel(server, "log")
    assert wording("refused.no_log") in error_in(await panel.press("approve", "on"))
    channel = server.guild.create_text_channel("mod-log")
    await panel.pick("channel", channel)
    await panel.press("pictures", "on")
    await panel.press("strangers", "on")
    assert "unless the face is a saved one" in panel.text
    await panel.press("approve", "on")
    await panel.press("own", "on")
    rules = await server.rules()
    assert (rules.log_channel, rules.log_pictures) == (channel.id, True)
    assert (rules.approve, rules.approve_strangers, rules.approve_own) == (True, True, True)
    assert "waits" not in panel.text
    reports = await server.admin.click(panel.message, label="Open reports")
    assert "Open reports" in said(reports)
    await panel.press("approve", "off")
    await panel.press("strangers", "off")
    await panel.pick("channel")
    assert (await server.rules()).log_channel is None


async def test_a_log_in_which_the_bot_may_not_write_is_named(server: Server) -> None:
    panel = await open_panel(server, "log")
    closed = server.guild.create_text_channel(
        "closed", overwrites={server.guild.default_role: discord.PermissionOverwrite(send_messages=False)}
    )
    await panel.pick("channel", closed)
    assert "The bot can't post in the log channel" in panel.text


async def test_an_event_is_started_and_ended_and_the_showcase_named(server: Server) -> None:
    panel = await open_panel(server, "events")
    await panel.fill("start", hours="3", cap="50", models=["faceswap-v4"])
    assert "Face swap v4" in panel.text
    ended = await panel.press("end")
    assert not ended.followups
    assert "from 1 to 100" in error_in(await panel.fill("start", hours="3", cap="50", discount="101"))
    assert "that is 1 or more" in error_in(await panel.fill("start", hours="3", cap="0"))
    channel = server.guild.create_text_channel("shown")
    await panel.pick("showcase", channel)
    assert (await server.rules()).showcase == channel.id
    await panel.pick("showcase")
    assert (await server.rules()).showcase is None
    actions = [action for _, action, _ in await server.audit_entries()]
    assert actions == ["event", "event_end", "showcase", "showcase"]


async def test_defaults_are_set_for_the_server_a_channel_and_a_role(server: Server) -> None:
    panel = await open_panel(server, "defaults")
    await panel.pick("model", "faceswap-v4")
    await panel.pick("channel", server.channel)
    assert f"in <#{server.channel.id}>" in panel.text
    await panel.pick("hidden", "yes")
    role = server.guild.create_role("Painters")
    await panel.pick("role", role)
    await panel.pick("image_format", "webp")
    rules = await server.rules()
    assert rules.defaults.named() == {"model": "faceswap-v4"}
    assert rules.channel_defaults[server.channel.id].named() == {"hidden": True}
    assert rules.role_defaults[role.id].named() == {"image_format": "webp"}
    await panel.press("reset")
    assert dict((await server.rules()).role_defaults) == {}


async def test_a_job_is_refunded_once_a_reason_was_asked_for(server: Server) -> None:
    panel = await open_panel(server, "results")
    assert "No recent job" in panel.text
    job_id = await server.job_done()
    panel = await open_panel(server, "results")
    form = await panel.pick("refund", job_id)
    assert await server.granted() == 95
    await server.admin.submit_modal(form, {"reason": "blurred"})
    assert "blurred" in panel.text
    assert await server.granted() == 100
    assert "no such job" in error_in(await panel.fill("forgive", job="another")).lower()


async def test_only_administrators_use_the_panel(server: Server) -> None:
    await server.show_to(server.member)
    refused = await server.ask(server.member, "admin panel")
    assert wording("refused.not_administrator") in refused


async def test_an_open_panel_works_after_a_restart(house: House) -> None:
    panel = await open_panel(house.server, "credits")
    await house.restart()
    await panel.fill("daily", amount="12")
    assert "**12**" in panel.text


async def test_setup_goes_step_by_step_and_ends_in_the_panel(server: Server) -> None:
    setup = Panel(server, await server.admin.slash(server.channel, "admin setup"))
    seen = [setup.text]
    for _ in range(3):
        await server.admin.click(setup.message, label="Next")
        seen.append(setup.text)
    assert [f"Step {number} of 4" in words for number, words in enumerate(seen, 1)] == [True] * 4
    assert "Reports and finished jobs appear there" in seen[0]
    await server.admin.click(setup.message, label="Back")
    await setup.fill("daily", amount="30")
    assert "Step 3 of 4" in setup.text
    assert (await server.rules()).daily == 30
    await server.admin.click(setup.message, label="All settings")
    assert "Control panel" in setup.text
