"""Leases that run out in a test, without the time that it takes."""

from tests.postgres import connected


async def let_leases_run_out(url: str, seconds: float = 3600) -> None:
    """Set the leases of all processes back, as if none had renewed its own for so long."""
    async with connected(url) as connection:
        await connection.exec_driver_sql(f"UPDATE workers SET lease_until = lease_until - {seconds}")
