"""SimCord's preview with what it lacks: menus of messages and members, and several channels."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

import simcord
from simcord.backend.access import can_access_channel
from simcord.enums import AppCommandType
from simcord.preview import Preview
from simcord.results import ResponseMessage

from bot.sandbox.quick_media import QuickMedia

Plan = Callable[[Any, int], Awaitable[dict[str, Any]]]


class ChannelsPreview(Preview):
    """Preview in which a page can change its channel and use the menus of messages and members.

    A page uses a menu with the action `run_command` and a `target`, and changes its channel with the action
    `viewer` and a `channel_id`. Its snapshot lists under `server` what there is to choose.
    """

    # Fifty messages with pictures must fit.
    _MAX_MEDIA_BYTES = 2**30

    def __init__(
        self,
        env: simcord.Env,
        channels: Sequence[simcord.ChannelHandle],
        viewers: Sequence[simcord.MemberActor],
        *,
        timezone: str,
    ) -> None:
        super().__init__(
            env,
            channels[0],
            tuple(viewers),
            layout="channel",
            display="responsive",
            width=960,
            height=720,
            locale="en-US",
            timezone=timezone,
            presentation_time=None,
            assets=None,
            port=0,
        )
        self._channels = tuple(channels)
        self._media_worker = QuickMedia()

    def _open_page(self, viewer_id: Any = None, target_id: Any = None) -> Any:
        self.channel = self._channels[0]
        return super()._open_page(viewer_id, target_id)

    def _prepare_action(self, page: Any, kind: str, body: Mapping[str, Any]) -> Any:
        # SimCord sends messages and commands to the preview's channel, because it knows only this one.
        self.channel = self._channel_of(page)
        if kind == "viewer":
            return self._prepare_viewer(page, body)
        if kind == "run_command" and "target" in body:
            return self._prepare_menu(page, body)
        return super()._prepare_action(page, kind, body)

    def _prepare_viewer(self, page: Any, body: Mapping[str, Any]) -> Plan:
        switch: Plan = super()._prepare_action(page, "viewer", body)
        open_to_viewer = [each.id for each in self._channels_for(self._viewer(body.get("viewer_id")))]
        wanted = int(body.get("channel_id", page.channel_id))

        async def run(action: Any, cursor: int) -> dict[str, Any]:
            page.channel_id = wanted if wanted in open_to_viewer else open_to_viewer[0]
            return await switch(action, cursor)

        return run

    def _prepare_menu(self, page: Any, body: Mapping[str, Any]) -> Plan:
        """Plan the use of the menu entry whose name is the path."""
        (name,) = body["path"]
        match body["target"]:
            case {"message": str(message_id)}:
                target: Any = ResponseMessage(self.env, self._target_message(page, int(message_id)))
            case {"user": str(user_id)}:
                target = self._member_handle(page, int(user_id))
            case _:
                raise simcord.SetupError("the target of a menu is a message or a member")
        actor, channel = page.viewer, self.channel

        async def run(action: Any, cursor: int) -> dict[str, Any]:
            used = actor.context_menu(channel, name, target)
            return await self._run_interaction_action(page, action, cursor, used, republish_all=True)

        return run

    def _publish(
        self,
        page: Any,
        *,
        reason: Literal[
            "initial", "refresh", "snapshot", "navigation", "query", "presentation", "action", "capture"
        ] = "action",
    ) -> None:
        if page is self._python and reason in {"refresh", "action"}:
            # Only a script looks at this page, by a method that publishes it first.
            return
        # Direct messages are the user's, and everything else is the member's.
        member = self._viewer(page.viewer.id)
        page.viewer = member if self._channel_of(page) in self._channels else member.user
        super()._publish(page, reason=reason)
        page.snapshot["server"] = self._server_for(page)

    def _finish_action(
        self, page: Any, action: Any, settlement: str, cursor: int, *args: Any, **kwargs: Any
    ) -> dict[str, Any]:
        # A refusal is an exception of a command, and an answer to the member: no failure of the page.
        interaction = kwargs.get("interaction") or action.interaction
        if interaction is not None and interaction.responded:
            cursor = self.env.error_cursor
        return super()._finish_action(page, action, settlement, cursor, *args, **kwargs)

    def _server_for(self, page: Any) -> dict[str, Any]:
        backend, member = self.env.backend, self._viewer(page.viewer.id)
        in_server = page.viewer is member

        def menu(kind: AppCommandType) -> list[dict[str, str]]:
            if not in_server:
                return []
            found = backend.visible_commands(user_id=member.id, channel_id=page.channel_id, type=kind)
            return [{"id": str(each["id"]), "name": each["name"]} for each in found]

        return {
            "channels": [
                {
                    "id": str(each.id),
                    "name": each.name or "Doppel",
                    "direct": each not in self._channels,
                    "newest": str(max(backend.messages.get(each.id, {}), default=0)),
                }
                for each in self._channels_for(member)
            ],
            "members": [
                {"id": str(each.id), "name": each.user.global_name} for each in self.viewers if in_server
            ],
            "menus": {"message": menu(AppCommandType.MESSAGE), "user": menu(AppCommandType.USER)},
        }

    def _channels_for(self, member: simcord.MemberActor) -> list[simcord.ChannelHandle]:
        visible = [each for each in self._channels if can_access_channel(self.env, each.id, member)]
        direct = [member.user.dm_channel] if member.id in self.env.backend.dm_channels else []
        return [*visible, *direct]

    def _channel_of(self, page: Any) -> simcord.ChannelHandle:
        for channel in self._channels:
            if channel.id == page.channel_id:
                return channel
        return self._viewer(page.viewer.id).user.dm_channel
