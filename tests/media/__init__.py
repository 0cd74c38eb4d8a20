"""Pictures and videos: real files, made here, whole and broken."""
