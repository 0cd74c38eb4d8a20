#!/bin/sh
# Runs any command as the service user, with the service's settings, secrets and database. For root, installed as
# /usr/local/sbin/doppel; see docs/install.md.
exec systemd-run --quiet --pipe --wait --collect --uid=doppel --gid=doppel \
    --working-directory=/var/lib/doppel --property=UMask=0077 --property=EnvironmentFile=/etc/doppel/environment \
    --setenv=DOPPEL_CONFIG=/etc/doppel/doppel.toml \
    /usr/bin/env DATABASE_URL=sqlite:////var/lib/doppel/doppel.db /opt/doppel/.venv/bin/doppel "$@"
