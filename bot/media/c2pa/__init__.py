"""Signatures of results as C2PA defines them: keys, certificates and manifests."""
