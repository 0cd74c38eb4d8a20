"""Every setting, with its default and its bounds. `config/doppel.toml` explains each."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ByteSize, ConfigDict, Field, SecretStr

from bot.settings.shards import ShardPlan
from bot.settings.types import (
    Age,
    Api,
    DailyCap,
    DatabaseUrl,
    FaceKeys,
    Factors,
    FilePath,
    Gateway,
    Hosts,
    Line,
    Listen,
    Networks,
    Origin,
    PageToken,
    Prices,
    RoleCredits,
    Secret,
    ServerId,
    ServerIds,
    Shards,
    SkuCredits,
    Threshold,
    UserIds,
    Version,
    Web,
    is_segmind,
    read_listen,
)

KIB, MIB, GIB = 1024, 1024**2, 1024**3

DEFAULT_LISTEN = "127.0.0.1:9100"

# A password may contain an @, and so may the parameters behind the question mark.
_PASSWORD = re.compile(r"(://[^:/@]*:)([^?]+|.+)(@)")


class Section(BaseModel):
    """A table of the settings file: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Discord(Section):
    """Connection to Discord, and what its limits allow."""

    token: Secret | None = None
    api: Api | None = None
    """Base address of Discord's REST API; None is Discord's own."""
    gateway: Gateway | None = None
    guild_id: ServerId | None = None
    servers: ServerIds = ()
    shards: Shards | None = None
    operators: UserIds = ()
    welcome: bool = True
    edit_gap: float = Field(default=2.5, ge=0, le=60)
    refusals: int = Field(default=10_000, ge=1, le=1_000_000)

    @property
    def shard_plan(self) -> ShardPlan | None:
        """Shards of this process; None if it serves all servers."""
        return None if self.shards is None else ShardPlan.read(self.shards)


class Contexts(Section):
    """Places outside of servers where commands are offered."""

    direct: bool = True
    """In direct messages with the bot."""
    user_install: bool = False
    """For members who added the bot to their own account, in servers without it and in private chats."""


