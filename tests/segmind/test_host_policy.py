"""Public addresses, and hosts that the settings allow."""

import pytest

from bot.segmind.host_policy import AllowedHosts, is_public


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "8.8.8.8",
        "2606:2800:220:1::1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ],
)
def test_an_address_on_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.1.2.3",
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "2001::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2002:c0a8:101::",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "localhost",
        "",
    ],
)
def test_any_other_address_is_not_public(address: str) -> None:
    assert not is_public(address)


def test_a_host_is_allowed_at_its_port_or_at_any_port() -> None:
    allowed = AllowedHosts(["127.0.0.1:8700", " LOCALHOST ", "[::1]:80", "fd00::1"])
    assert ("127.0.0.1", 8700) in allowed
    assert ("127.0.0.1", 8701) not in allowed
    assert ("localhost", 1) in allowed
    assert ("LocalHost", 65535) in allowed
    assert ("::1", 80) in allowed
    assert ("[::1]", 80) in allowed
    assert ("::1", 81) not in allowed
    assert ("fd00::1", 5) in allowed
    assert ("example.com", 80) not in AllowedHosts([])
