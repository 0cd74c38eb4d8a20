#!/bin/sh
# Any command of doppel as its service runs it: the same user, settings, secrets and database. It is for root, as
# /usr/local/sbin/doppel; docs/operators.md says how it gets there.
exec systemd-run --quiet --pipe --wait --collect --uid=doppel --gid=doppel \
    --working-directory=/var/lib/doppel --property=UMask=0077 --property=EnvironmentFile=/etc/doppel/environment \
    --setenv=DOPPEL_CONFIG=/etc/doppel/doppel.toml \
    /usr/bin/env DATABASE_URL=sqlite:////var/lib/doppel/doppel.db /opt/doppel/.venv/bin/doppel "$@"
