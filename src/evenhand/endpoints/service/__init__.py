"""`http:FILE.toml`: a service of the user's own, described by a file: what to send, and where in the answer to look."""
