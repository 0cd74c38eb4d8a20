"""Access, banned media, reports, approvals and retention: rules as data, without Discord or SQL."""
