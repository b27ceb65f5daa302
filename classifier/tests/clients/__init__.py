"""Other services' own clients, unmodified, over HTTP against the running server and a real worker."""