class Segmind(Section):
    """Connection to Segmind: addresses, rate, timeouts, retries and balance."""

    key: Secret | None = None
    base_url: Origin = "https://api.segmind.com"
    inputs: Literal["link", "upload"] = "link"
    allowed_hosts: Hosts = ()
    requests_per_minute: int = Field(default=50, ge=1, le=1_000_000)
    outage_failures: int = Field(default=5, ge=1, le=1000)
    outage_pause: float = Field(default=5, ge=0.01, le=3600)
    outage_pause_most: float = Field(default=60, ge=0.01, le=3600)
    outage_patience: float = Field(default=600, ge=0, le=86_400)
    connect_timeout: float = Field(default=10, ge=0.1, le=600)
    read_timeout: float = Field(default=60, ge=0.1, le=600)
    submit_timeout: float = Field(default=60, ge=0.1, le=600)
    download_timeout: float = Field(default=120, ge=0.1, le=3600)
    download_bytes: ByteSize = Field(default=ByteSize(200 * MIB), ge=KIB, le=2 * GIB)
    retries: int = Field(default=5, ge=0, le=20)
    unknown_window: float = Field(default=900, ge=0, le=86_400)
    unknown_every: float = Field(default=15, ge=0.01, le=3600)
    job_timeout: float = Field(default=3600, ge=0.1, le=86_400)
    low_balance: float = Field(default=5, ge=0, le=1_000_000)
    balance_every: float = Field(default=60, ge=0.01, le=86_400)
    when_empty: Literal["wait", "release"] = "wait"

    @property
    def own(self) -> bool:
        """Return whether `base_url` is Segmind's own service, which has several hosts."""
        return is_segmind(self.base_url)

    @property
    def upload_base(self) -> str:
        return "https://workflows-api.segmind.com" if self.own else self.base_url

    @property
    def history_base(self) -> str:
        """Base address of the request history and the model catalogue."""
        return "https://api.spotprod.segmind.com" if self.own else self.base_url

    @property
    def download_hosts(self) -> frozenset[str]:
        """Hosts from which results may be downloaded although they are not public.

        For a local Segmind this is its host and port, so that nothing else on that host can be reached.
        """
        if self.own:
            return frozenset(self.allowed_hosts)
        parts = urlsplit(self.base_url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        return frozenset((*self.allowed_hosts, f"{parts.netloc.removesuffix(f':{port}')}:{port}"))


class Database(Section):
    """Address of the database, and the lease on its jobs."""

    # The whole address is secret, because it may contain a password.
    url: DatabaseUrl = SecretStr("sqlite:///var/doppel.db")
    lease: float = Field(default=30, ge=1, le=3600)

    @property
    def shown(self) -> str:
        """The address without its password."""
        return _PASSWORD.sub(r"\1***\3", self.url.get_secret_value())

    @property
    def password(self) -> SecretStr | None:
        match = _PASSWORD.search(self.url.get_secret_value())
        return SecretStr(unquote(match[2])) if match else None


class Jobs(Section):
    """Capacity, the queue and the pace of polls."""

    per_member: int = Field(default=2, ge=1, le=1000)
    per_server: int = Field(default=20, ge=1, le=10_000)
    in_all: int = Field(default=50, ge=1, le=100_000)
    waiting_per_member: int = Field(default=5, ge=0, le=10_000)
    pace: float = Field(default=1.0, ge=0.01, le=10)
    line_refresh: float = Field(default=5.0, ge=0.01, le=600)


class Card(Section):
    """Content of the result card."""

    before_and_after: bool = True


class Uploads(Section):
    """Limits of the files that members send."""

    picture_bytes: ByteSize = Field(default=ByteSize(20 * MIB), ge=KIB, le=500 * MIB)
    video_bytes: ByteSize = Field(default=ByteSize(100 * MIB), ge=KIB, le=GIB)
    pixels: int = Field(default=50_000_000, ge=1024, le=200_000_000)
    video_seconds: float = Field(default=60, ge=1, le=3600)
    min_side: int = Field(default=32, ge=1, le=4096)


class Credits(Section):
    """Prices, allowances and caps."""

    usd: float = Field(default=0.01, ge=0.0001, le=100)
    prices: Prices = Field(default_factory=dict[str, int])
    factors: Factors = Field(default_factory=dict[str, float])
    daily: int = Field(default=50, ge=0, le=1_000_000)
    refill: Literal["midnight", "rolling"] = "midnight"
    roles: RoleCredits = Field(default_factory=dict[int, int])
    start: int = Field(default=0, ge=0, le=1_000_000)
    direct_daily: int = Field(default=0, ge=0, le=1_000_000)
    server_monthly: int | None = Field(default=None, ge=0, le=1_000_000_000)
    operator_daily_usd: DailyCap = 25.0
    daily_most: int = Field(default=500, ge=0, le=1_000_000)
    grant_most: int = Field(default=1000, ge=0, le=1_000_000)
    grants_monthly: int = Field(default=5000, ge=0, le=1_000_000_000)
    gifts_daily: int = Field(default=0, ge=0, le=1_000_000)


class Faces(Section):
    """Saved faces: their key, their number, and how long they are kept."""

    key: FaceKeys | None = None
    days: float = Field(default=90, ge=0.01, le=3650)
    per_member: int = Field(default=5, ge=1, le=25)

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of saved faces: the first one encrypts, all of them decrypt; empty if saved faces are off."""
        return () if self.key is None else tuple(self.key.get_secret_value().split(","))

    @property
    def secrets(self) -> tuple[SecretStr, ...]:
        return tuple(SecretStr(key) for key in self.keys)


class Marks(Section):
    """Marks in the pixels of results, next to the one in their metadata."""

    watermark: bool = True
    label: bool = True
    videos: bool = True


class C2pa(Section):
    """Certificate and key that results are signed with."""

    certificates: FilePath | None = None
    key: FilePath | None = None
    timestamps: Web | None = None


class Shop(Section):
    """Credits for each product of Discord's shop."""

    credits: SkuCredits = Field(default_factory=dict[int, int])


class Consent(Section):
    """Rules that members accept before their first order."""

    required: bool = True
    version: Version = "2"
    policy_url: Web | None = None


class Safety(Section):
    """Moderation: blocks, strikes, fingerprints and reports."""

    nsfw_channels: bool = False
    explicit: Threshold = 0.7
    doubtful: Threshold = 0.5
    unjudged: Literal["ask", "withhold", "show"] = "ask"
    min_age: Age = None
    blocked: UserIds = ()
    strikes: int = Field(default=3, ge=0, le=1000)
    strike_days: float = Field(default=7, ge=0.01, le=365)
    pause_hours: float = Field(default=24, ge=0.01, le=8760)
    distance: int = Field(default=6, ge=0, le=16)
    open_reports: int = Field(default=5, ge=1, le=1000)
    escalate_hours: float = Field(default=48, ge=0.01, le=720)


class Takedown(Section):
    """Requests of anybody to take a picture down, and the public form for them."""

    listen: Listen | None = None
    contact: Line | None = None
    hours: float = Field(default=48, ge=1, le=720)

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port of the public form; None if it is not served."""
        return None if self.listen is None else read_listen(self.listen)


class Retention(Section):
    """Days for which finished jobs, audit entries and servers that removed the bot are kept."""

    jobs_days: float = Field(default=90, ge=1, le=36_500)
    deeds_days: float = Field(default=730, ge=1, le=36_500)
    servers_days: float = Field(default=30, ge=1, le=36_500)


class Ops(Section):
    """Logs, metrics, health, dashboard and traces."""

    log_format: Literal["human", "json"] = "human"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    listen: Listen | None = None
    page_token: PageToken | None = None
    proxies: Networks = ()
    traces: bool = False

    @property
    def proxy_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(map(ip_network, self.proxies))

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port of metrics, health and the dashboard; None if they are not served."""
        if self.listen is not None:
            return read_listen(self.listen)
        # An operator who sets a token wants the dashboard, and the loopback address is safe.
        return None if self.page_token is None else read_listen(DEFAULT_LISTEN)


class Settings(Section):
    """All settings, a section each."""

    discord: Discord = Discord()
    contexts: Contexts = Contexts()
    segmind: Segmind = Segmind()
    database: Database = Database()
    jobs: Jobs = Jobs()
    card: Card = Card()
    uploads: Uploads = Uploads()
    credits: Credits = Credits()
    faces: Faces = Faces()
    marks: Marks = Marks()
    c2pa: C2pa = C2pa()
    shop: Shop = Shop()
    consent: Consent = Consent()
    safety: Safety = Safety()
    takedown: Takedown = Takedown()
    retention: Retention = Retention()
    ops: Ops = Ops()

    @property
    def secrets(self) -> tuple[SecretStr, ...]:
        """Values that the logs must not contain."""
        secrets = (
            self.discord.token,
            self.segmind.key,
            self.database.password,
            self.ops.page_token,
            *self.faces.secrets,
        )
        return tuple(secret for secret in secrets if secret is not None)
